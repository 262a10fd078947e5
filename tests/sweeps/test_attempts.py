"""How often a cell is tried: whatever happened to it before, and whoever asks."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.records import RunStore
from bench.records.lease import lease
from bench.runs.failure import Failure
from bench.sweeps.attempts import Attempts
from bench.sweeps.state import attempts_at, claim_file, outcome, state
from bench.sweeps.work import Share, Worker
from tests.records.factory import make_record, regression_scores
from tests.sweeps.conftest import StandIn, Sweeps, cell, kinds_of

ENDS = st.lists(st.sampled_from(["lost", "worker", "memory", "infrastructure", "interrupted"]), max_size=8)


@settings(max_examples=60, deadline=None)
@given(ENDS)
def test_lost_tries_are_repeated_three_times_want_of_memory_once_and_interruptions_are_free(ends: list[str]) -> None:
    with TemporaryDirectory() as folder:
        runs, counted, memory = Path(folder), 0, 0
        for end in ends:
            now = Attempts.of(runs, "k")
            assert now.exhausted == (counted > 3 or memory > 1)
            assert len(now.failed) == counted + memory
            begun = now.begun()
            if end == "interrupted":
                begun.forgotten()
            elif end != "worker":  # whose attempt nobody ends
                begun.ended(end, "why")
            counted += end in ("lost", "worker", "infrastructure")
            memory += end == "memory"
        after = Attempts.of(runs, "k")
        expected = [{"worker": "lost"}.get(end, end) for end in ends if end != "interrupted"]
        assert [one.kind for one in after.failed] == expected and after.short_of_memory == memory
        assert after.gave_up == (after.exhausted and expected[-1] == "infrastructure")


def test_what_is_torn_or_older_than_asked_for_is_not_there(tmp_path: Path) -> None:
    Attempts.of(tmp_path, "k").begun().ended("lost", "why")
    assert len(Attempts.of(tmp_path, "k").failed) == 1 and not Attempts.of(tmp_path, "k", "2999").failed
    for content in ("", "[1]", "{}", '[{"kind": "lost"}]', "7"):
        (tmp_path / ".attempts" / "k.json").write_text(content)
        assert not Attempts.of(tmp_path, "k").failed


def _stored(sweeps: Sweeps, status: str, episodes: int = 100, **changes: object) -> str:
    """The stage of a cell whose record has this status."""
    scores = regression_scores(episodes) if status == "ok" else None
    suite = make_record(regression_scores(2)).suite
    record = make_record(scores, algorithm__name="chance", suite=suite, key="k9", status=status, **changes)
    store = RunStore(sweeps.runs)
    store.write(record, scores, None, None, None)
    plan = sweeps.plan(cell("k9"))
    return outcome(plan, plan.cells[0]).stage


@pytest.mark.parametrize(
    ("status", "failure", "stage"),
    [
        ("ok", None, "done"),
        ("skipped", None, "done"),
        ("failed", "learner", "failed"),
        ("failed", None, "failed"),  # of an older bench
        ("timeout", "timeout", "failed"),
        ("failed", "lost", "open"),
        ("failed", "memory", "open"),
        ("interrupted", None, "open"),
    ],
)
def test_records_and_stages(sweeps: Sweeps, status: str, failure: str | None, stage: str) -> None:
    assert _stored(sweeps, status, failure=failure) == stage


def test_a_record_of_fewer_episodes_is_not_enough(sweeps: Sweeps) -> None:
    assert _stored(sweeps, "ok", episodes=99) == "open"


def test_a_torn_record_is_none(sweeps: Sweeps) -> None:
    assert _stored(sweeps, "ok") == "done"
    (file,) = sweeps.runs.glob("*/*/k9/record.json")
    file.write_text("{")
    plan = sweeps.plan(cell("k9"))
    assert outcome(plan, plan.cells[0]).stage == "open"


def test_older_failures_are_tried_again_on_demand_only(sweeps: Sweeps) -> None:
    assert _stored(sweeps, "failed", failure="learner") == "failed"  # in January
    for since, stage in (("2025-01-01T00:00:00Z", "failed"), ("2026-06-01T00:00:00Z", "open")):
        plan = sweeps.plan(cell("k9"), again_since=since)
        assert outcome(plan, plan.cells[0]).stage == stage


def test_a_cell_runs_while_somebody_holds_its_claim(sweeps: Sweeps) -> None:
    plan = sweeps.plan(cell())
    with lease(claim_file(plan, plan.cells[0])):
        found = state(plan, plan.cells[0])
        assert found.stage == "running" and found.owner is not None and not found.over
    assert state(plan, plan.cells[0]).stage == "open"


@pytest.mark.parametrize(
    ("kind", "tries", "reason"),
    [
        ("learner", 1, "no more ideas"),
        ("timeout", 1, "no more ideas"),
        ("lost", 4, "tried 4 times, and each time its process or worker was lost"),
        ("memory", 2, "out of memory, needs about"),
    ],
)
def test_a_cell_that_always_fails_is_tried_so_often_and_then_over(
    sweeps: Sweeps, stand_in: StandIn, kind: str, tries: int, reason: str
) -> None:
    stand_in.way = lambda job: Failure("no more ideas", kind, peak_mib=2048)  # type: ignore[arg-type]
    plan = sweeps.planned("chance", "sinusoid-10s")
    Worker(plan.folder).work(Share())
    record = sweeps.record(plan, plan.cells[0])
    assert len(stand_in.jobs) == tries and record.failure == kind and reason in (record.reason or "")
    assert record.status == ("timeout" if kind == "timeout" else "failed")
    assert len(record.attempts) == (tries if tries > 1 else 0)
    for _ in range(2):  # whoever comes now
        assert outcome(plan, plan.cells[0]).stage == "failed"
        Worker(plan.folder).work(Share())
    assert len(stand_in.jobs) == tries
    again = sweeps.planned("chance", "sinusoid-10s", name="again")
    assert outcome(again, again.cells[0]).stage == "failed"  # in another sweep, too


def test_a_node_without_memory_says_so_where_nobody_saw_how_much_it_took(sweeps: Sweeps, stand_in: StandIn) -> None:
    plan = sweeps.planned("chance", "sinusoid-10s")
    for _ in range(2):  # as the Ray driver writes them down
        attempts_at(plan, plan.cells[0]).begun().ended("memory", "out of memory: its node had none left")
    Worker(plan.folder).work(Share())
    record = sweeps.record(plan, plan.cells[0])
    assert not stand_in.jobs and record.failure == "memory"
    assert record.reason == "out of memory: its node had none left"


def test_what_succeeds_at_last_says_how_often_it_did_not(sweeps: Sweeps, stand_in: StandIn) -> None:
    stand_in.way = lambda job: None if len(stand_in.jobs) > 2 else Failure("gone", "lost")
    plan = sweeps.planned("chance", "sinusoid-10s")
    sweeps.lose(plan, plan.cells[0])
    Worker(plan.folder).work(Share())
    record = sweeps.record(plan, plan.cells[0])
    assert record.status == "ok" and [one.kind for one in record.attempts] == ["lost"] * 3
    assert record.attempts[0].reason == "its worker was lost" and record.attempts[1].reason == "gone"
    assert not list((sweeps.runs / ".attempts").iterdir())


def test_four_lost_workers_end_a_cell_without_another_try(sweeps: Sweeps, stand_in: StandIn) -> None:
    plan = sweeps.planned("chance", "sinusoid-10s")
    sweeps.lose(plan, plan.cells[0], 4)
    Worker(plan.folder).work(Share())
    record = sweeps.record(plan, plan.cells[0])
    assert not stand_in.jobs and record.failure == "lost" and len(record.attempts) == 4
    assert "given_up" in kinds_of(plan) and not attempts_at(plan, plan.cells[0]).gave_up
