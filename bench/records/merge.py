"""Joining stores: runs that were made on several machines, in one place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import UsageError
from bench.records.classes import share_files
from bench.records.files import RECORD, explain, record_bytes, replace_file
from bench.records.judge import Judgement, judge
from bench.records.lease import Busy, lease
from bench.records.names import LEASE
from bench.records.store import RunStore, StoredRun


@dataclass(frozen=True)
class Merged:
    """One run of a source, and what came of it (`judge.Action`)."""

    run: StoredRun
    outcome: Judgement


def merge(sources: Sequence[Path], into: Path, dry_run: bool = False) -> Iterator[Merged]:
    """Bring the runs of stores into another, one after the other, each as a whole and under its lease.

    dry_run : only say what would come of each

    Raises UsageError for a source that is no directory or the target itself, and StoreError where the target can't be
    written; what was said until then is done.
    """
    for source in sources:
        if not source.is_dir():
            raise UsageError(f"There is no directory {source}.", "Name the directories of records to bring together.")
        if source.resolve() == into.resolve():
            raise UsageError(f"{source} is the target itself.", "Name other directories of records.")
    target = RunStore(into)
    planned: dict[tuple[str, str, str], StoredRun] = {}
    for source in sources:
        if not dry_run:
            _merge_classes(source, into)
        for run in RunStore(source).runs():
            try:
                outcome = (
                    judge(run, planned.get(run.place) or target.at(*run.place)) if dry_run else _bring(run, target)
                )
            except UsageError as error:  # a name that can't be a directory's
                outcome = Judgement("damaged", error.message)
            if dry_run and outcome.action in ("new", "better"):
                planned[run.place] = run
            yield Merged(run, outcome)


def _bring(run: StoredRun, target: RunStore) -> Judgement:
    outcome = judge(run, target.at(*run.place))
    if outcome.record is None:
        return outcome
    place = target.path(*run.place)
    try:
        with lease(place.with_name(LEASE + place.name)):
            outcome = judge(run, there := target.at(*run.place))  # its owner may just have finished
            if outcome.record is None:
                return outcome
            if outcome.action == "verified":
                replace_file(place / RECORD, record_bytes(outcome.record))
            else:
                target.adopt(run.path, outcome.record, there.path if there else None)
    except Busy as busy:
        return Judgement("busy", str(busy))
    except OSError as error:
        raise explain(error, place) from error
    return outcome


def _merge_classes(source: Path, into: Path) -> None:
    for folder in sorted(path for path in source.iterdir() if path.is_dir()):
        try:
            share_files(folder, into / folder.name)
        except OSError as error:
            raise explain(error, into / folder.name) from error
