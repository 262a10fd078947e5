"""What is measured adds up, is counted right, is called by its name, and changes nothing that is measured."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.learners.contract import Learner
from bench.runs.job import Job, Settings
from bench.runs.prepared_suite import PreparedSuite, prepare
from bench.speed.flops import count
from bench.speed.measure import _learner, measure
from bench.speed.parts import Clock, Clocks, draws_timed
from bench.speed.peak import matmul_gflops
from bench.speed.result import Speed
from bench.speed.training import Steps
from bench.training.observer import Silent
from tests.inprocess import resolve_here
from tests.speed.known import HIDDEN, KERNEL

KNOWN, CPU = Path(__file__).with_name("known.py"), torch.device("cpu")
Ready = tuple[Job, PreparedSuite, Learner]


def _job(algo: str, suite: str, data_dir: Path | None = None, **settings: Any) -> Job:
    (job,) = resolve_here(algo, suite, [0], Settings(device="cpu", data_dir=data_dir, **settings))
    return job


def _measured(algo: str, suite: str, data_dir: Path | None = None, **settings: Any) -> Speed:
    return measure(_job(algo, suite, data_dir, **settings), 0.02, Silent())


def _ready(algo: str, suite: str, data_dir: Path | None = None) -> Ready:
    job = _job(algo, suite, data_dir)
    prepared = prepare(job.suite, CPU, data_dir)
    return job, prepared, _learner(job, prepared)


def _parts(speed: Speed) -> list[str]:
    assert speed.training is not None
    return [part.name for part in speed.training.parts]


def _adds_up(speed: Speed) -> None:
    training = speed.training
    assert training is not None and all(part.low <= part.ms <= part.high for part in training.parts)
    assert sum(part.share for part in training.parts) == pytest.approx(1)
    assert sum(part.ms for part in training.parts) * training.steps / 1e3 == pytest.approx(training.whole_s)


@pytest.fixture(scope="module")
def convolution(bench_data: Path) -> Speed:
    return _measured(f"{KNOWN}:Convolution", "glyphs-5w1s", bench_data)


def test_a_learner_with_one_loss_and_one_backward(convolution: Speed) -> None:
    speed = convolution
    _adds_up(speed)
    assert _parts(speed) == ["sampling of episodes", "forward", "backward", "optimiser", "harness", "validation"]
    training = speed.training
    assert training is not None and training.checks == 20 and training.episodes_per_s is not None
    (validation,) = (part for part in training.parts if part.name == "validation")
    assert validation.ms == pytest.approx(1e3 * training.check_s * 20 / training.steps)
    assert speed.training_share and speed.evaluation_share and 0 < speed.training_share < 1
    assert speed.peak_host_mib > 100 and speed.peak_device_mib is None and speed.notes == ()


def test_as_many_episodes_a_block_as_another_had() -> None:
    job = _job("chance", "sinusoid-10s")
    assert measure(job, 0.02, Silent(), 30).evaluation.episodes == 30
    assert measure(job, 0.02, Silent()).evaluation.episodes % job.eval_batch == 0


def test_forward_and_backward_are_one_line_where_they_go_by_turns() -> None:
    speed = _measured("maml", "sinusoid-10s")
    _adds_up(speed)
    assert _parts(speed) == ["sampling of episodes", "forward and backward", "optimiser", "harness", "validation"]
    assert speed.flops.training and speed.flops.evaluation, "the counter sees vmapped operations"


def test_an_explorer() -> None:
    speed = _measured("rl2", "bandit-n10k5", overrides={"hidden": "8"})
    _adds_up(speed)
    assert "forward and backward" in _parts(speed) and speed.subject.noun == "trials"


@pytest.mark.parametrize(("algo", "suite"), [("random_policy", "bandit-n10k5"), (f"{KNOWN}:Fixed", "sinusoid-10s")])
def test_a_learner_that_trains_nothing(algo: str, suite: str) -> None:
    speed = _measured(algo, suite)
    assert speed.training is None and speed.flops.training is None and speed.training_share is None
    assert speed.evaluation.episodes_per_s.median > 0 and 0 < speed.evaluation.p50 <= speed.evaluation.p95
    assert f"{speed.subject.learner} trains nothing" in speed.notes[0]
    assert (speed.flops.evaluation is None) == (algo == "random_policy") == ("torch's counter" in speed.notes[-1])


def test_a_training_of_the_learners_own() -> None:
    speed = _measured(f"{KNOWN}:Own", "sinusoid-10s")
    _adds_up(speed)
    training = speed.training
    assert training is not None and training.batch is training.episodes_per_s is training.checks is None
    assert _parts(speed) == ["sampling of episodes", "its own training"] and training.parts[0].ms > 0
    assert "a training of its own" in speed.notes[0] and speed.flops.training is None


def test_linear_layers_are_counted_as_by_hand() -> None:
    job, prepared, _ = _ready(f"{KNOWN}:Lines", "sinusoid-10s")
    speed = measure(job, 0.02, Silent())
    queries = prepared.training(0).draw(1).query_x.shape[1]
    product = 2 * queries * HIDDEN  # operations of either layer, forward
    assert speed.flops.training == 2 * product + 3 * product  # the first layer's input needs no gradient
    assert speed.flops.evaluation == 2 * (2 * prepared.suite.task.target * HIDDEN)


def test_convolutions_are_counted_as_by_hand(convolution: Speed, bench_data: Path) -> None:
    _, prepared, _ = _ready(f"{KNOWN}:Convolution", "glyphs-5w1s", bench_data)
    episodes = prepared.training(0).draw(1)
    queries, (channels, height, width) = episodes.query_x.shape[1], episodes.query_x.shape[2:]
    forward = 2 * queries * 5 * channels * KERNEL**2 * height * width
    assert convolution.flops.evaluation == forward
    assert convolution.flops.training == 2 * forward  # and as many for the gradient of the weights


def test_what_the_counter_cannot_see_has_a_reason() -> None:
    _, _, learner = _ready(f"{KNOWN}:Lines", "sinusoid-10s")
    assert count("training", learner, 1, lambda: torch.ones(3) * 2) == (
        None,
        "FLOPs of training: no matrix product, convolution or attention went on, and torch's counter knows no other "
        "operations.",
    )

    def refuse() -> None:
        raise RuntimeError("dispatch mode present")

    value, why = count("training", learner, 1, refuse)
    assert value is None and "dispatch mode present" in why


def test_what_is_compiled_is_counted_before_it_is() -> None:
    _, _, learner = _ready(f"{KNOWN}:Lines", "sinusoid-10s")
    learner.strategy, seen = "compiled", list[str]()

    def work() -> None:
        seen.append(learner.strategy)
        torch.ones(2, 3) @ torch.ones(3, 4)

    assert count("training", learner, 2, work) == (2 * 2 * 3 * 4 / 2, "")
    assert (seen, learner.strategy) == (["vmap"], "compiled")


@pytest.mark.parametrize(
    ("algo", "suite"), [("cnp", "sinusoid-10s"), ("maml", "sinusoid-10s"), ("rl2", "bandit-n10k5")]
)
def test_steps_with_clocks_are_the_steps_without(algo: str, suite: str) -> None:
    weights = []
    for timed in (False, True):
        job, prepared, learner = _ready(algo, suite)
        recipe = job.recipe.model_copy(update={"batch": 2})
        steps = Steps(learner, prepared.training(0), recipe, 0)
        if timed:
            assert min(steps.timed(3).values()) >= 0
        else:
            steps(3)
        assert "loss" not in vars(learner)
        weights.append(learner.state_dict())
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_clock_inside_itself_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([10.0, 13.0, 20.0, 24.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(moments))
    clocks = Clocks(CPU)
    with clocks.part("a"), clocks.part("a"):
        pass
    with clocks.part("a"):
        pass
    assert clocks.take() == {"a": 7.0} and clocks.take() == {"a": 0.0}


def test_every_draw_of_a_source_is_timed_and_none_stays_so(bench_data: Path) -> None:
    _, prepared, _ = _ready("protonet", "glyphs-5w1s", bench_data)
    source, clock = prepared.training(0), Clock(CPU)
    before = dict(vars(source))
    for draw in (lambda: source.draw(1), lambda: source.batches(2)):
        spent = clock.seconds
        with draws_timed(source, clock):
            draw()
        assert clock.seconds > spent
    spent = clock.seconds
    source.draw(1)
    assert clock.seconds == spent and vars(source).keys() == before.keys()


def test_the_peak_is_a_rate_that_products_reach() -> None:
    assert 0.1 < matmul_gflops(CPU, "fp32", 0.01) < 1e5
    assert matmul_gflops(CPU, "bf16", 0.01) > 0
