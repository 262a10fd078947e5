"""What would narrow a comparison: more seeds, more episodes, or more classes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from bench.boards.contestants import Contestant
from bench.boards.score import Matrix, comparable, small_pool
from bench.stats import Comparison, Interval, open_interval, pilot_variances, t_interval


def advice(pairs: Sequence[Comparison], by_name: Mapping[str, Contestant], alpha: float) -> str:
    """What to add so that the closest pair can be told apart: seeds, episodes or classes."""
    undecided = [pair for pair in pairs if pair.p_holm > alpha]
    if not undecided:
        return f"Every pair is told apart at the {100 * alpha:g} % level after Holm's correction."
    closest = max(undecided, key=lambda pair: pair.p_holm)
    a, b = by_name[closest.a], by_name[closest.b]
    start = f"{a.name} and {b.name} are not told apart (p = {closest.p_holm:.2f})."
    if closest.difference.sd == 0.0:
        return f"{start} Their scores are the same."
    if few := [contestant.name for contestant in (a, b) if contestant.checkpoints]:
        return f"{start} Add seeds to {' and '.join(few)}: one or two trainings say nothing about the next."
    parts = difference_parts(a, b)
    known = f"bench plan {shlex.quote(a.name)} {shlex.quote(b.name)} --suite {a.record.suite.name} --delta ..."
    return f"{start} {_what_to_add(parts)} How many: {known}"


def difference_parts(a: Contestant, b: Contestant) -> dict[str, float]:
    """Variance of the mean difference, in squared score units, by what would reduce it.

    "seeds" and "episodes" make up the closed interval (with unequal numbers of seeds the smaller one counts for both);
    "classes", where the pool is small, comes on top for claims about new ones.
    """
    pilot = pilot_variances(comparable(a.scores), comparable(b.scores))
    episodes = a.scores.shape[1]
    seeds = min((len(c.scores) for c in (a, b) if len(c.scores) > 1), default=1)
    between_seeds = pilot.seed / seeds + pilot.interaction / (seeds * episodes)
    parts = {"seeds": between_seeds, "episodes": pilot.episode / episodes}
    if new_classes := on_new_classes(a, b):
        parts["classes"] = max(new_classes.se**2 - t_interval(_seed_averaged(a, b)).se ** 2, 0.0)
    return parts


def on_new_classes(a: Contestant, b: Contestant) -> Interval | None:
    """The open interval of the seed-averaged differences; None for large pools."""
    clusters = small_pool(a.classes, a.turns)
    if clusters is None or a.classes is None:
        return None
    return open_interval(_seed_averaged(a, b), a.classes, clusters)


def _seed_averaged(a: Contestant, b: Contestant) -> Matrix:
    averaged: Matrix = a.scores.mean(axis=0) - b.scores.mean(axis=0)
    return averaged


def _what_to_add(parts: dict[str, float]) -> str:
    pool = {source: value for source, value in parts.items() if source != "classes"}
    largest = max(pool, key=lambda source: pool[source])
    share = pool[largest] / sum(pool.values()) if sum(pool.values()) else 1.0
    text = f"Add {largest}: {100 * share:.0f} % of the variance of their difference comes from there."
    if (classes := parts.get("classes", 0.0)) > pool[largest]:
        share = classes / sum(parts.values())
        text += f" For claims about new classes add classes: they would carry {100 * share:.0f} %."
    return text
