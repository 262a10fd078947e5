"""Worlds with a known truth to draw scores from; scores are in points (percent), sizes as few-shot suites have them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.stats._checks import FloatArray, IntArray


def queries(rng: np.random.Generator, episodes: int, per_episode: int = 75) -> FloatArray:
    """Hits of every query [episodes, queries], mean 0.6: an episode's queries share its difficulty."""
    easy = rng.beta(12.0, 8.0, size=(episodes, 1))
    return (rng.random((episodes, per_episode)) < easy).astype(np.float64)


def squared_errors(rng: np.random.Generator, episodes: int) -> FloatArray:
    """Skewed scores with mean 1: lognormal with sigma 1.25."""
    return rng.lognormal(-(1.25**2) / 2, 1.25, episodes)


@dataclass(frozen=True)
class ClassWorld:
    """Episodes over a pool of classes; a class has an effect, and so has each pair that can be confused.

    The mean over endless pools is 0; groups of `siblings` classes share their effect (rotations of a character).
    """

    classes: int
    episodes: int
    way: int = 5
    siblings: int = 1
    class_sd: float = 8.0
    pair_sd: float = 6.0
    episode_sd: float = 8.0

    def draw(self, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
        """Scores [episodes] and classes [episodes, way] of a fresh pool."""
        groups = self.classes // self.siblings
        effect = np.repeat(rng.normal(0.0, self.class_sd, groups), self.siblings)
        upper = np.triu(rng.normal(0.0, self.pair_sd, (groups, groups)), 1)
        pair = (upper + upper.T).repeat(self.siblings, axis=0).repeat(self.siblings, axis=1)
        classes = np.argpartition(rng.random((self.episodes, self.classes)), self.way, axis=1)[:, : self.way]
        pairs = pair[classes[:, :, None], classes[:, None, :]].sum(axis=(1, 2)) / (self.way * (self.way - 1))
        return effect[classes].mean(axis=1) + pairs + rng.normal(0.0, self.episode_sd, self.episodes), classes

    @property
    def cluster_of(self) -> IntArray:
        """The group of every class, int64 [classes]."""
        return np.arange(self.classes, dtype=np.int64) // self.siblings


@dataclass(frozen=True)
class BlockWorld:
    """Episodes of which `block` consecutive ones share an effect, as they share their sizes; the mean is 0.

    alike : intraclass correlation; .45 makes block means vary 7.75 times as much as those of independent episodes
    """

    episodes: int
    block: int = 16
    alike: float = 0.45

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """Scores [episodes] with variance 1."""
        shared = rng.normal(0.0, self.alike**0.5, self.episodes // self.block).repeat(self.block)
        return shared + rng.normal(0.0, (1 - self.alike) ** 0.5, self.episodes)


@dataclass(frozen=True)
class SeedWorld:
    """Seeds crossed with episodes; the mean is 0."""

    seeds: int
    episodes: int = 600
    seed_sd: float = 0.6
    interaction_sd: float = 4.0

    def draw(self, rng: np.random.Generator, episode_effects: FloatArray) -> FloatArray:
        """Scores [seeds, episodes] around given episode effects [episodes]."""
        seeds = rng.normal(0.0, self.seed_sd, (self.seeds, 1))
        return seeds + episode_effects + rng.normal(0.0, self.interaction_sd, (self.seeds, self.episodes))

    def episode_effects(self, rng: np.random.Generator, sd: float = 9.0) -> FloatArray:
        """What makes episodes easy or hard for everybody, [episodes]."""
        return rng.normal(0.0, sd, self.episodes)
