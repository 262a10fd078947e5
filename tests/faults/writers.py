"""Many writers of one store at once, killed and started again, with readers beside them."""

from __future__ import annotations

import multiprocessing
import os
import random
import threading
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

from bench.records import RunStore
from tests.faults.trial import Row, Tally, Trial
from tests.records.factory import accuracy_scores, make_record

_ALGOS = ("maml", "protonet", "relnet", "r2d2")


def _write(root: Path, writer: int, records: int) -> None:
    """Every record once, beginning behind those that are there."""
    store, scores = RunStore(root), accuracy_scores(50, seed=writer)
    for number in range(records):
        record = make_record(scores, algorithm__name=_ALGOS[number % len(_ALGOS)], seed=writer * 1_000_000 + number)
        if store.find(record.suite.name, record.algorithm.name, record.key) is None:
            store.write(record, scores, None, None, None)


def _kill_some(work: list[BaseProcess], kills: int, draw: random.Random, start: object) -> Iterator[int]:
    context = multiprocessing.get_context("fork")
    for _ in range(kills):
        time.sleep(draw.uniform(0, 0.3))
        alive = [number for number, process in enumerate(work) if process.is_alive()]
        if not alive:
            return
        number = draw.choice(alive)
        work[number].kill()
        work[number].join()
        work[number] = context.Process(target=_write, args=start(number))  # type: ignore[operator]
        work[number].start()
        yield number


def many(trial: Trial, times: int, draw: random.Random, writers: int = 8, records: int | None = None) -> Row:
    """`times` kills; each writer writes a thousand records where there are a hundred kills or more."""
    each = records or (1000 if times >= 100 else 10 * times)
    tally, root = Tally(), trial.folder / "many"
    context = multiprocessing.get_context("fork")

    def start(number: int) -> tuple[Path, int, int]:
        return root, number, each

    work: list[BaseProcess] = [context.Process(target=_write, args=start(n)) for n in range(writers)]
    problems, over, reads = list[str](), threading.Event(), 0

    def read() -> None:
        nonlocal reads
        while not over.is_set():
            problems.extend(run.problem for run in RunStore(root).runs() if run.problem)
            reads += 1

    [process.start() for process in work]
    readers = [threading.Thread(target=read) for _ in range(2)]
    [reader.start() for reader in readers]
    tally.times = sum(1 for _ in _kill_some(work, times, draw, start))
    [process.join() for process in work]
    over.set()
    [reader.join() for reader in readers]
    found = list(RunStore(root).runs())
    tally.lost = writers * each - sum(run.record is not None for run in found)
    tally.changed = len(problems) + sum(run.problem is not None for run in found)
    at_once = _left(root)
    for leftover in root.glob("*/*/.tmp-*"):  # a minute later
        os.utime(leftover, (time.time() - 61,) * 2)
    for algo in _ALGOS:
        scores = accuracy_scores(50)
        RunStore(root).write(make_record(scores, algorithm__name=algo, seed=999), scores, None, None, None)
    how = f"SIGKILL of one of {writers} processes that write {each:,} records each; two readers ({reads} full readings)"
    seen = f"nothing; {at_once} temporary folders at the end, {_left(root)} after the next record a minute later"
    return tally.row("writers of a store are killed", how, seen)


def _left(root: Path) -> int:
    return sum(1 for _ in root.glob("*/*/.*"))
