"""What boards know about kinds of suites, which is what their domains say, and about units. Nothing of it is elsewhere.

A kind or a unit that is not known has plain facts: no reference, class ids that are all different classes, numbers as
they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.boards.board.rows import Learner, MetricSpec
from bench.domains import all_domains
from bench.records import Metric, SuiteRef


@dataclass(frozen=True)
class UnitFacts:
    """How numbers of a unit are shown.

    shown : the unit on a page
    scale : what a record's number is multiplied with
    sign : of a shown score, as in "98.3 %"; "" for units too long to repeat, which stand above the table
    difference : the unit of a difference between two scores
    fine_digits, digits : decimals where the half-width is below 1, and above
    ceiling : in the records' unit; above it so few mistakes are left that an interval may be too narrow
    """

    shown: str
    scale: float = 1.0
    sign: str = ""
    difference: str = ""
    fine_digits: int = 3
    digits: int = 3
    ceiling: float = math.inf


_UNITS = {"fraction": UnitFacts("percent", 100.0, "%", "points", fine_digits=2, digits=1, ceiling=0.995)}

# The metric that is averaged over suites: it has one range and one meaning on all of them.
AVERAGED_METRIC = "accuracy"

# The units in which published numbers may be written: those that pages show.
ShownUnit = Literal["percent", "squared target unit", "nats per target point", "reward per trial"]


def references(kind: str) -> tuple[Learner, ...]:
    """Named before anybody looked, what a row's delta is measured against: the first one that the board has.

    kind : of suite, as records name it; one whose domain is not installed has none
    """
    domain = all_domains().get(kind)
    return tuple(Learner(Path(origin).stem, origin) for origin in domain.references) if domain else ()


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
    domain = all_domains().get(suite.kind)
    return domain.clusters(suite.name, suite.data_source) if domain else 1


def episodes_per_unit(suite: SuiteRef) -> int:
    """How many consecutive episodes of the suite may resemble each other; their means are independent."""
    domain = all_domains().get(suite.kind)
    return domain.unit(suite.name) if domain else 1


def metric_spec(metric: Metric, suite: SuiteRef) -> MetricSpec:
    """A record's metric on its suite. Whether it is an error is the domain's to say; of a domain that is not installed
    the records show it by their intervals, bootstrap-t."""
    domain = all_domains().get(suite.kind)
    try:
        skewed = domain.metric(metric.name).skewed if domain else metric.ci_method == "bootstrap-t"
    except KeyError:
        skewed = metric.ci_method == "bootstrap-t"
    return MetricSpec(metric.name, metric.unit, metric.higher_is_better, skewed, episodes_per_unit(suite))
