"""One run's metrics as text: of an error the geometric mean that boards rank by, beside the mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bench.boards.board.domain_facts import metric_spec
from bench.boards.board.loaded import load_run
from bench.boards.board.ranking import error_summary, plain_mean
from bench.boards.board.rows import MetricSpec
from bench.boards.render.formats import mean_text, metric_header, score_text
from bench.boards.render.table import NONE
from bench.errors import Mismatch, StoreError
from bench.records import Metric, Record, RunStore
from bench.stats import Interval


@dataclass(frozen=True)
class MetricText:
    """A metric of one checkpoint with 95 % closed intervals; `geometric` is "—" for what is no error.

    of_mean, of_geometric : the same as numbers in the record's unit; None where the text has no interval
    """

    name: str
    mean: str
    geometric: str
    of_mean: Interval | None = None
    of_geometric: Interval | None = None

    @property
    def ranked(self) -> str:
        """The number that boards rank by, with its name: `accuracy, % 98.27 ± 0.14`, `mse 0.057 [0.052, 0.062]`."""
        return f"{self.name} {self.mean}" if self.geometric == NONE else f"{self.name}, geometric mean {self.geometric}"


def _recorded(metric: Metric) -> Interval:
    low, high = metric.ci95
    return Interval(metric.mean, low, high, metric.se, metric.sd, metric.n, metric.ci_method)


def metric_texts(store: RunStore, path: Path, record: Record) -> list[MetricText]:
    """The record's metrics in its order. Errors, and intervals over blocks, are recomputed from the scores."""
    specs = [_spec(metric, record) for metric in record.metrics]
    scores = {}
    if any(spec.skewed or spec.per_unit > 1 for spec in specs):
        try:
            scores = load_run(store, path, record, record.episodes).scores
        except (Mismatch, StoreError):  # `bench verify` says what is wrong with them
            scores = {}
    texts = []
    for metric, spec in zip(record.metrics, specs, strict=True):
        header = metric_header(spec)
        if not spec.skewed and spec.per_unit > 1 and spec.name in scores:
            blocks = plain_mean(scores[spec.name][None], spec)
            texts.append(MetricText(header, score_text(blocks, spec.unit), NONE, blocks))
        elif not spec.skewed:
            texts.append(MetricText(header, score_text(_recorded(metric), spec.unit), NONE, _recorded(metric)))
        elif spec.name in scores:
            own = scores[spec.name][None]
            errors = error_summary(own, spec)
            plain = plain_mean(own, spec)
            mean = mean_text(spec, plain, errors)
            if errors.top.heavy:
                mean += f", {errors.top.share:.0%} of it in 1% of the episodes"
            geometric = score_text(errors.geometric, spec.unit)
            texts.append(MetricText(header, mean, geometric, None if errors.top.heavy else plain, errors.geometric))
        else:
            texts.append(MetricText(header, f"{metric.mean:.3f}", NONE))
    return texts


def _spec(metric: Metric, record: Record) -> MetricSpec:
    """The metric as boards have it; a run that ends within a block is shown as it is recorded, episode by episode."""
    spec = metric_spec(metric, record.suite)
    ends_within = record.episodes % spec.per_unit or record.episodes < 2 * spec.per_unit
    return replace(spec, per_unit=1) if ends_within else spec
