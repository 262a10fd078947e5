"""Labels, probabilities and "none of these" for new photos, calibrated on the known ones while they were held out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bench.own.draws import held_out
from bench.own.evaluate import Method, compact
from bench.own.heads import HEADS, Fitted, Floats, Labels, class_means, prepared

REFUSED = 0.05  # share of images of the known classes that "none of these" may cost
NONE = "none of these"


@dataclass(frozen=True)
class Likeness:
    """How near a feature is to the known classes: its largest cosine to a class mean, centred as simpleshot is."""

    centre: Floats
    means: Floats  # [classes, D], of unit length

    @classmethod
    def of(cls, z: Floats, y: Labels) -> Likeness:
        centre = class_means(z, y).mean(0)
        means = class_means(prepared(z, centre, True), y)
        return cls(centre, prepared(means, np.zeros(z.shape[1]), True))

    def __call__(self, z: Floats) -> Floats:
        """[M, D] -> [M]"""
        best: Floats = (prepared(z, self.centre, True) @ self.means.T).max(1)
        return best


@dataclass(frozen=True)
class Answer:
    """Of M photos. probability : [M, classes]; likeness : [M]; none : [M], below the threshold"""

    probability: Floats
    likeness: Floats
    none: np.ndarray


@dataclass(frozen=True)
class Predictor:
    """temperature : divides scores before the softmax; threshold : the least likeness of a known class, None where
    there are too few known images for one"""

    method: Method
    fitted: Fitted
    likeness: Likeness
    temperature: float
    threshold: float | None

    def __call__(self, z: Floats) -> Answer:
        scores = self.fitted.scores(z) / self.temperature
        odds = np.exp(scores - scores.max(1, keepdims=True))
        likeness = self.likeness(z)
        none = likeness < self.threshold if self.threshold is not None else np.zeros(len(z), np.bool_)
        return Answer(odds / odds.sum(1, keepdims=True), likeness, none)


def fit(identity: str, method: Method, z: Floats, labels: Labels, folds: int, repeats: int) -> Predictor:
    """From all known features [N, D]; temperature and threshold from those that were held out, fold by fold."""
    reduced = compact(z)
    found_scores, found_labels = [], []
    likeness, times = np.zeros(len(z)), np.zeros(len(z))
    for draw in held_out(identity, labels, folds, repeats).episodes:
        support, query = reduced[draw.support], reduced[draw.query]
        found_scores.append(HEADS[method.head](support, labels[draw.support]).scores(query))
        found_labels.append(labels[draw.query])
        likeness[draw.query] += Likeness.of(support, labels[draw.support])(query)
        times[draw.query] += 1
    temperature = _temperature(np.concatenate(found_scores), np.concatenate(found_labels), len(labels))
    return Predictor(
        method, HEADS[method.head](z, labels), Likeness.of(z, labels), temperature, _threshold(likeness / times)
    )


def _temperature(scores: Floats, labels: Labels, images: int) -> float:
    """The one with the largest likelihood of the held-out labels (Guo et al. 2017, arXiv:1706.04599).

    Labels count as if half an image of the folder were of another class, in the spirit of Platt (1999): a small folder
    that was answered without a mistake makes nothing certain.
    """
    from scipy.optimize import minimize_scalar

    classes = scores.shape[1]
    doubt = 0.5 / images / classes
    targets = np.full(scores.shape, doubt)
    targets[np.arange(len(labels)), labels] = 1 - (classes - 1) * doubt

    def loss(log_temperature: float) -> float:
        logits = scores / math.exp(log_temperature)
        logits = logits - logits.max(1, keepdims=True)
        return float((np.log(np.exp(logits).sum(1)) - (logits * targets).sum(1)).mean())

    spread = float(scores.std()) or 1.0
    middle = math.log(spread)
    return math.exp(float(minimize_scalar(loss, bounds=(middle - 6, middle + 4), method="bounded").x))


def _threshold(likeness: Floats) -> float | None:
    """The k-th smallest likeness of a held-out image, k = floor(share * (n + 1)): a new image of the known classes is
    refused with at most this probability (split conformal prediction; Vovk et al. 2005). None below 19 images."""
    k = math.floor(REFUSED * (len(likeness) + 1))
    return float(np.sort(likeness)[k - 1]) if k else None
