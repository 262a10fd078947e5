"""Equal requests give equal scores, whatever surrounds them; batch sizes and prefixes change nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import bench
from tests.runs.conftest import Workshop

MAML = Path(bench.__file__).parents[1] / "baselines" / "maml.py"


@pytest.mark.parametrize(
    ("algo", "suite"), [("Dropped", "glyphs-5w1s"), ("Latent", "sinusoid-10s"), ("Latent", "gp1d-rbf")]
)
def test_the_same_run_twice_has_the_same_scores(workshop: Workshop, algo: str, suite: str) -> None:
    torch.manual_seed(1)
    first = workshop.run(algo, suite, runs="a")
    torch.manual_seed(2)  # a run must not look at the caller's generator
    torch.rand(7)
    second = workshop.run(algo, suite, runs="b")
    assert first.record.scores == second.record.scores and first.record.scores is not None
    assert first.record.checkpoint == second.record.checkpoint
    other = workshop.run(algo, suite, seed=1, runs="b")
    assert other.record.scores is not None and other.record.scores.sha256 != first.record.scores.sha256


def test_a_run_leaves_the_callers_generator_usable(workshop: Workshop) -> None:
    torch.manual_seed(5)
    workshop.run("chance", "sinusoid-10s")  # nothing to train: nothing may be drawn
    drawn = torch.rand(3)
    torch.manual_seed(5)
    assert (drawn == torch.rand(3)).all()


def test_batch_and_prefix_do_not_matter_to_an_embedding_learner(workshop: Workshop) -> None:
    workshop.recipe("Dropped", steps=5, eval_batch=100)
    long = workshop.scores(workshop.run("Dropped", "glyphs-5w1s", episodes=90))
    workshop.recipe("Dropped", steps=5, eval_batch=7)
    short = workshop.scores(workshop.run("Dropped", "glyphs-5w1s", episodes=40))
    assert (long["n_correct"][:40] == short["n_correct"]).all()
    assert long["n_correct"].nunique() > 3  # the comparison can fail


def test_batch_and_prefix_do_not_matter_to_a_learner_that_adapts(workshop: Workshop) -> None:
    text = MAML.read_text().replace("class MAML(", "class Short(").replace("MAML.Options", "Short.Options")
    (workshop.folder / "short.py").write_text(text)
    algo = f"{workshop.folder / 'short.py'}:Short"
    workshop.algo = lambda name: name  # type: ignore[method-assign]
    options = {"inner_lr": 1.0, "inner_steps": 1, "test_steps": 2, "filters": 8}
    workshop.recipe("short", steps=2, batch=2, eval_batch=16, options=options)
    long = workshop.scores(workshop.run(algo, "glyphs-5w1s", episodes=24))
    workshop.recipe("short", steps=2, batch=2, eval_batch=5, options=options)
    short = workshop.scores(workshop.run(algo, "glyphs-5w1s", episodes=12))
    assert (long["n_correct"][:12] == short["n_correct"]).all()
    assert long["n_correct"].nunique() > 3


@pytest.mark.parametrize("suite", ["sinusoid-10s", "gp1d-rbf"])
def test_batch_and_prefix_do_not_matter_to_a_regression_learner(workshop: Workshop, suite: str) -> None:
    workshop.recipe("Latent", steps=5, batch=4, eval_batch=100)
    long = workshop.scores(workshop.run("Latent", suite, episodes=60))
    workshop.recipe("Latent", steps=5, batch=4, eval_batch=3)
    short = workshop.scores(workshop.run("Latent", suite, episodes=40))
    np.testing.assert_allclose(long["score"][:40], short["score"], rtol=1e-5)
    assert long["score"].nunique() == 60
