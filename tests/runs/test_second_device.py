"""Episodes and scores where the data lie on a device other than the CPU, without one (`tests.second_device`)."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from bench.learners.contract import Learner
from bench.learners.options import resolve_options
from bench.learners.registry import find_learner, load
from bench.runs.evaluation import evaluate
from bench.runs.prepared_suite import prepare
from bench.tasks.registry import find_suite
from tests.runs.conftest import Workshop
from tests.second_device import Placed, SecondDevice, place

CASES = [("glyphs-5w1s", "protonet"), ("sinusoid-10s", "ridge"), ("gp1d-rbf", "cnp"), ("mdp-n10", "rl2")]
LOOKS = 5  # for 21 episodes in three batches: that the answers are finite, and where they are not


def _learner(algo: str, spec: object) -> Learner:
    kind = load(find_learner(algo))
    torch.manual_seed(0)
    learner: Learner = kind(spec, resolve_options(kind, {}))
    return learner


@pytest.mark.parametrize("suite, algo", CASES)
def test_scores_are_those_of_the_cpu(suite: str, algo: str, workshop: Workshop) -> None:
    here = prepare(find_suite(suite), torch.device("cpu"))
    expected = evaluate(_learner(algo, here.spec), here.evaluation("test"), 21, batch=7)
    with SecondDevice() as device:
        there = prepare(find_suite(suite), device.name)
        learner = _learner(algo, here.spec)
        place(learner)
        found = evaluate(learner, there.evaluation("test"), 21, batch=7)
        assert len(device.looks) <= LOOKS, device.looks
    pd.testing.assert_frame_equal(found, expected)


def test_drawing_training_episodes_never_waits_for_the_device(workshop: Workshop) -> None:
    with SecondDevice() as device:
        images = prepare(find_suite("glyphs-5w1s"), device.name).training(0).draw(2, 5, 1, 5)
        functions = prepare(find_suite("sinusoid-10s"), device.name).training(0).draw(2, None, None, None)
        assert all(isinstance(part.query_x, Placed) for part in (images, functions)) and device.looks == []
