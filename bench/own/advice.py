"""What `bench try` answers about a folder: one pass from features to advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.own.choose import Choice, Estimate, choose, estimate
from bench.own.curve import SHOTS, Curve, curve
from bench.own.draws import Draws, few_shot, held_out, manifest
from bench.own.evaluate import Method, all_rates, answers, balanced, compact, hit_rates
from bench.own.heads import Floats, Labels

FOLDS = 10  # at most; a folder whose smallest class has fewer images leaves out one of each class at a time
_ASKED = 600  # answers to images, about: what repeats of the folds and draws of the curve aim at
_OFTEN = 0.05  # share of a pair's images that are taken for the other class before the pair is told


@dataclass(frozen=True)
class Pair:
    """Two classes that are taken for each other. share : of their held-out images"""

    first: int
    second: int
    share: float


@dataclass(frozen=True)
class Advice:
    """accuracy : held-out, of every method, best first
    choice, expected : the recommended method and its accuracy on new images, labelled with all images of the folder
    held_out_at : labels a class while an image was held out
    confusion : float [classes, classes], shares of each class's held-out images by the class they were given
    manifest : sha256 of the episodes
    """

    accuracy: Mapping[Method, float]
    choice: Choice
    expected: Estimate
    held_out_at: float
    curve: Curve
    confusion: Floats
    pairs: tuple[Pair, ...]
    manifest: str


def advise(identity: str, features: Mapping[str, Floats], labels: Labels, only: Method | None = None) -> Advice:
    """From stored features [N, D] of each encoder to advice.

    features : encoders in the order of what is known of them before the folder is seen
    only : a method that is asked for; it is measured and nothing else is
    """
    whole = held_out(identity, labels, *plan(labels))
    reduced = {name: compact(z) for name, z in features.items() if only is None or only.encoder == name}
    if only:
        rates = {only: hit_rates(reduced[only.encoder], labels, only.head, whole)}
    else:
        rates = all_rates(reduced, labels, whole)
    choice = choose(rates, labels)
    method = choice.method
    z = reduced[method.encoder]
    counts = np.bincount(labels)
    have, at = float(counts.mean()), float(np.mean([len(d.support) for d in whole.episodes]) / len(counts))
    curves = [few_shot(identity, labels, shots, _number(labels, shots)) for shots in SHOTS if shots < counts.min()]
    measured = {float(each.shots or 0): hit_rates(z, labels, method.head, each) for each in curves}
    measured = {shots: rate for shots, rate in measured.items() if shots < 0.9 * at} | {at: rates[method]}
    found = curve(measured, labels, have)
    confusion = _confusion(z, labels, method.head, whole)
    expected = _moved(estimate(rates, labels, method), found.step)
    by_accuracy = sorted(((m, balanced(rate, labels)) for m, rate in rates.items()), key=lambda pair: -pair[1])
    sha256 = manifest(identity, labels, [whole, *curves])
    return Advice(dict(by_accuracy), choice, expected, at, found, confusion, _pairs(confusion), sha256)


def plan(labels: Labels) -> tuple[int, int]:
    """Folds and repeats of a folder's held-out images."""
    return min(int(np.bincount(labels).min()), FOLDS), int(np.clip(_ASKED // len(labels), 1, 5))


def _number(labels: Labels, shots: int) -> int:
    asked = len(labels) - shots * (int(labels.max()) + 1)
    return int(np.clip(2 * _ASKED // max(asked, 1), 10, 40))


def _moved(found: Estimate, step: float) -> Estimate:
    """What the last label of each class adds, which a held-out image had to do without."""
    return Estimate(min(found.mean + step, 1.0), found.low, min(found.high + step, 1.0))


def _confusion(z: Floats, labels: Labels, head: str, draws: Draws) -> Floats:
    classes = int(labels.max()) + 1
    found = np.zeros((classes, classes))
    for draw, scores in answers(z, labels, head, draws):
        np.add.at(found, (labels[draw.query], scores.argmax(1)), 1)
    shares: Floats = found / found.sum(1, keepdims=True)
    return shares


def _pairs(confusion: Floats) -> tuple[Pair, ...]:
    both = (confusion + confusion.T) / 2
    first, second = np.triu_indices(len(both), 1)
    order = np.argsort(-both[first, second], kind="stable")
    found = (Pair(int(first[i]), int(second[i]), float(both[first[i], second[i]])) for i in order)
    return tuple(pair for pair in found if pair.share >= _OFTEN)
