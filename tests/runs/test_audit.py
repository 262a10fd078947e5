"""The audit: no cheat ends as ok and inductive, no honest learner is accused, however unusual it is."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.checks.audit import audited_pairs
from bench.learners.contract import Learner
from bench.records import Record
from tests.runs.audit_bases import Pixels
from tests.runs.audit_cheats import CHEATS, CHEATS_ELSEWHERE
from tests.runs.audit_honest import HONEST, HONEST_ELSEWHERE, NeedsAll
from tests.runs.conftest import Workshop

ONLOOKERS = Path(__file__).with_name("audit_onlookers.py")


def audited(workshop: Workshop, learner: type[Learner], suite: str = "glyphs-5w1s", **settings: object) -> Record:
    record = workshop.run(f"{inspect.getfile(learner)}:{learner.__name__}", suite, **settings).record
    assert record is not None
    return record


@pytest.mark.parametrize(("cheat", "kind"), CHEATS.items(), ids=lambda value: getattr(value, "__name__", value))
def test_no_cheat_ends_as_ok(workshop: Workshop, cheat: type[Learner], kind: str) -> None:
    record = audited(workshop, cheat)
    assert record.status == "failed" and record.audit is not None
    assert record.reason is not None and record.reason.startswith(f"{kind}: "), record.reason


@pytest.mark.parametrize(("cheat", "suite"), CHEATS_ELSEWHERE, ids=lambda value: getattr(value, "__name__", value))
def test_no_cheat_ends_as_ok_elsewhere(workshop: Workshop, cheat: type[Learner], suite: str) -> None:
    record = audited(workshop, cheat, suite)
    assert record.status == "failed" and record.reason is not None
    assert record.reason.startswith(f"{CHEATS_ELSEWHERE[cheat, suite]}: "), record.reason


@pytest.mark.parametrize(("learner", "suite"), HONEST_ELSEWHERE, ids=lambda value: getattr(value, "__name__", value))
def test_no_honest_learner_is_accused_elsewhere(workshop: Workshop, learner: type[Learner], suite: str) -> None:
    record = audited(workshop, learner, suite)
    assert (record.status, record.reason) == ("ok", None) and record.audit is not None


@pytest.mark.parametrize("learner", HONEST, ids=lambda learner: learner.__name__)
def test_no_honest_learner_is_accused(workshop: Workshop, learner: type[Learner]) -> None:
    record = audited(workshop, learner)
    assert (record.status, record.reason) == ("ok", None) and record.audit is not None


@pytest.mark.parametrize(("learner", "suite"), [("LooksForLabels", "glyphs-5w1s"), ("LooksForMeans", "bandit-n10k5")])
def test_no_label_is_in_reach_of_an_answer(workshop: Workshop, learner: str, suite: str) -> None:
    found = curious(workshop, learner, suite)
    assert not found, sorted(set(found))


@pytest.mark.parametrize("suite", ["glyphs-5w1s", "gp1d-rbf", "sinusoid-10s"])
def test_training_meets_no_suite_no_test_pool_and_no_generator_parameters(workshop: Workshop, suite: str) -> None:
    found = curious(workshop, "LooksInTraining", suite)
    assert not found, sorted(set(found))


def curious(workshop: Workshop, learner: str, suite: str) -> list[str]:
    """What one of the curious learners found in its run."""
    file = workshop.folder / "found.txt"
    file.touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CURIOUS", str(file))
        outcome = workshop.run(f"{ONLOOKERS}:{learner}", suite)
    assert outcome.record is not None and outcome.record.status == "ok", outcome.record
    return file.read_text().splitlines()


def test_a_learner_that_cannot_answer_fewer_queries_is_told_so(workshop: Workshop) -> None:
    record = audited(workshop, NeedsAll)
    assert record.status == "failed" and record.reason is not None and "fixed_queries = True" in record.reason


def test_the_record_says_what_was_asked(workshop: Workshop) -> None:
    record = audited(workshop, Pixels)
    assert record.audit is not None
    assert [check.check for check in record.audit.checks] == [
        "as_in_the_run", "queries_alone", "queries_in_groups", "queries_permuted", "queries_replaced",
        "other_episodes", "fresh_instance", "once_more",
    ]  # fmt: skip
    assert all(check.compared > 0 and check.differing == 0 for check in record.audit.checks)
    assert len(record.audit.episodes) in (2, 4, 6) and max(record.audit.episodes) < record.episodes


@given(
    first=st.integers(0, 50),
    n=st.integers(1, 40),
    batch=st.integers(1, 20),
    key=st.text("0123456789abcdef", min_size=16),
)
def test_audited_pairs_lie_among_the_scored_episodes(first: int, n: int, batch: int, key: str) -> None:
    pairs = audited_pairs(key, first, n, batch)
    assert pairs and all(first <= episode < first + n for pair in pairs for episode in pair)
    assert len(set(pairs)) == len(pairs) and pairs == audited_pairs(key, first, n, batch)
