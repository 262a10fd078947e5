"""Which method, and how well it will do: from held-out answers alone, honest about a small folder.

Images of a class are the sample; classes are the person's own and fixed. Draws only average over which images are
labelled, so they are no unit: each image counts once, by how often it was answered rightly while it was held out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from bench import philox
from bench.own.evaluate import Method
from bench.own.heads import Floats, Labels

LEVEL = 0.95
SPREAD = 1.15  # standard errors are this much larger than images alone give: draws share their labelled images
_CAUTION = 2.0  # standard errors by which the best must lead before a method that stands earlier is passed over
_RESAMPLES = 200


@dataclass(frozen=True)
class Estimate:
    """An accuracy, a fraction in [0, 1], and its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Choice:
    """method : the recommended one; tied : what can't be told apart from it, best first"""

    method: Method
    tied: tuple[Method, ...]


def choose(rates: Mapping[Method, Floats], labels: Labels) -> Choice:
    """The first method that the best one does not clearly lead.

    rates : hit rate of each image under each method, methods by what is known of them before the folder is seen
    """
    methods, table = list(rates), np.stack(list(rates.values()))
    members = _members(labels)
    picked = _pick(table, members)
    gap, error = _mean_and_error(table[picked] - table, members)
    tied = [i for i in range(len(methods)) if i != picked and abs(gap[i]) <= _quantile(labels) * error[i] * SPREAD]
    tied.sort(key=lambda i: gap[i])
    return Choice(methods[picked], tuple(methods[i] for i in tied))


def estimate(rates: Mapping[Method, Floats], labels: Labels, method: Method) -> Estimate:
    """The accuracy of the method that was chosen: its held-out mean less what choosing it flatters it by."""
    mean, error = _mean_and_error(rates[method][None], _members(labels))
    honest = min(max(float(mean[0]) - optimism(rates, labels), 0.0), 1.0)
    return interval(honest, float(error[0]), labels)


def optimism(rates: Mapping[Method, Floats], labels: Labels) -> float:
    """How much better a choice looks on the images that it was made on than on others.

    Bootstrap bias-corrected cross-validation (Tsamardinos et al. 2018, Machine Learning 107): images are resampled
    within classes, the choice is made again on each resample and looked at on the images left out of it. No method is
    fitted again.
    """
    table, members = np.stack(list(rates.values())), _members(labels)
    rows = [np.flatnonzero(labels == label) for label in range(members.shape[1])]
    gaps = []
    for words in philox.words(("own optimism", len(labels)), 0, _RESAMPLES, len(labels)):
        inside = np.concatenate([row[philox.below(words[row], len(row))] for row in rows])
        drawn = members * np.bincount(inside, minlength=len(labels))[:, None]
        left = members * (drawn == 0)
        left = left[:, left.any(0)]
        picked = _pick(table, drawn)
        here, there = (_mean_and_error(table[picked : picked + 1], part)[0][0] for part in (drawn, left))
        gaps.append(here - there)
    return max(float(np.mean(gaps)), 0.0)


def interval(mean: float, error: float, labels: Labels) -> Estimate:
    """Wilson's interval for as many images as would give this standard error, at most those that there are.

    It neither leaves [0, 1] nor closes at its ends: 24 right answers of 24 are not certainty.
    """
    error *= SPREAD
    n = len(labels) / SPREAD**2
    if 0 < mean < 1 and error > 0:
        n = min(n, mean * (1 - mean) / error**2)
    z2 = _quantile(labels) ** 2
    centre = (mean + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (mean * (1 - mean) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return Estimate(mean, max(centre - half, 0.0), min(centre + half, 1.0))


def _quantile(labels: Labels) -> float:
    return float(student.ppf(0.5 + LEVEL / 2, max(len(labels) - int(labels.max()) - 1, 1)))


def _members(labels: Labels) -> Floats:
    """One column a class: float64 [N, classes]."""
    return np.eye(int(labels.max()) + 1)[labels]


def _pick(table: Floats, members: Floats) -> int:
    """The first row of [M, N] that the best row does not lead by more than the caution."""
    mean, _ = _mean_and_error(table, members)
    gap, error = _mean_and_error(table[mean.argmax()] - table, members)
    return int(np.argmax(gap <= _CAUTION * SPREAD * error))


def _mean_and_error(values: Floats, members: Floats) -> tuple[Floats, Floats]:
    """Of each row of [M, N] the mean over classes, and its standard error with images drawn within each.

    members : how often each image counts in each class, [N, classes]
    """
    total = members.sum(0)
    first, second = values @ members / total, values**2 @ members / total
    variance = (second - first**2).clip(0) / np.maximum(total - 1, 1)
    return first.mean(1), np.sqrt(variance.sum(1)) / members.shape[1]
