"""How much a comparison takes: planned before runs are made (`bench plan`), or what an undecided one still lacks."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.boards.board.domain_facts import unit_facts
from bench.boards.board.ranking import Matrix, comparable, small_pool
from bench.boards.board.rows import ALGORITHM_SEEDS, MetricSpec
from bench.boards.compare.compared import Compared, find_compared
from bench.boards.compare.sharpened import SharpenedDifference, sharpened_difference
from bench.errors import UsageError
from bench.stats import (
    PREFIXES,
    Comparison,
    Interval,
    PilotVariances,
    Plan,
    episodes_needed,
    episodes_needed_with_controls,
    open_interval,
    pilot_variances,
    plan,
    t_interval,
)

# Standard deviations of accuracy differences per episode, in points, that pairs of learners usually have.
USUAL_SDS = ((3.0, "same backbone, two heads"), (4.5, "in between"), (6.0, "different families"))


@dataclass(frozen=True)
class CheckpointPlan:
    """Episodes to compare one training of each, for a standard deviation of their difference (unit of delta)."""

    sd: float
    about: str
    episodes: int


@dataclass(frozen=True)
class ComparisonPlan:
    """Episodes and seeds for a true difference of `delta` to be found with probability `power`.

    unit : of delta and of every sd: "points" for accuracies, "times" for errors, else the metric's own
    pilot : standard deviations of an episode's, a training's and a cell's effect on the difference; None where
        there are no pilot runs, or too few seeds
    of_errors : delta is a ratio, and every sd one of natural logarithms
    algorithms : fewest seeds a learner at each number of episodes; empty where `pilot` is None
    """

    delta: float
    unit: str
    power: float
    level: float
    learners: tuple[str, ...]
    pilot: dict[str, float] | None
    checkpoints: tuple[CheckpointPlan, ...]
    algorithms: tuple[Plan, ...]
    note: str
    of_errors: bool = False


def plan_from_sds(delta: float, power: float, level: float) -> ComparisonPlan:
    """Without pilot runs: episodes for the usual spreads of accuracy differences; `delta` in points."""
    rows = tuple(CheckpointPlan(sd, about, episodes_needed(sd, delta, power, level)) for sd, about in USUAL_SDS)
    note = "Usual spreads. With runs of both learners: bench plan A B --suite S --delta ... says how many seeds, too."
    return ComparisonPlan(delta, "points", power, level, (), None, rows, (), note)


def plan_from_runs(
    roots: Sequence[Path],
    suite: str,
    asked: Sequence[str],
    delta: float,
    power: float,
    level: float,
    metric: str | None,
) -> ComparisonPlan:
    """From pilot runs of two learners; `delta` in points for accuracies, a ratio for errors (1.1 or 0.9), else in the
    metric's unit.

    Errors: UsageError unless two rows are named that differ on some episode; those of `find_compared`.
    """
    if len(asked) != 2:
        raise UsageError(f"Expected two learners with runs on {suite}; found {len(asked)}.", "bench plan A B --suite S")
    (a, b), spec = find_compared(roots, suite, asked, metric, None)
    unit = unit_facts(spec.unit)
    reach = _log_ratio(delta) if spec.skewed else delta
    few = [c.name for c in (a, b) if c.checkpoints]
    pilot = _of_episodes(
        pilot_variances(unit.scale * _pilot_scores(a), unit.scale * _pilot_scores(b)), units_of=spec.per_unit
    )
    cell = math.sqrt(pilot.episode + pilot.interaction)  # of one training's difference on one episode
    if cell == 0.0:
        raise UsageError(f"{a.name} and {b.name} have the same scores.", "There is nothing to plan.")
    one_training = a.scores[0] - b.scores[0]
    sharpened = sharpened_difference(roots, (a.record, b.record), one_training, spec.name)
    return ComparisonPlan(
        delta=delta,
        unit="times" if spec.skewed else unit.difference,
        power=power,
        level=level,
        learners=(a.name, b.name),
        pilot=None if few else {name: math.sqrt(variance) for name, variance in asdict(pilot).items()},
        checkpoints=(
            CheckpointPlan(cell, "one training of each", episodes_needed(cell, reach, power, level)),
            *_with_controls(sharpened, cell, reach, power, level),
        ),
        algorithms=() if few else tuple(plan(pilot, reach, power, level)),
        note=_note(a, b, few, spec) + (f" Sharpened by {sharpened.text}." if sharpened else ""),
        of_errors=spec.skewed,
    )


def _with_controls(
    found: SharpenedDifference | None, cell: float, delta: float, power: float, level: float
) -> Iterator[CheckpointPlan]:
    """The row of a comparison that others sharpen, where some do."""
    if found is not None:
        episodes = episodes_needed_with_controls(cell, found.unexplained, found.episodes, delta, power, level)
        sd = math.sqrt(found.unexplained) * cell
        others = "1 other" if len(found.controls) == 1 else f"{len(found.controls)} others"
        yield CheckpointPlan(sd, f"sharpened by {others}", episodes)


def _log_ratio(ratio: float) -> float:
    """Errors are compared on logarithms: how far apart a ratio of two is there, in either direction."""
    if not (math.isfinite(ratio) and ratio > 0 and ratio != 1):
        raise UsageError(f"Expected the ratio of two errors, above 0 and not 1; found {ratio:g}.", "--delta 1.1")
    return abs(math.log(ratio))


def _of_episodes(pilot: PilotVariances, units_of: int) -> PilotVariances:
    """What one episode adds to a variance, from what a unit of several does: plans count episodes."""
    return replace(pilot, episode=units_of * pilot.episode, interaction=units_of * pilot.interaction)


def _pilot_scores(compared: Compared) -> Matrix:
    """[seeds, units], or one training's [units]: the average of two would vary less than a training does."""
    return compared.scores[0] if compared.checkpoints else comparable(compared.scores)


def _note(a: Compared, b: Compared, few: Sequence[str], metric: MetricSpec) -> str:
    if few:
        return (
            f"{' and '.join(few)}: fewer than {ALGORITHM_SEEDS} seeds, so nothing is known about how trainings differ. "
            "The plan is for these checkpoints; run more seeds to plan for the algorithms."
        )
    seeds = max((len(c.seeds) for c in (a, b) if c.trains), default=0)
    rest = (
        f" {seeds} seeds give only the order of magnitude of their spread." if 0 < seeds < 2 * ALGORITHM_SEEDS else ""
    )
    return (
        f"Pilot: {a.episodes:,} episodes of {metric.name}.{rest} Fix the numbers before looking at "
        f"results; runs may score up to {max(PREFIXES):,} episodes."
    )


def advice(pairs: Sequence[Comparison], by_name: Mapping[str, Compared], alpha: float) -> str:
    """What to add so that the closest pair can be told apart: seeds, episodes or classes."""
    undecided = [pair for pair in pairs if pair.p_holm > alpha]
    if not undecided:
        return f"Every pair is told apart at the {100 * alpha:g} % level after Holm's correction."
    closest = max(undecided, key=lambda pair: pair.p_holm)
    a, b = by_name[closest.a], by_name[closest.b]
    start = f"{a.name} and {b.name} are not told apart (p = {closest.p_holm:.2f})."
    if closest.difference.sd == 0.0:
        return f"{start} Their scores are the same."
    if few := [compared.name for compared in (a, b) if compared.checkpoints]:
        return f"{start} Add seeds to {' and '.join(few)}: one or two trainings say nothing about the next."
    parts = difference_parts(a, b)
    known = f"bench plan {shlex.quote(a.name)} {shlex.quote(b.name)} --suite {a.record.suite.name} --delta ..."
    return f"{start} {_what_to_add(parts)} How many: {known}"


def difference_parts(a: Compared, b: Compared) -> dict[str, float]:
    """Variance of the mean difference, in squared score units, by what would reduce it.

    "seeds" and "episodes" make up the closed interval (with unequal numbers of seeds the smaller one counts for both);
    "classes", where the pool is small, comes on top for claims about new ones.
    """
    pilot = pilot_variances(comparable(a.scores), comparable(b.scores))
    units = a.scores.shape[1]
    seeds = min((len(c.scores) for c in (a, b) if len(c.scores) > 1), default=1)
    between_seeds = pilot.seed / seeds + pilot.interaction / (seeds * units)
    parts = {"seeds": between_seeds, "episodes": pilot.episode / units}
    if new_classes := on_new_classes(a, b):
        parts["classes"] = max(new_classes.se**2 - t_interval(_seed_averaged(a, b)).se ** 2, 0.0)
    return parts


def on_new_classes(a: Compared, b: Compared) -> Interval | None:
    """The open interval of the seed-averaged differences; None for large pools."""
    clusters = small_pool(a.classes, a.ids_per_class)
    if clusters is None or a.classes is None:
        return None
    return open_interval(_seed_averaged(a, b), a.classes, clusters)


def _seed_averaged(a: Compared, b: Compared) -> Matrix:
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
