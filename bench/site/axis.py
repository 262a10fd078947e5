"""An axis: numbers -> places in percent of its length, and the ticks beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

HEIGHT = 280  # pixels of a plot whose axis stands upright
_TICKS = 5  # about so many
_MARGIN = 0.04  # of the length, on either side of what is shown
_STRAY = 6.0  # a value that stretches the axis so many times hides all others
_SECONDS = [unit * n for unit in (1, 60, 3600) for n in (1, 2, 5, 10, 15, 20, 30)]
_COARSE = [1, 10, 60, 600, 3600, 36_000, 360_000]


@dataclass(frozen=True)
class Tick:
    """at : percent of the axis, or pixels from the top"""

    at: float
    text: str


@dataclass(frozen=True)
class Axis:
    """low, high : the numbers at its ends; on a logarithmic axis both are positive"""

    low: float
    high: float
    log: bool = False

    def at(self, value: float) -> float:
        """The place in percent, at the nearer end for what lies outside.

        >>> Axis(0.0, 10.0).at(2.5), Axis(1.0, 100.0, log=True).at(10.0), Axis(0.0, 1.0).at(7.0)
        (25.0, 50.0, 100.0)
        """
        low, high, x = (self._turned(number) for number in (self.low, self.high, value))
        return round(100 * min(max((x - low) / (high - low), 0.0), 1.0), 2)

    def from_top(self, value: float) -> float:
        """The place on an upright axis, in pixels from its upper end."""
        return round(HEIGHT * (1 - self.at(value) / 100), 1)

    def outside(self, value: float) -> int:
        """-1 for a number before the axis, 1 after it, else 0."""
        return (value > self.high) - (value < self.low)

    def ticks(self) -> list[Tick]:
        """At round numbers; on a logarithmic axis at powers of ten, or at 1, 2 and 5 times these."""
        if self.log:
            return [Tick(self.at(number), _text(number)) for number in _round_logs(self.low, self.high)]
        numbers, digits = _round_numbers(self.low, self.high)
        return [Tick(self.at(number), _signed(f"{number:,.{digits}f}")) for number in numbers]

    def ticks_from_top(self) -> list[Tick]:
        """Of an upright axis, their places in pixels."""
        return [Tick(round(HEIGHT * (1 - tick.at / 100), 1), tick.text) for tick in self.ticks()]

    def second_ticks(self) -> list[Tick]:
        """Of an axis of seconds: 10 s, 2 min, 5 h."""
        fine, coarse = ([s for s in seconds if not self.outside(s)] for seconds in (_SECONDS, _COARSE))
        return [Tick(self.at(s), _seconds(s)) for s in (fine if len(fine) <= _TICKS + 1 else coarse)]

    def _turned(self, value: float) -> float:
        return math.log(max(value, 1e-300)) if self.log else value


def axis_of(spans: Sequence[tuple[float, float]], log: bool = False, stray: bool = True) -> Axis:
    """An axis that shows these spans, (low, high) each.

    stray : leave out spans that lie so far from all others that these would be squeezed, at most half of them
    """
    turn: Callable[[float], float] = (lambda x: math.log(max(x, 1e-300))) if log else float
    shown = sorted((turn(low), turn(high)) for low, high in spans)
    shown = _without_strays(shown) if stray else shown
    low, high = _ends(shown)
    margin = _MARGIN * (high - low) or (0.5 if log else 0.05 * abs(high) or 0.5)
    ends = low - margin, high + margin
    return Axis(math.exp(ends[0]), math.exp(ends[1]), log=True) if log else Axis(*ends)


def _without_strays(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The sorted spans without the fewest at the ends that, each of them, stretch the axis `_STRAY` times.

    >>> _without_strays([(20, 20), (46, 47), (94, 95), (97, 98), (98, 99)])
    [(94, 95), (97, 98), (98, 99)]
    """
    whole = _length(spans)
    for fewer in range(1, len(spans) // 2 + 1):
        for first in range(fewer + 1):
            kept = spans[first : len(spans) - fewer + first]
            if 0 < _length(kept) <= whole / (_STRAY * fewer):
                return kept
    return spans


def _ends(spans: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return min(low for low, _ in spans), max(high for _, high in spans)


def _length(spans: Sequence[tuple[float, float]]) -> float:
    low, high = _ends(spans)
    return high - low


def _round_numbers(low: float, high: float) -> tuple[list[float], int]:
    """Numbers, and the decimals that they need.

    >>> _round_numbers(97.1, 99.2)
    ([97.5, 98.0, 98.5, 99.0], 1)
    """
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    digits = max(0, -math.floor(math.log10(step)))
    first, last = math.ceil(low / step), math.floor(high / step)
    return [round(i * step, digits) for i in range(first, last + 1)], digits


def _round_logs(low: float, high: float) -> list[float]:
    """
    >>> _round_logs(0.0005, 20.0)
    [0.001, 0.01, 0.1, 1.0, 10.0]
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    many = math.log10(high / low) > 2.5
    found = [float(f"{factor}e{power}") for power in decades for factor in ((1,) if many else (1, 2, 5))]
    inside = [number for number in found if low <= number <= high]
    return inside[:: -(-len(inside) // (_TICKS + 2))] if inside else []


def _text(number: float) -> str:
    """
    >>> _text(0.5), _text(0.00001), _text(20000.0)
    ('0.5', '1e−5', '20,000')
    """
    if number < 1e-3:
        mantissa, _, power = f"{number:e}".partition("e")
        return _signed(f"{float(mantissa):g}e{int(power)}")
    return f"{number:,g}"


def _signed(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")


def _seconds(seconds: int) -> str:
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"
