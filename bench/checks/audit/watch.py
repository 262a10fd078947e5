"""Which episodes are audited, and what the run answered to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from bench.checks.answers import Answers, flat
from bench.domains import Batch, Frozen
from bench.philox import below, words

PAIRS = 3  # neighbours are asked together: episodes 2k and 2k + 1 always have one shape


@dataclass(frozen=True)
class Kept:
    """One episode as the run answered it: what was asked, alone, and the answer, leading dimension 1."""

    episode: int
    asked: Any
    answers: Answers


def audited_pairs(key: str, first: int, n: int, batch: int) -> list[tuple[int, ...]]:
    """Pairs of neighbours among episodes first .. first + n - 1, drawn by the run's key.

    The first pair is of the first batch, which meets a learner that has answered nothing yet.
    """
    drawn = words(("audit", key), 0, PAIRS, 1)[:, 0]
    low = -(-first // 2)  # number of the first whole pair
    pairs = (first + n) // 2 - low
    if pairs < 1:
        return [(first,)]
    early = min(pairs, max(1, batch // 2))
    places = [low + int(below(drawn[:1], early)[0]), *(low + int(k) for k in below(drawn[1:], pairs))]
    return [(2 * place, 2 * place + 1) for place in dict.fromkeys(places)]


@dataclass
class Watch:
    """Looks on while a run is scored, and keeps what it answered to some episodes."""

    frozen: Frozen
    episodes: frozenset[int]
    kept: dict[int, Kept] = field(default_factory=dict)

    def __call__(self, batch: Batch) -> None:
        places = range(len(batch.columns["score"]))
        wanted = [place for place in places if batch.first + place in self.episodes]
        if not wanted or not batch.answers:
            return
        answers = flat(batch.answers)
        for place in wanted:
            asked = self.frozen.problem(batch, place)
            if asked is not None:
                mine = {name: value[place : place + 1].clone() for name, value in answers.items()}
                self.kept[batch.first + place] = Kept(batch.first + place, asked, mine)

    def kept_of(self, pairs: list[tuple[int, ...]]) -> list[list[Kept]]:
        """The pairs that can be asked again. An episode that was answered without numbers has its floor already."""
        finite = {
            episode: kept
            for episode, kept in self.kept.items()
            if all(bool(torch.isfinite(value).all()) for value in kept.answers.values())
        }
        found = [[finite[episode] for episode in pair if episode in finite] for pair in pairs]
        return [pair for pair in found if pair]
