"""Every method's answers to held-out images of a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bench.own.draws import Draw, Draws
from bench.own.heads import HEADS, Floats, Labels


@dataclass(frozen=True)
class Method:
    """An encoder's features under a head."""

    encoder: str
    head: str

    @property
    def name(self) -> str:
        """What a person types: "lite0/ridge"."""
        return f"{self.encoder}/{self.head}"


def compact(z: Floats) -> Floats:
    """[N, D] -> [N, min(N, D)] with the same inner products, which are all that heads see of features."""
    if z.shape[1] <= len(z):
        return z
    left, values, _ = np.linalg.svd(z, full_matrices=False)
    coordinates: Floats = left * values
    return coordinates


def answers(z: Floats, labels: Labels, head: str, draws: Draws) -> Iterator[tuple[Draw, Floats]]:
    """Of each episode the scores of its query images, float64 [Q, classes]."""
    for draw in draws.episodes:
        yield draw, HEADS[head](z[draw.support], labels[draw.support]).scores(z[draw.query])


def hit_rates(z: Floats, labels: Labels, head: str, draws: Draws) -> Floats:
    """How often each image was answered rightly when it was asked, float64 [N]; NaN for one that never was."""
    hits, asked = np.zeros(len(labels)), np.zeros(len(labels))
    for draw, scores in answers(z, labels, head, draws):
        hits[draw.query] += scores.argmax(1) == labels[draw.query]
        asked[draw.query] += 1
    rates: Floats = np.divide(hits, asked, out=np.full(len(labels), np.nan), where=asked > 0)
    return rates


def balanced(rates: Floats, labels: Labels) -> float:
    """The mean over classes of their images' mean: what a folder of unequal classes would give with equal ones.

    Images without a value (NaN) do not count.
    """
    asked = ~np.isnan(rates)
    hits = np.bincount(labels[asked], rates[asked])
    return float(np.mean(hits / np.bincount(labels[asked])))


def all_rates(features: Mapping[str, Floats], labels: Labels, draws: Draws) -> dict[Method, Floats]:
    """Hit rates of every head on every encoder's features, encoders in their order, heads in theirs."""
    return {
        Method(encoder, head): hit_rates(z, labels, head, draws) for encoder, z in features.items() for head in HEADS
    }
