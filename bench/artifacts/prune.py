"""Which weights stay beside published records: those of each row's first seed, and others while there is room."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.artifacts.place import Place, open_address
from bench.artifacts.weights import Weights, find_weights
from bench.boards.board.admission import setting
from bench.records.files import explain
from bench.records.names import BUNDLE
from bench.records.store import RECIPE


@dataclass(frozen=True)
class Pruned:
    """Weights below a root in the order in which they are kept. Bytes are those that the records state.

    first : of the first seed of their row, or of a packed run, whose files are listed by their hashes: always kept
    kept : others that fit
    removed : others that don't, and that a store has
    stranded : others that don't, kept because no store has them
    """

    first: tuple[Weights, ...]
    kept: tuple[Weights, ...]
    removed: tuple[Weights, ...]
    stranded: tuple[Weights, ...]

    @property
    def bytes_left(self) -> int:
        return sum(weights.recorded.bytes for weights in (*self.first, *self.kept, *self.stranded))


def prune(root: Path, limit: int, place: Place | None = None, dry_run: bool = False) -> Pruned:
    """Delete weights below `root` until at most `limit` bytes are left; the same ones wherever it is done.

    place : a store that may have them, besides those that the records name

    Second seeds go before third ones, small files before large ones. Nothing is deleted that can't be fetched again:
    the stores are asked first. Raises StoreError where one can't be reached or a file can't be deleted.
    """
    first, others = in_order(weights for weights in find_weights([root]) if weights.here)
    left = limit - sum(weights.recorded.bytes for weights in first)
    kept: list[Weights] = []
    beyond: list[Weights] = []
    for weights in others:
        fits = weights.recorded.bytes <= left
        left -= weights.recorded.bytes if fits else 0
        (kept if fits else beyond).append(weights)
    safe = _elsewhere(beyond, place)
    removed = [weights for weights in beyond if weights.run in safe]
    for weights in () if dry_run else removed:
        try:
            weights.file.unlink()
        except OSError as error:
            raise explain(error, weights.file) from error
    stranded = [weights for weights in beyond if weights.run not in safe]
    return Pruned(tuple(first), tuple(kept), tuple(removed), tuple(stranded))


def in_order(found: Iterable[Weights]) -> tuple[list[Weights], list[Weights]]:
    """Those that are always kept, then the others in the order in which there is room for them."""
    rows: defaultdict[tuple[str, ...], list[Weights]] = defaultdict(list)
    first: list[Weights] = []
    others: list[tuple[int, int, Path, Weights]] = []
    for weights in found:
        if (weights.run / BUNDLE).exists():
            first.append(weights)
        elif weights.record.status != "ok" or weights.record.budget != "full":  # of no row
            others.append((2**31, weights.recorded.bytes, weights.run, weights))
        else:
            rows[_row(weights)].append(weights)
    for row in rows.values():
        row.sort(key=lambda weights: (-1 if weights.record.seed is None else weights.record.seed, weights.record.key))
        first.append(row[0])
        others += [(rank, weights.recorded.bytes, weights.run, weights) for rank, weights in enumerate(row) if rank]
    return first, [weights for *_, weights in sorted(others, key=lambda entry: entry[:3])]


def _row(weights: Weights) -> tuple[str, ...]:
    """Weights of one row, as boards make rows, differ in their seed only."""
    record, recipe = weights.record, weights.run / RECIPE
    suite = (record.suite.name, str(record.suite.version))
    resolved = recipe.read_text(encoding="utf-8") if recipe.is_file() else ""
    return (*suite, *setting(record), record.algorithm.source_sha256, resolved)


def _elsewhere(wanted: Sequence[Weights], place: Place | None) -> set[Path]:
    """Runs whose weights a store has."""
    safe: set[Path] = set()
    if place is not None:
        names = place.has([weights.name for weights in wanted])
        safe = {weights.run for weights in wanted if weights.name in names}
    named: defaultdict[str, dict[str, Path]] = defaultdict(dict)
    for weights in wanted:
        if weights.run not in safe and weights.recorded.uri:
            named[weights.recorded.uri.rpartition("/")[0]][weights.recorded.uri] = weights.run
    for addresses in named.values():
        opened = {open_address(uri): run for uri, run in addresses.items()}
        store = next(iter(opened))[0]
        there = store.has([name for _, name in opened])
        safe |= {run for (_, name), run in opened.items() if name in there}
    return safe
