"""Which runs a board takes, and why it leaves the others out. Nothing is dropped without a reason.

A board takes a run that is ok, at budget full, on the pinned episodes and data of the suite's newest version, with at
least the official number of episodes and scores that are those the record was written with. Runs of older sources
stay, flagged on their rows, or count for the newest source where that answered the same. Every seed counts: nobody
chooses among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from bench.boards.board.facts import Checker
from bench.boards.board.loaded import Answers
from bench.boards.board.memo import Memo
from bench.boards.board.rows import OFFICIAL_EPISODES, LeftOut, learner_of
from bench.boards.board.sources import Generations, Level, as_newest, later_sources_first, newest_sources
from bench.errors import Mismatch, StoreError
from bench.records import Record, RunStore, StoredRun, each_run


@dataclass(frozen=True)
class Admitted:
    """A run on the board: its record, its scores over the official prefix, and the digest of its resolved recipe.

    record : as one of the learner's newest source where that answered the same; `made_with` is the source that ran
    floored : official episodes that scored the suite's floor
    carried_over : how that is known (see `board.sources`); None for a run of the source that it counts for
    """

    record: Record
    answers: Answers
    floored: int
    recipe_sha256: str
    made_with: str
    carried_over: Level | None = None

    @cached_property
    def setting(self) -> tuple[str, ...]:
        return setting(self.record)


@dataclass(frozen=True)
class Sorted:
    """All stored runs of one suite. `failed` are the runs at full budget that ended without a score."""

    admitted: tuple[Admitted, ...]
    left_out: tuple[LeftOut, ...]
    failed: tuple[Record, ...]

    @cached_property
    def latest_recipe(self) -> dict[tuple[tuple[str, ...], str], str]:
        """(setting, source) -> the recipe that such a run had last: a named recipe's entries may change."""
        latest: dict[tuple[tuple[str, ...], str], Admitted] = {}
        for run in self.admitted:
            known = latest.setdefault(place := (run.setting, run.record.algorithm.source_sha256), run)
            if run.record.finished > known.record.finished:
                latest[place] = run
        return {place: run.recipe_sha256 for place, run in latest.items()}

    @cached_property
    def failed_of(self) -> dict[tuple[str, ...], list[Record]]:
        """Setting -> its failed runs, by seed."""
        found: dict[tuple[str, ...], list[Record]] = {}
        for record in sorted(self.failed, key=lambda run: (-1 if run.seed is None else run.seed, run.key)):
            found.setdefault(setting(record), []).append(record)
        return found


def sort_runs(roots: Sequence[Path], memo: Memo, official: int = OFFICIAL_EPISODES) -> dict[str, Sorted]:
    """Every run below the roots, by suite: admitted, or left out with the reason."""
    by_suite: dict[str, list[tuple[RunStore, StoredRun]]] = {}
    for store, run in each_run(roots):
        if run.record and run.record.status == "validated":  # no result, and none that failed
            continue
        by_suite.setdefault(run.place[0], []).append((store, run))
    checker = Checker(memo, official)
    found = {suite: _sort_suite(runs, checker) for suite, runs in sorted(by_suite.items())}
    newest = newest_sources(run.record for suite in found.values() for run in suite.admitted)
    return {suite: _with_carried_over(runs, newest) for suite, runs in found.items()}


def runs_by_row(admitted: Iterable[Admitted]) -> Iterator[list[Admitted]]:
    """Admitted runs grouped into rows, seeds in order."""
    groups: dict[tuple[str, ...], list[Admitted]] = {}
    for run in admitted:
        identity = (*run.setting, run.record.algorithm.source_sha256, run.recipe_sha256)
        groups.setdefault(identity, []).append(run)
    for identity in sorted(groups):
        yield sorted(groups[identity], key=lambda run: -1 if run.record.seed is None else run.record.seed)


def _sort_suite(runs: Sequence[tuple[RunStore, StoredRun]], checker: Checker) -> Sorted:
    official = checker.official
    eligible = [run.record for _, run in runs if run.record and not _own_reason(run.record, official)]
    newest = max(eligible, key=lambda record: (record.suite.pinned, record.suite.version, _age(record)), default=None)
    admitted: list[Admitted] = []
    left_out: list[LeftOut] = []
    for store, run in runs:
        if run.record is None:
            _, algo, key = run.place
            left_out.append(LeftOut(algo, "", None, key, _without_root(run.problem or "", store.root)))
            continue
        reason = _own_reason(run.record, official) or (other_episodes(run.record, newest) if newest else "")
        if not reason:
            try:
                answers, facts = checker.check(store, run.path, run.record)
                source = run.record.algorithm.source_sha256
                admitted.append(Admitted(run.record, answers, facts.floored, facts.recipe_sha256, made_with=source))
            except (Mismatch, StoreError) as error:
                reason = _without_root(error.message, store.root)
        if reason:
            left_out.append(_left_out(run.record, reason))
    kept, repeated = _one_per_seed(admitted)
    records = [run.record for _, run in runs if run.record]
    failed = [record for record in records if record.status != "ok" and record.budget == "full"]
    return Sorted(tuple(kept), _in_order([*left_out, *repeated]), tuple(failed))


def _with_carried_over(found: Sorted, newest: Generations) -> Sorted:
    """Runs that the newest source answered the same stand with its own, which come first where both have a seed."""
    admitted = []
    for run in found.admitted:
        taken = as_newest(run.record, newest)
        admitted.append(replace(run, record=taken.record, carried_over=taken.carried_over))
    kept, repeated = _one_per_seed(admitted)
    return replace(found, admitted=tuple(kept), left_out=_in_order([*found.left_out, *repeated]))


def _in_order(items: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    return tuple(sorted(items, key=lambda item: (item.learner, item.recipe, item.seed or 0, item.key)))


def _own_reason(record: Record, official: int) -> str:
    """Why this record can't be on any board, "" if it can."""
    if record.status != "ok":
        return f"{record.status}: {record.reason}" if record.reason else record.status
    if record.budget != "full":
        return f"budget {record.budget}: boards take budget full"
    if record.episodes < official:
        return f"{record.episodes:,} episodes: boards take at least {official:,}"
    if not record.metrics or record.scores is None:
        return "no scores"
    return ""


def other_episodes(record: Record, newest: Record) -> str:
    """Why a run can't stand beside the newest one of its suite, "" if it can."""
    mine, theirs = record.suite, newest.suite
    if theirs.pinned and not mine.pinned:
        return "unpinned: the episodes or the data are not those pinned for the suite"
    if mine.version != theirs.version:
        return f"suite version {mine.version}: the board shows version {theirs.version}"
    if mine.manifest_sha256 != theirs.manifest_sha256:
        return f"other episodes: manifest {mine.manifest_sha256[:12]}, the board has {theirs.manifest_sha256[:12]}"
    if mine.data_fingerprint != theirs.data_fingerprint:
        found, expected = str(mine.data_fingerprint)[:12], str(theirs.data_fingerprint)[:12]
        return f"other data: fingerprint {found}, the board has {expected}"
    if (ranked := record.metrics[0]).name != newest.metrics[0].name:
        return f"other ranked metric: {ranked.name}, the board has {newest.metrics[0].name}"
    return ""


def _one_per_seed(admitted: Iterable[Admitted]) -> tuple[list[Admitted], list[LeftOut]]:
    """A setting that was run twice for a seed counts once: of the runs of its latest source the first result stands.

    Later ones can't better it, and what an earlier source made gives way to what a later one made itself.
    """
    kept: dict[tuple[object, ...], Admitted] = {}
    repeated: list[LeftOut] = []
    for run in later_sources_first(admitted):
        identity = (*run.setting, run.record.algorithm.source_sha256, run.recipe_sha256, run.record.seed)
        if (first := kept.setdefault(identity, run)) is not run:
            why = "finished later" if run.made_with == first.made_with else "which a later source ran"
            repeated.append(_left_out(run.record, f"repeats {first.record.key}: same setting and seed, {why}"))
    return list(kept.values()), repeated


def setting(record: Record) -> tuple[str, ...]:
    """What makes a row beside its suite, source and resolved recipe: learner, recipe, options, precision, mode."""
    algorithm, protocol = record.algorithm, record.protocol
    return (
        *learner_of(record),
        record.recipe,
        *(f"{name}={value!r}" for name, value in sorted(algorithm.options.items())),
        record.precision,
        f"transductive={protocol.transductive}",
        f"external={sorted(protocol.external_data)}{protocol.saw_test_classes}",
        f"ensemble={protocol.test_time_ensemble}",
        *([f"weights={record.published_weights.name}"] if record.published_weights else []),
    )


def _age(record: Record) -> str:
    return record.finished  # RFC 3339 in UTC sorts as text


def _left_out(record: Record, reason: str) -> LeftOut:
    return LeftOut(str(learner_of(record)), record.recipe, record.seed, record.key, reason)


def _without_root(text: str, root: Path) -> str:
    """Problems name files in full; a page must read the same wherever it is generated."""
    return text.replace(f"{root}/", "")
