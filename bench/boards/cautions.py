"""What a comparison must not be taken for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.boards.contestants import Contestant
from bench.boards.rows import ALGORITHM_SEEDS, OFFICIAL_EPISODES


def cautions(found: Sequence[Contestant], seeds: Sequence[int] | None) -> Iterator[str]:
    """One sentence per reason for care, none for a clean comparison of algorithms."""
    if few := [f"{c.name} ({len(c.records)})" for c in found if c.checkpoints]:
        yield (
            f"Checkpoints, not algorithms: {', '.join(few)} with fewer than {ALGORITHM_SEEDS} seeds. Intervals and "
            "p-values speak of these trainings; other seeds may turn them around."
        )
    if len({c.mode for c in found}) > 1:
        seeing = ", ".join(c.name for c in found if c.mode == "transductive")
        yield f"Inductive and transductive learners are mixed: {seeing} may look at all queries of an episode at once."
    external = [c.name for c in found if c.record.protocol.external_data or c.record.protocol.saw_test_classes]
    if 0 < len(external) < len(found):
        yield f"Not the same training data: {', '.join(external)} saw data beyond the suite's."
    if oracles := [f"{c.name} knows {c.record.algorithm.knows}" for c in found if c.record.algorithm.knows]:
        yield f"Bounds, not competitors: {'; '.join(oracles)}."
    if short := [f"{c.name} ({c.record.budget})" for c in found if c.trains and c.record.budget != "full"]:
        yield f"Not trained to the end: {', '.join(short)}."
    if not all(record.suite.pinned for c in found for record in c.records):
        yield "Unpinned: the episodes or the data are not those pinned for the suite."
    if (episodes := found[0].scores.shape[1]) < OFFICIAL_EPISODES:
        yield f"{episodes:,} common episodes; boards take {OFFICIAL_EPISODES:,}."
    if floored := [c.name for c in found if any(m.floored for r in c.records for m in r.metrics[:1])]:
        yield f"Some episodes of {', '.join(floored)} scored the suite's floor: their predictions were not finite."
    if seeds is not None:
        yield "Seeds were chosen with --seeds; a board uses all there are."
