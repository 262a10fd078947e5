"""How much a comparison will take, from the runs there are: `bench plan`. Asked before the runs are made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.boards.contestants import Contestant, find_contestants
from bench.boards.rows import ALGORITHM_SEEDS, MetricSpec
from bench.boards.score import Matrix, comparable
from bench.boards.tables import Table
from bench.errors import UsageError
from bench.stats import PREFIXES, Plan, episodes_needed, pilot_variances, plan

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

    unit : of delta and of every sd: "points" for accuracies, else the metric's own
    pilot : standard deviations of an episode's, a training's and a cell's effect on the difference; None where
        there are no pilot runs, or too few seeds
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
    """From pilot runs of two learners; `delta` in points for accuracies, else in the metric's unit.

    Errors: UsageError unless two rows are named that differ on some episode; those of `find_contestants`.
    """
    if len(asked) != 2:
        raise UsageError(f"Expected two learners with runs on {suite}; found {len(asked)}.", "bench plan A B --suite S")
    (a, b), spec = find_contestants(roots, suite, asked, metric, None)
    scale = 100.0 if spec.unit == "fraction" else 1.0
    few = [c.name for c in (a, b) if c.checkpoints]
    pilot = pilot_variances(scale * _pilot_scores(a), scale * _pilot_scores(b))
    cell = math.sqrt(pilot.episode + pilot.interaction)  # of one training's difference on one episode
    if cell == 0.0:
        raise UsageError(f"{a.name} and {b.name} have the same scores.", "There is nothing to plan.")
    return ComparisonPlan(
        delta=delta,
        unit="points" if spec.unit == "fraction" else spec.unit,
        power=power,
        level=level,
        learners=(a.name, b.name),
        pilot=None if few else {name: math.sqrt(variance) for name, variance in asdict(pilot).items()},
        checkpoints=(CheckpointPlan(cell, "one training of each", episodes_needed(cell, delta, power, level)),),
        algorithms=() if few else tuple(plan(pilot, delta, power, level)),
        note=_note(a, b, few, spec),
    )


def plan_tables(found: ComparisonPlan) -> list[Table]:
    """Episodes for two checkpoints, and seeds by episodes for two algorithms."""
    who = " and ".join(found.learners) or "accuracy"
    tables = [
        Table(
            f"Checkpoints, {who}: to find {found.delta:g} {found.unit}",
            (f"sd of the difference, {found.unit}", "", f"episodes, power {found.power:.0%}"),
            (True, False, True),
            tuple((f"{row.sd:.3g}", row.about, f"{row.episodes:,}") for row in found.checkpoints),
        )
    ]
    if found.algorithms:
        tables.append(
            Table(
                "Algorithms: seeds each",
                ("episodes", f"seeds, power {found.power:.0%}"),
                (True, True),
                tuple((f"{p.episodes:,}", "over 100" if p.seeds is None else str(p.seeds)) for p in found.algorithms),
            )
        )
    return tables


def plan_json(found: ComparisonPlan) -> dict[str, Any]:
    """The plan in the unit it names; seeds are null where no 100 are enough."""
    return {
        "delta": found.delta,
        "unit": found.unit,
        "power": found.power,
        "level": found.level,
        "learners": list(found.learners),
        "pilot_sd": found.pilot,
        "checkpoints": [{"sd": c.sd, "about": c.about, "episodes": c.episodes} for c in found.checkpoints],
        "algorithms": [{"episodes": p.episodes, "seeds": p.seeds} for p in found.algorithms],
        "note": found.note,
    }


def _pilot_scores(contestant: Contestant) -> Matrix:
    """[seeds, episodes], or one training's [episodes]: the average of two would vary less than a training does."""
    return contestant.scores[0] if contestant.checkpoints else comparable(contestant.scores)


def _note(a: Contestant, b: Contestant, few: Sequence[str], metric: MetricSpec) -> str:
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
        f"Pilot: {a.scores.shape[1]:,} episodes of {metric.name}.{rest} Fix the numbers before looking at "
        f"results; runs may score up to {max(PREFIXES):,} episodes."
    )
