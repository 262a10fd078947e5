"""The statistics of a page in four lines, for readers who will not open docs/statistics.md."""

from __future__ import annotations

from bench.boards.rows import ALGORITHM_SEEDS, OFFICIAL_EPISODES
from bench.boards.score import SMALL_POOL


def notes(reference: str, bound: str) -> list[str]:
    """Score, rank, difference, new classes: what each claims, as markdown. Names are markdown too, "" for none."""
    to = [f"to {reference}, named before looking"] if reference else []
    to += [f"to {bound}, a bound"] if bound else []
    return [
        f"Score: mean over the first {OFFICIAL_EPISODES:,} test episodes and all seeds, ± half of a closed 95 % "
        f"interval: other episodes of this pool and, from {ALGORITHM_SEEDS} seeds on, other trainings. Checkpoints "
        "(fewer seeds) speak of these trainings only. [low, high]: not symmetric (bootstrap-t).",
        "Rank 2 (1-3): second by the mean, places 1 to 3 are not ruled out (all pairs of the section on the same "
        "episodes, Holm-corrected). Bold: first place is not ruled out. No rank: checkpoints, bounds, older sources, "
        "a row alone.",
        f"Differences {' and '.join(to)}{' ' if to else ''}are paired, episode by episode, with 95 % intervals of "
        "their own; that two separate intervals overlap says little. Other pairs: `bench compare`.",
        f"On new classes: the open interval (leaving out one class at a time), shown where it is wider and the pool "
        f"has at most {SMALL_POOL} classes. Formulas, and how often each claim holds: docs/statistics.md.",
    ]
