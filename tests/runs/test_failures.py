"""A learner that misbehaves leaves a record that says how, and the other cells of the command go on."""

from __future__ import annotations

import pytest

from bench.records import RunStore
from bench.runs.evaluation import evaluate
from bench.runs.prepared_suite import prepare
from bench.tasks.registry import find_suite
from tests.conftest import Cli
from tests.runs.conftest import Workshop
from tests.runs.tiny import Rogue

FAILURES = [
    ("sinusoid-10s", "raises", "RuntimeError: no more ideas"),
    ("sinusoid-10s", "shape", "expected mean of shape [100, 100, 1], found [100, 99, 1]"),
    ("sinusoid-10s", "type", "expected bench.Point, Gaussian, GaussianMixture or MultivariateGaussian, found Tensor"),
    ("sinusoid-10s", "bare", "found NoneType"),
    ("sinusoid-10s", "std", "standard deviations must be positive, found 0"),
    ("glyphs-5w1s", "shape", "expected logits of shape [100, 75, 5], found [100, 75, 4]"),
    ("glyphs-5w1s", "type", "expected logits as a tensor of shape [100, 75, 5], found str"),
    ("glyphs-5w1s", "unnamed", "needs the key 'final'"),
    ("glyphs-5w1s", "no such mode", "KeyError: 'no such mode'"),
]


@pytest.mark.parametrize(("suite", "mode", "reason"), FAILURES)
def test_a_wrong_answer_fails_the_run_with_its_reason(workshop: Workshop, suite: str, mode: str, reason: str) -> None:
    outcome = workshop.run("Rogue", suite, overrides={"mode": mode})
    record = RunStore(workshop.folder / "runs").read(outcome.path)
    assert record.status == "failed" and record.reason is not None and reason in record.reason
    assert record.metrics == [] and record.scores is None and record.episodes == 0
    assert not list(outcome.path.parent.glob(".*"))


@pytest.mark.parametrize(("suite", "floor"), [("glyphs-5w1s", 0.0), ("sinusoid-10s", None)])
def test_few_bad_episodes_score_the_floor_and_are_counted(workshop: Workshop, suite: str, floor: float | None) -> None:
    outcome = workshop.run("Rogue", suite, overrides={"bad": "5"})
    record, scores = outcome.record, workshop.scores(outcome)
    assert record.status == "ok" and record.metrics[0].floored == 5
    assert scores["floored"].tolist() == [True] * 5 + [False] * 95
    if floor is not None:
        assert (scores["score"][:5] == floor).all() and (scores["score"][5:] == 0.2).all()
    assert scores["score"].notna().all()


def test_more_than_one_in_twenty_bad_episodes_fail_the_run(workshop: Workshop) -> None:
    record = workshop.run("Rogue", "glyphs-5w1s", overrides={"bad": "6"}).record
    assert record.status == "failed" and record.reason is not None
    assert "not finite in 6.0% of the episodes (at most 5% may be)" in record.reason
    assert record.metrics[0].floored == 6  # the scores are kept for whoever looks for the cause


def test_a_floor_is_no_reward(bench_data: object) -> None:
    """The prior predictive that stands in for a broken prediction is worse than the trivial mean of the support."""
    import bench
    from bench.learners.registry import find_learner, load

    suite = find_suite("sinusoid-10s")
    material = prepare(suite, _cpu())
    broken = Rogue(material.spec, Rogue.Options(bad=200))
    chance = load(find_learner("chance"))(material.spec, bench.Learner.Options())
    floored, honest = (evaluate(it, material.evaluation("test"), 200, batch=50) for it in (broken, chance))
    assert floored["floored"].all() and not honest["floored"].any()
    assert 1.0 < floored["score"].mean() < 10.0  # E[A^2] / 2 = 4.25 less what the mean explains


def test_a_loss_that_is_no_number_fails_the_run(workshop: Workshop) -> None:
    outcome = workshop.run("Diverging", "sinusoid-10s")
    assert outcome.record.status == "failed" and outcome.record.validation is None
    assert outcome.record.reason == "The training loss is nan after 20 steps."
    assert not list(outcome.path.parent.glob(".training-*"))


def test_a_skip_is_a_record_with_a_reason(workshop: Workshop) -> None:
    outcome = workshop.run("Picky", "sinusoid-10s")
    assert outcome.record.status == "skipped" and outcome.record.reason == "picky does not do functions"
    assert workshop.run("Picky", "sinusoid-10s").cached
    assert workshop.run("protonet", "sinusoid-10s").record.status == "skipped"


def test_the_other_cells_go_on(workshop: Workshop, cli: Cli) -> None:
    algos = f"{workshop.algo('Picky')},{workshop.algo('Own')}"
    runs = workshop.folder / "runs"
    settings = ("--runs", runs, "--budget", "smoke", "--device", "cpu")
    done = cli("run", "--algo", algos, "--suite", "gp1d-rbf", *settings)
    assert done.code == 0, done.err
    failing = cli("run", "--algo", f"{workshop.algo('Diverging')},chance", "--suite", "sinusoid-5s", *settings)
    assert failing.code == 1
    status = {run.place[:2]: run.record.status for run in RunStore(runs).runs() if run.record}
    assert status[("sinusoid-5s", "diverging")] == "failed" and status[("sinusoid-5s", "chance")] == "ok"
    assert status[("gp1d-rbf", "picky")] == "skipped" and status[("gp1d-rbf", "own")] == "ok"
    assert "failed: The training loss is nan" in failing.err and "Traceback" not in failing.err
    assert failing.out.splitlines()[-1].startswith("bench show ")


def _cpu():
    import torch

    return torch.device("cpu")
