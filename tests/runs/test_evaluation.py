"""The evaluator against learners that would cheat, and what is written about speed and size."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import bench
from bench.domains.images.episodes import EMBED_CHUNK
from bench.runs.evaluation import evaluate
from bench.runs.metrics import metrics
from bench.runs.prepared_suite import PreparedSuite, prepare
from bench.tasks.registry import find_suite
from tests.runs.conftest import Workshop
from tests.runs.tiny import Dropped, Positional

N = 120


@pytest.fixture
def glyphs(workshop: Workshop) -> PreparedSuite:
    return prepare(find_suite("glyphs-5w1s"), torch.device("cpu"))


def _evaluate(learner: bench.Learner, material: PreparedSuite, **how: Any) -> Any:
    return evaluate(learner, material.evaluation("test"), N, **{"batch": 30} | how)


class Spy(bench.Learner):
    """Remembers every call of predict."""

    family = "reference"
    trains = False

    def __init__(self, task: bench.TaskSpec, options: bench.Learner.Options) -> None:
        super().__init__(task, options)
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any], bool, bool]] = []

    def predict(self, *arguments: Any, **named: Any) -> Tensor:
        self.calls.append((arguments, named, self.training, torch.is_grad_enabled()))
        return torch.zeros(*arguments[2].shape[:2], 5)


def test_predict_sees_the_support_and_the_query_images_and_nothing_else(glyphs: PreparedSuite) -> None:
    spy = Spy(glyphs.spec, bench.Learner.Options())
    _evaluate(spy, glyphs)
    asked = list(glyphs.evaluation("test").batches(N, 30))
    assert len(spy.calls) == len(asked) == 4
    for (arguments, named, training, gradients), truth in zip(spy.calls, asked, strict=True):
        assert len(arguments) == 3 and named == {} and not training and not gradients
        assert all(type(argument) is Tensor for argument in arguments)
        for argument, expected in zip(arguments, (truth.support_x, truth.support_y, truth.query_x), strict=True):
            assert torch.equal(argument, expected)
    assert not {"query_y", "episodes", "labels"} & set(inspect.signature(bench.Learner.predict).parameters)
    assert not any(isinstance(getattr(glyphs.spec, field.name), Tensor) for field in fields(glyphs.spec))


def test_classify_sees_embeddings_and_support_labels_only(
    glyphs: PreparedSuite, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner, shapes = Dropped(glyphs.spec, Dropped.Options()), set()
    plain = learner.classify

    def classify(*arguments: Tensor, **named: Any) -> Tensor:
        assert not named
        shapes.add(tuple(tuple(argument.shape) for argument in arguments))
        return plain(*arguments)

    monkeypatch.setattr(learner, "classify", classify)
    _evaluate(learner, glyphs)
    assert shapes == {((30, 5, 8), (30, 5), (30, 75, 8))}


def test_an_embedding_learner_embeds_each_image_once_in_full_chunks(
    glyphs: PreparedSuite, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner, seen = Dropped(glyphs.spec, Dropped.Options()), []
    plain = learner.embed
    monkeypatch.setattr(learner, "embed", lambda images: seen.append(len(images)) or plain(images))
    once = _evaluate(learner, glyphs)
    assert set(seen) == {EMBED_CHUNK} and sum(seen) < 60 * 20 + EMBED_CHUNK  # images of the test pool
    monkeypatch.setattr(type(learner), "transductive", True)  # such a learner is asked episode by episode
    each = _evaluate(learner, glyphs)
    np.testing.assert_array_equal(once["n_correct"], each["n_correct"])


def test_the_order_of_the_queries_gives_nothing_away(glyphs: PreparedSuite) -> None:
    scores = _evaluate(Positional(glyphs.spec, bench.Learner.Options()), glyphs)["score"]
    assert abs(scores.mean() - 0.2) < 4 * scores.std() / np.sqrt(N)
    assert scores.std() > 0.01


def test_a_constant_answer_is_exactly_chance(glyphs: PreparedSuite) -> None:
    scores = _evaluate(Spy(glyphs.spec, bench.Learner.Options()), glyphs)
    assert (scores["n_correct"] == 15).all() and (scores["score"] == 0.2).all()


def test_the_answers_themselves_would_score_one(glyphs: PreparedSuite) -> None:
    asked = iter(list(glyphs.evaluation("test").batches(N, 30)))

    class Oracle(Spy):
        def predict(self, *arguments: Any, **named: Any) -> Tensor:
            return torch.nn.functional.one_hot(next(asked).query_y, 5).float()

    assert (_evaluate(Oracle(glyphs.spec, bench.Learner.Options()), glyphs)["score"] == 1).all()


def test_training_mode_comes_back(glyphs: PreparedSuite) -> None:
    learner = Spy(glyphs.spec, bench.Learner.Options())
    learner.train()
    _evaluate(learner, glyphs)
    assert learner.training


def test_a_batch_that_does_not_fit_is_halved_and_no_score_changes(
    glyphs: PreparedSuite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    whole = _evaluate(Positional(glyphs.spec, bench.Learner.Options()), glyphs)

    class Hungry(Positional):
        def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
            if len(query_x) > limit:
                raise torch.OutOfMemoryError("too much")
            return super().predict(support_x, support_y, query_x)

    limit = 8
    halved = _evaluate(Hungry(glyphs.spec, bench.Learner.Options()), glyphs)
    assert halved.drop(columns="classes").equals(whole.drop(columns="classes"))
    limit = 0
    with pytest.raises(torch.OutOfMemoryError):
        _evaluate(Hungry(glyphs.spec, bench.Learner.Options()), glyphs)


def test_progress_counts_every_episode(glyphs: PreparedSuite) -> None:
    counted: list[int] = []
    frame = _evaluate(Spy(glyphs.spec, bench.Learner.Options()), glyphs, first=10, advance=counted.append)
    assert sum(counted) == N and frame["episode"].tolist() == list(range(10, 10 + N))


def test_the_ranked_metric_comes_first_with_its_interval(workshop: Workshop) -> None:
    outcome = workshop.run("Latent", "gp1d-rbf")
    scores, record = workshop.scores(outcome), outcome.record
    assert [m.name for m in record.metrics] == ["loglik", "loglik_joint", "mse", "coverage95"]
    assert record.metrics == metrics(find_suite("gp1d-rbf"), scores)
    ranked, _, mse, coverage = record.metrics
    assert ranked.mean == pytest.approx(scores["score"].mean()) and ranked.sd == pytest.approx(scores["score"].std())
    assert ranked.ci95[0] < ranked.mean < ranked.ci95[1] and ranked.ci_method == "t" and ranked.n == 100
    assert coverage.unit == "fraction" and coverage.ci_method == "t"
    assert mse.ci_method == "bootstrap-t" and not mse.higher_is_better and ranked.higher_is_better


def test_timing_memory_and_size_are_measured(workshop: Workshop) -> None:
    workshop.recipe("Dropped", steps=6, batch=3, eval_batch=25)
    outcome = workshop.run("Dropped", "glyphs-5w1s")
    record, timing = outcome.record, outcome.record.timing
    assert timing.batch == 25 and timing.measured is None
    assert timing.train_s and timing.train_episodes_per_s and timing.eval_s and timing.eval_episodes_per_s
    assert timing.train_episodes_per_s > 18 / timing.train_s * 0.9  # checks cost time, but train nothing
    assert timing.eval_episodes_per_s == pytest.approx(100 / timing.eval_s, rel=0.2)
    assert isinstance(timing.contended, bool)
    assert record.size is not None and record.size.parameters == 784 * 8 + 8
    assert record.size.flops_per_episode == 2 * 80 * 784 * 8 + 2 * 5 * 5 * 8  # the map of 80 images, the class means
    assert record.memory.peak_host_mib and 50 < record.memory.peak_host_mib < 100_000
    assert record.started <= record.finished and record.started.endswith("Z")
    assert record.checkpoint is not None
    assert record.checkpoint.bytes == (outcome.path / "checkpoint.safetensors").stat().st_size
