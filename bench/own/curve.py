"""What more labels would buy: accuracy against labels a class, and a line through it.

The log-odds of accuracy grow with the number of labels k more slowly than log k and faster than -1 / sqrt(k): so it
was on the folders of docs/try.md at every size. A line over each is fitted to what was measured at fewer labels and
read off at more; the gain is told as the middle of the two. Its interval, images being resampled within classes,
reaches from the lower end of a line over -1 / k, which few curves are slower than, to the upper end of the one over
log k. It is a gain on average over which images are added, an extrapolation, and nothing is said where it can't be
checked or is too wide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bench import philox
from bench.own.choose import Estimate
from bench.own.evaluate import balanced
from bench.own.heads import Floats, Labels

SHOTS = (1, 2, 3, 5, 8, 12, 20, 30, 50, 100)
_POINTS = 3  # of the curve, at the least: two always lie on a line
_WIDEST = 0.10  # of an interval that still tells something
_RESAMPLES = 400


@dataclass(frozen=True)
class Gain:
    """more : further labels a class; gain : what they add to accuracy, a fraction; told : narrow enough to say?"""

    more: int
    gain: Estimate
    told: bool


@dataclass(frozen=True)
class Curve:
    """at : labels a class -> measured accuracy
    step : by how much a held-out accuracy falls short of what all labels give, read off as gains are
    gains : at more labels
    """

    at: Mapping[float, float]
    step: float
    gains: tuple[Gain, ...]


def curve(rates: Mapping[float, Floats], labels: Labels, have: float, more: tuple[int, ...] = (5, 10)) -> Curve:
    """rates : labels a class -> hit rate of each image, ascending; have : labels a class that there are"""
    at = {shots: balanced(rate, labels) for shots, rate in rates.items()}
    if len(rates) < _POINTS:
        return Curve(at, 0.0, ())
    shots = np.fromiter(rates, float)
    table = np.stack(list(rates.values()))
    members = [np.flatnonzero(labels == label) for label in range(int(labels.max()) + 1)]
    words = philox.words(("own curve", len(labels)), 0, _RESAMPLES, len(labels))
    resampled = np.stack([_resampled(table, members, row) for row in words])
    floor = 0.5 / len(labels)
    points = np.array([shots[-1], have, *(have + extra for extra in more)])
    measured = np.array([list(at.values())])
    middle = np.mean([_line(form, shots, measured, floor, points)[0] for form in (_middle, _fast)], 0)
    slow, fast = (_line(form, shots, resampled, floor, points) for form in (_slow, _fast))
    gains = []
    for i, extra in enumerate(more, 2):
        low = float(np.quantile(slow[:, i] - slow[:, 1], 0.025))
        high = float(np.quantile(fast[:, i] - fast[:, 1], 0.975))
        told = low >= 0 and high - low <= _WIDEST
        gains.append(Gain(extra, Estimate(float(middle[i] - middle[1]), low, high), told))
    return Curve(at, max(float(middle[1] - middle[0]), 0.0), tuple(gains))


def _fast(shots: Floats) -> Floats:
    return np.log(shots)


def _middle(shots: Floats) -> Floats:
    found: Floats = -1 / np.sqrt(shots)
    return found


def _slow(shots: Floats) -> Floats:
    return -1 / shots


def _resampled(table: Floats, members: list[Labels], words: philox.Words) -> Floats:
    """Accuracies at each number of labels, had other images of the classes been met; an image that was never asked at
    some number (NaN) does not count there."""
    asked, hits = ~np.isnan(table), np.nan_to_num(table)
    drawn = [rows[philox.below(words[rows], len(rows))] for rows in members]
    accuracies: Floats = np.mean([hits[:, d].sum(1) / np.maximum(asked[:, d].sum(1), 1) for d in drawn], 0)
    return accuracies


def _line(form: Callable[[Floats], Floats], shots: Floats, accuracy: Floats, floor: float, points: Floats) -> Floats:
    """Least squares of log-odds on the form's scale, for rows of accuracies [R, K]; accuracies at the points [R, P]."""
    clipped = np.clip(accuracy, floor, 1 - floor)
    odds = np.log(clipped / (1 - clipped))
    x = form(shots)
    slope = (odds - odds.mean(1, keepdims=True)) @ (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    found = odds.mean(1, keepdims=True) + slope[:, None] * (form(points) - x.mean())
    accuracies: Floats = 1 / (1 + np.exp(-found))
    return accuracies
