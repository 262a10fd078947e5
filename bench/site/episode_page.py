"""The episode page of an image suite: a few official episodes and the hardest ones, with every row's score on each."""

from __future__ import annotations

from dataclasses import dataclass

from bench.boards import Board
from bench.boards.board.domain_facts import unit_facts
from bench.site.declared import suite_title
from bench.site.hardest import Episode, Episodes
from bench.site.pictures import Pictures
from bench.site.places import picture_place, suite_place


@dataclass(frozen=True)
class Score:
    """text : in the unit that pages show; bar : the same number in percent of a bar's width"""

    name: str
    family: str
    text: str
    bar: float


@dataclass(frozen=True)
class Card:
    """picture : its place, "" where there is none"""

    number: int
    mean: str
    scores: tuple[Score, ...]
    picture: str


@dataclass(frozen=True)
class EpisodePage:
    name: str
    title: str
    href: str
    csv: str
    metric: str
    sign: str
    first: tuple[Card, ...]
    hardest: tuple[Card, ...]
    source: str
    why_not: str


def episode_page(board: Board, found: Episodes, drawn: Pictures) -> EpisodePage:
    assert board.metric is not None  # a board with rows has a ranked metric
    unit = unit_facts(board.metric.unit)

    def card(episode: Episode) -> Card:
        scores = [
            Score(name, family, f"{score:.1f}", round(min(max(score, 0.0), 100.0), 1))
            for name, family, score in zip(found.rows, found.families, episode.scores, strict=True)
        ]
        place = picture_place(board.suite, episode.number) if episode.number in drawn.strips else ""
        return Card(episode.number, f"{episode.mean:.1f}", tuple(scores), place)

    return EpisodePage(
        name=board.suite,
        title=suite_title(board.suite),
        href=suite_place(board.suite),
        csv=f"episodes/{board.suite}.csv",
        metric=f"{board.metric.name}, {unit.sign or unit.shown}",
        sign=unit.sign,
        first=tuple(card(episode) for episode in found.first),
        hardest=tuple(card(episode) for episode in found.hardest),
        source=drawn.source,
        why_not=drawn.why_not,
    )
