"""What boards know about kinds of suites and about units: one row of a table for each, and nothing of it elsewhere.

A kind or a unit that is not in a table has the plain facts of an unknown one: no reference, class ids that are all
different classes, numbers shown as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bench.boards.board.rows import Learner, MetricSpec, baseline
from bench.records import Metric, SuiteRef


def _one_class_an_id(suite: SuiteRef) -> int:
    return 1


def _quarter_turns(suite: SuiteRef) -> int:
    """On Omniglot the four quarter turns of a character have consecutive ids. A suite of Omniglot without turned
    classes is grouped as well: its open interval is then a little too wide, never too narrow."""
    return 4 if "omniglot" in f"{suite.name} {suite.data_source}".lower() else 1


@dataclass(frozen=True)
class KindFacts:
    """What is the same for all suites of a kind.

    references : named before anybody looked, what a row's delta is measured against: the first one the board has
    ids_per_class : how many consecutive class ids of a suite are one class
    """

    references: tuple[Learner, ...] = ()
    ids_per_class: Callable[[SuiteRef], int] = _one_class_an_id


@dataclass(frozen=True)
class UnitFacts:
    """How numbers of a unit are shown.

    shown : the unit on a page
    scale : what a record's number is multiplied with
    sign : of a shown score, as in "98.3 %"; "" for units too long to repeat, which stand above the table
    difference : the unit of a difference between two scores
    fine_digits, digits : decimals where the half-width is below 1, and above
    """

    shown: str
    scale: float = 1.0
    sign: str = ""
    difference: str = ""
    fine_digits: int = 3
    digits: int = 3


_KINDS = {
    "classification": KindFacts((baseline("nearest_centroid"),), _quarter_turns),
    "regression": KindFacts((baseline("chance"),)),
    # Gittins indices solve bandits and have no answer to other environments.
    "exploration": KindFacts((baseline("gittins"), baseline("random_policy"))),
}
_UNITS = {"fraction": UnitFacts("percent", 100.0, "%", "points", fine_digits=2, digits=1)}

# The metric that is averaged over suites: it has one range and one meaning on all of them.
AVERAGED_METRIC = "accuracy"

# The units in which published numbers may be written: those that pages show.
ShownUnit = Literal["percent", "squared target unit", "nats per target point", "reward per trial"]


def kind_facts(kind: str) -> KindFacts:
    """By the kind of suite that records name."""
    return _KINDS.get(kind, KindFacts())


def unit_facts(unit: str) -> UnitFacts:
    """By the unit that records name."""
    return _UNITS.get(unit, UnitFacts(unit, difference=unit))


def shown_facts(shown: str) -> UnitFacts:
    """By the unit that pages show.

    >>> shown_facts("percent").scale, shown_facts("reward per trial").scale
    (100.0, 1.0)
    """
    return next((facts for facts in _UNITS.values() if facts.shown == shown), unit_facts(shown))


def ids_per_class(suite: SuiteRef) -> int:
    """How many consecutive class ids of the suite are one class seen in several ways."""
    return kind_facts(suite.kind).ids_per_class(suite)


def metric_spec(metric: Metric) -> MetricSpec:
    """A record's metric. Errors are skewed: their records were written with bootstrap-t intervals, which say so."""
    return MetricSpec(metric.name, metric.unit, metric.higher_is_better, metric.ci_method == "bootstrap-t")
