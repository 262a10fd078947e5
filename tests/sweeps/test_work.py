"""Workers: each cell once, whatever befalls those who work."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import DataMissing, Mismatch, UsageError
from bench.records import RunStore
from bench.records.lease import lease
from bench.runs.failure import Failure
from bench.sweeps.plan import Cell, Plan
from bench.sweeps.state import claim_file, outcome
from bench.sweeps.work import Share, Worker
from tests.records.holder import holder
from tests.sweeps.conftest import StandIn, Sweeps, cell, events_of, kinds_of


def _together(plan: Plan, *workers: Worker, share: Share | None = None) -> None:
    threads = [threading.Thread(target=worker.work, args=(share or Share(),)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def _scores(plan: Plan, one: Cell) -> pd.DataFrame:
    store = RunStore(plan.runs)
    path = store.find(one.request.suite, one.algorithm, one.key)
    assert path is not None
    return store.read_scores(path, store.read(path))


def test_two_workers_do_every_cell_once_longest_first(sweeps: Sweeps, stand_in: StandIn) -> None:
    stand_in.seconds = 0.02
    plan = sweeps.planned("chance,tiny.py:Latent", "sinusoid-*", tuple(range(4)))
    _together(plan, Worker(plan.folder, stay=True), Worker(plan.folder, stay=True))
    done = Counter(job.key for job in stand_in.jobs)
    assert set(done.values()) == {1} and set(done) == {one.key for one in plan.cells}
    first = {event.title for event in events_of(plan) if event.event == "claimed"}
    assert len(first) == len(plan.cells) == 15
    assert [one.estimate.seconds for one in plan.longest_first] == sorted(
        (one.estimate.seconds for one in plan.cells), reverse=True
    )
    assert not list(sweeps.runs.glob("*/*/.claim-*"))


@given(st.integers(1, 9), st.integers(0, 30), st.randoms(use_true_random=False))
def test_shares_partition_the_cells_evenly(of: int, n: int, random: object) -> None:
    seconds = [random.random() for _ in range(n)]  # type: ignore[attr-defined]
    plan = Plan(Path("x"), tuple(cell(f"k{i}", one) for i, one in enumerate(seconds)))
    shares = [Share(i, of).cells(plan) for i in range(of)]
    assert sorted(one.key for share in shares for one in share) == sorted(one.key for one in plan.cells)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert all(share == sorted(share, key=lambda one: -one.estimate.seconds) for share in shares)


@pytest.mark.parametrize("text", ["", "1", "2/2", "-1/2", "a/b", "1/2/3", "0/0"])
def test_a_share_that_is_none(text: str) -> None:
    with pytest.raises(UsageError, match="--shard must be i/n"):
        Share.parse(text)


def test_a_worker_does_its_share_or_the_named_cells(sweeps: Sweeps, stand_in: StandIn) -> None:
    plan = sweeps.planned("tiny.py:Latent", "sinusoid-10s", (0, 1, 2))
    Worker(plan.folder).work(Share(keys=frozenset([plan.cells[1].key])))
    assert [job.key for job in stand_in.jobs] == [plan.cells[1].key]
    Worker(plan.folder).work(Share(0, 2))
    assert {job.key for job in stand_in.jobs} == {one.key for one in [plan.cells[1], *Share(0, 2).cells(plan)]}


def test_cells_that_dont_fit_beside_others_wait_and_one_alone_never_does(sweeps: Sweeps, stand_in: StandIn) -> None:
    stand_in.seconds = 0.1
    plan = sweeps.planned("chance", "sinusoid-*")  # 700 MiB each, for all that is known
    at_once: list[int] = []

    def count(job: object) -> None:
        at_once.append(sum(1 for _ in sweeps.runs.glob("*/*/.claim-*")))

    stand_in.way = count
    _together(plan, *(Worker(plan.folder, memory_mib=1000) for _ in range(2)))  # not even told to stay
    assert at_once == [1, 1, 1] and len(stand_in.jobs) == 3
    assert {job.settings.memory_mib for job in stand_in.jobs} == {1000}  # what one may take alone


def test_a_cell_in_the_hands_of_another_process_is_left_and_taken_over_when_that_dies(
    sweeps: Sweeps, stand_in: StandIn
) -> None:
    plan = sweeps.planned("chance", "sinusoid-5s,sinusoid-10s")
    sweeps.lose(plan, plan.cells[0])  # as a worker writes down that it begins
    with holder(claim_file(plan, plan.cells[0])) as process:
        Worker(plan.folder).work(Share())
        assert [outcome(plan, one).stage for one in plan.cells] == ["open", "done"]
        staying = threading.Thread(target=Worker(plan.folder, stay=True).work, args=(Share(),))
        staying.start()
        time.sleep(0.3)
        process.kill()
        process.wait()
    staying.join(60)
    record = sweeps.record(plan, plan.cells[0])
    assert record.status == "ok" and [one.kind for one in record.attempts] == ["lost"]
    claimed = [event.values["attempt"] for event in events_of(plan) if event.event == "claimed"]
    assert claimed == [1, 2]


def test_a_worker_sees_cells_that_were_added_and_stops_when_the_sweep_is_cancelled(
    sweeps: Sweeps, stand_in: StandIn
) -> None:
    plan = sweeps.planned("chance", "sinusoid-5s")

    def more(job: object) -> None:
        if len(stand_in.jobs) == 1:
            sweeps.planned("chance", "sinusoid-5s,sinusoid-10s,sinusoid-20s")
        else:
            plan.cancel()

    stand_in.way = more
    Worker(plan.folder).work(Share())
    assert len(stand_in.jobs) == 2 and kinds_of(plan)[-1] == "stopped"


def test_out_of_memory_is_tried_once_more_with_half_the_batch_and_equal_scores(sweeps: Sweeps, in_house: None) -> None:
    hungry = sweeps.planned("eaters.py:Eater", "sinusoid-10s", set={"most": "50"})
    full = sweeps.planned("eaters.py:Eater", "sinusoid-10s", set={"most": "100"}, name="full")
    for plan in (hungry, full):
        Worker(plan.folder).work(Share())
    one, other = sweeps.record(hungry, hungry.cells[0]), sweeps.record(full, full.cells[0])
    assert one.status == other.status == "ok" and other.timing.batch == 2 * one.timing.batch
    assert [attempt.kind for attempt in one.attempts] == ["memory"] and not other.attempts
    pd.testing.assert_frame_equal(_scores(hungry, hungry.cells[0]), _scores(full, full.cells[0]))


def test_who_never_has_enough_is_told_how_much_it_took(sweeps: Sweeps, in_house: None) -> None:
    plan = sweeps.planned("eaters.py:Eater", "sinusoid-10s", set={"most": "3"})
    Worker(plan.folder).work(Share())
    record = sweeps.record(plan, plan.cells[0])
    assert record.failure == "memory" and (record.reason or "").startswith("out of memory, needs about ")
    assert (record.reason or "").endswith(" GiB") and len(record.attempts) == 2
    assert kinds_of(plan).count("retried") == 2 and "given_up" in kinds_of(plan)


@pytest.mark.parametrize("times", [2, 9])
def test_missing_data_is_tried_again_and_leaves_no_record(sweeps: Sweeps, stand_in: StandIn, times: int) -> None:
    def missing(job: object) -> Failure | None:
        if len(stand_in.jobs) <= times:
            raise DataMissing("the server is down", "fix: wait")
        return None

    stand_in.way = missing
    plan = sweeps.planned("chance", "sinusoid-10s")
    Worker(plan.folder).work(Share())
    if times == 2:
        assert [one.kind for one in sweeps.record(plan, plan.cells[0]).attempts] == ["infrastructure"] * 2
        return
    found = outcome(plan, plan.cells[0])
    assert len(stand_in.jobs) == 4 and (found.stage, found.record) == ("failed", None)
    assert found.reason == "the server is down"
    assert [event.values["kind"] for event in events_of(plan) if event.event == "given_up"] == ["infrastructure"]


@pytest.mark.parametrize("error", [Mismatch("another hash"), UsageError("no CUDA here")])
def test_what_this_machine_can_not_do_is_left_to_another(
    sweeps: Sweeps, stand_in: StandIn, error: Mismatch | UsageError
) -> None:
    def refuse(job: object) -> None:
        raise error

    stand_in.way = refuse
    plan = sweeps.planned("chance", "sinusoid-10s")
    Worker(plan.folder).work(Share())
    assert len(stand_in.jobs) == 1 and outcome(plan, plan.cells[0]).stage == "open"
    stand_in.way = lambda job: None
    Worker(plan.folder).work(Share())
    assert not sweeps.record(plan, plan.cells[0]).attempts


def test_changed_code_is_refused_before_anything_runs(sweeps: Sweeps, stand_in: StandIn) -> None:
    plan = sweeps.planned("tiny.py:Latent", "sinusoid-10s")
    source = sweeps.folder / "tiny.py"
    source.write_text(source.read_text().replace("nn.Tanh()", "nn.ReLU()"))
    for lost in (0, 4):  # also where nothing is left but to give it up
        sweeps.lose(plan, plan.cells[0], lost)
        Worker(plan.folder).work(Share())
        assert not stand_in.jobs and outcome(plan, plan.cells[0]).stage == "open"
        assert f"the plan says run {plan.cells[0].key}" in events_of(plan)[-2].values["reason"]


def test_an_interrupted_try_does_not_count(sweeps: Sweeps, stand_in: StandIn) -> None:
    def stop(job: object) -> None:
        raise KeyboardInterrupt

    stand_in.way = stop
    plan = sweeps.planned("chance", "sinusoid-10s")
    for _ in range(6):
        with pytest.raises(KeyboardInterrupt):
            Worker(plan.folder).work(Share())
    stand_in.way = lambda job: None
    Worker(plan.folder).work(Share())
    assert sweeps.record(plan, plan.cells[0]).attempts == [] and kinds_of(plan).count("stopped") == 7


def test_a_bench_run_at_the_same_cell_is_left_to_it(sweeps: Sweeps, in_house: None) -> None:
    plan = sweeps.planned("chance", "sinusoid-10s")
    run = claim_file(plan, plan.cells[0]).with_name(f".lease-{plan.cells[0].key}")
    with holder(run):
        Worker(plan.folder).work(Share())
    assert kinds_of(plan) == ["started", "claimed", "refused", "stopped"]
    with lease(claim_file(plan, plan.cells[0])):
        assert outcome(plan, plan.cells[0]).stage == "open"
