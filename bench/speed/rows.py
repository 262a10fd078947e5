"""A measurement as rows of numbers, the same for one as for two side by side. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass

from bench.speed.result import Speed, Spread


@dataclass(frozen=True)
class Row:
    """value : None where it can't be measured; low, high : None where it was measured once

    form : "number", "count" (of operations) or "percent"
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    form: str = "number"

    @property
    def text(self) -> str:
        return shown(self.value, self.form)


def number_rows(speed: Speed) -> list[Row]:
    """Of training if there is one, of evaluation, and of the process and the machine."""
    training, evaluation, noun = speed.training, speed.evaluation, speed.subject.noun
    one = noun.removesuffix("s")
    rows = []
    if training is not None:
        rows = [
            _spread("training, steps/s", training.steps_per_s),
            _spread(f"training, {noun}/s", training.episodes_per_s),
            Row(f"training, FLOPs of one {one}", speed.flops.training, form="count"),
            Row("training, of the matmul peak", speed.training_share, form="percent"),
        ]
    rows += [
        _spread(f"evaluation, {noun}/s", evaluation.episodes_per_s),
        Row(f"evaluation, FLOPs of one {one}", speed.flops.evaluation, form="count"),
        Row("evaluation, of the matmul peak", speed.evaluation_share, form="percent"),
        Row(f"one {one} alone, ms, median", evaluation.p50),
        Row(f"one {one} alone, ms, p95", evaluation.p95),
        Row("peak memory, MiB", speed.peak_host_mib),
    ]
    if speed.peak_device_mib is not None:
        rows.append(Row("peak memory of the GPU, MiB", speed.peak_device_mib))
    return [*rows, Row("matmul peak, GFLOP/s", speed.matmul_gflops)]


def part_rows(speed: Speed) -> list[tuple[Row, float]]:
    """Milliseconds a step of each part of a training and its share of the whole; the whole comes last."""
    if speed.training is None:
        return []
    parts = [(Row(part.name, part.ms, part.low, part.high), part.share) for part in speed.training.parts]
    return [*parts, (Row("whole", sum(part.ms for part in speed.training.parts)), 1.0)]


def side_by_side(a: list[Row], b: list[Row]) -> list[tuple[str, Row | None, Row | None, float | None]]:
    """Rows of the same name beside each other, with b / a; what only `b` has stands where it stands in `b`."""
    first, second = {row.name: row for row in a}, {row.name: row for row in b}
    names, place = list(first), 0
    for name in second:
        if name not in first:
            names.insert(place, name)
        place = names.index(name) + 1
    return [(name, first.get(name), second.get(name), _ratio(first.get(name), second.get(name))) for name in names]


def shown(value: float | None, form: str = "number") -> str:
    """A number as it is printed, three or more digits.

    >>> [shown(x) for x in (12345.6, 12.345, 0.01234, 0.0, None)], shown(6.95e9, "count"), shown(0.0712, "percent")
    (['12,346', '12.3', '0.0123', '0.00', '-'], '6.95 G', '7.1 %')
    """
    if value is None:
        return "-"
    if form == "percent":
        return f"{100 * value:.1f} %"
    if form == "count":
        unit, scale = next((pair for pair in _UNITS if value >= pair[1]), ("", 1.0))
        return f"{shown(value / scale)} {unit}".rstrip()
    return f"{value:,.0f}" if value >= 99.95 else f"{value:#.3g}"


_UNITS = (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3))


def _spread(name: str, spread: Spread | None) -> Row:
    return Row(name, spread.median, spread.low, spread.high) if spread else Row(name, None)


def _ratio(a: Row | None, b: Row | None) -> float | None:
    return b.value / a.value if a and b and a.value and b.value is not None else None
