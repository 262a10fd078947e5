"""Two runs under one key: which of them a store should hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bench.errors import BenchError, Mismatch
from bench.records.command import portable
from bench.records.compact import same_bits
from bench.records.names import CLASSES
from bench.records.schema import Record
from bench.records.store import RunStore, StoredRun
from bench.records.weights import CHECKPOINT, has_weights

if TYPE_CHECKING:
    import pandas as pd

Action = Literal["same", "new", "better", "verified", "stays", "differs", "damaged", "busy"]
"""What comes of a run that is to be merged into a store:

same      the store has it
new       it is copied
better    it takes the place of one that failed, is damaged, or has fewer of the same episodes
verified  the store has it; entries of its verification are added
stays     what the store has is better
differs   both are results, with other scores: the store's stays, and a person has to look
damaged   it can't be read
busy      somebody works on the store's
"""


@dataclass(frozen=True)
class Judgement:
    """`why` is empty where the action says it all. `record` is what the store should hold, where that is to change."""

    action: Action
    why: str = ""
    record: Record | None = None


def judge(run: StoredRun, there: StoredRun | None) -> Judgement:
    """What should become of `run`, given what the store has in its place. Reads both, changes nothing."""
    if run.record is None:
        return Judgement("damaged", run.problem or "")
    if there is not None and there.record is not None:
        if there.record.status == "ok" != run.record.status:
            return Judgement("stays", f"{run.record.status}; the one there is ok")
        if there.record.status == run.record.status and there.record.scores == run.record.scores:
            return _agreeing(run.record, there.record)
        if run.record.status != "ok":
            return Judgement("stays", f"{run.record.status}; the one there is {there.record.status}")
    try:
        scores = _scores(run)
    except BenchError as error:
        return Judgement("damaged", error.message)
    record = run.record.model_copy(update={"command": portable(run.record.command)})
    if there is None:
        return Judgement("new", record=record)
    if there.record is None:
        return Judgement("better", f"the one there is damaged: {there.problem}", record)
    if there.record.status != "ok":
        return Judgement("better", f"the one there is {there.record.status}", record)
    try:
        others = _scores(there)
    except BenchError as error:
        return Judgement("better", f"the one there is damaged: {error.message}", record)
    if scores is None or others is None:
        return Judgement("differs", "one of them has no scores")
    if why := _difference(scores, others):
        return Judgement("differs", why)
    if len(scores) <= len(others):
        return Judgement("stays", f"{len(scores):,} of the same episodes; the one there has {len(others):,}")
    why = f"{len(scores):,} episodes; the one there has the first {len(others):,}"
    return Judgement("better", why, _with_both_verifications(record, there.record))


def _agreeing(record: Record, there: Record) -> Judgement:
    """The scores are the same."""
    both = _with_both_verifications(there, record)
    if (more := len(both.verification) - len(there.verification)) == 0:
        return Judgement("same")
    return Judgement("verified", f"{more} more {'entry' if more == 1 else 'entries'}", both)


def _with_both_verifications(record: Record, other: Record) -> Record:
    """By date: readers take the last outcome of a level."""
    entries = [*record.verification, *(entry for entry in other.verification if entry not in record.verification)]
    entries.sort(key=lambda entry: str(entry.get("date", "")))
    return record.model_copy(update={"verification": entries})


def _scores(run: StoredRun) -> pd.DataFrame | None:
    """The scores of a run whose files are those of its record; BenchError says what is wrong."""
    assert run.record is not None
    weights = run.path / CHECKPOINT
    if run.record.checkpoint is not None and weights.is_file() and not has_weights(run.path, run.record):
        raise Mismatch(f"{weights} is not the checkpoint that was scored.")
    return None if run.record.scores is None else RunStore(run.path).read_scores(run.path, run.record)


def _difference(scores: pd.DataFrame, others: pd.DataFrame) -> str:
    """The first episode that both have otherwise, and how many there are; '' where none is. Bit for bit."""
    n = min(len(scores), len(others))
    differing: set[int] = set()
    for name in (name for name in scores.columns if name in others.columns):
        a, b = scores[name].to_numpy()[:n], others[name].to_numpy()[:n]
        if name != CLASSES and same_bits(a, b):
            continue
        differing |= {i for i, (x, y) in enumerate(zip(a, b, strict=True)) if not same_bits(x, y)}
    if not differing:
        return ""
    first = min(differing)
    mine, theirs = (float(frame["score"].iloc[first]) for frame in (scores, others))
    told = f"score {mine!r}, there {theirs!r}" if mine != theirs else "another column"
    return f"{len(differing):,} of {n:,} episodes are otherwise, first episode {first}: {told}"
