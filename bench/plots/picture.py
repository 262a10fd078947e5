"""Which panels a picture has, and where they stand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from matplotlib.figure import Figure, SubFigure

from bench.errors import UsageError
from bench.learners.registry import all_learners, find_learner, load, register
from bench.plots.answers import question, reply
from bench.plots.chosen import Chosen
from bench.plots.exploration import draw_progress
from bench.plots.functions import draw_legend, draw_reply, window
from bench.plots.learning import draw_scores, draw_training, trained
from bench.plots.progress import progress
from bench.plots.style import WIDTH, colour, written
from bench.records import RunStore
from bench.records.weights import weights_of
from bench.submissions.entry import read_entry
from bench.submissions.replay import Replay, Site, replay

View = Literal["all", "learning", "answers"]
_LEARNING, _TRIALS, _ROW = 2.4, 2.9, 1.75  # inches: the height of a row of panels
_LINE = 0.2  # inches: a line of a legend


@dataclass(frozen=True)
class _Block:
    """Some rows of a picture: how tall in inches, and how to fill them."""

    height: float
    draw: Callable[[Figure | SubFigure], None]


def picture(
    runs: Sequence[Chosen],
    view: View = "all",
    episodes: Sequence[int] = (),
    adapters: Sequence[str] = (),
    tasks_file: Path | None = None,
    warn: Callable[[str], None] = lambda text: None,
) -> Figure:
    """The picture of runs that answered the same episodes. Call it, and save the figure, within `style()`.

    view : "learning" is training and scores, from the records alone; "answers" is what the learners, built again from
        their checkpoints, do in test episodes; "all" is both where there are both
    episodes : numbers of test episodes of functions; nothing takes the first three, for Gaussian processes the first
        three blocks' first ones, because episodes of a block share their context size
    adapters : `path/file.py:Class` of learners that are not installed; they are registered in this process
    warn : told what may make the picture differ from the record

    Raises UsageError where there is nothing to draw or a learner can't be built, and Mismatch where its checkpoint or
    its episodes are not those of the record.
    """
    height = _LEARNING + _LINE * math.ceil(len(runs) / 3)
    blocks = [_Block(height, lambda part: _learning(part, runs))] if view != "answers" else []
    kind = runs[0].record.suite.kind
    if view != "learning" and kind in _ANSWERS:
        for info in map(find_learner, adapters):
            register(info.name, load(info))
        replays = [_replay(run, tasks_file, warn) for run in runs]
        blocks.append(_ANSWERS[kind](runs, replays, episodes))
    if not blocks:
        raise UsageError(f"There is no picture of answers in {kind}, such as labels.", "Leave out --view answers.")
    heights = [block.height for block in blocks]
    figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
    parts = figure.subfigures(len(blocks), 1, height_ratios=heights, squeeze=False)
    for block, part in zip(blocks, parts[:, 0], strict=True):
        block.draw(part)
    return figure


def _learning(part: Figure | SubFigure, runs: Sequence[Chosen]) -> None:
    if trained(runs):
        left, right = part.subplots(1, 2)
        draw_training(left, runs)
    else:
        right = part.subplots()
    draw_scores(right, runs)
    part.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=3)


def _trials(runs: Sequence[Chosen], replays: Sequence[Replay], episodes: Sequence[int]) -> _Block:
    """One panel of all trials that the records scored, whichever episodes were asked for."""
    progresses = [progress(replayed) for replayed in replays]
    return _Block(_TRIALS, lambda part: draw_progress(part.subplots(), runs, progresses))


def _functions(runs: Sequence[Chosen], replays: Sequence[Replay], episodes: Sequence[int]) -> _Block:
    """A row a run and a column an episode; a single episode has the runs side by side."""
    prepared = replays[0].prepared
    apart = prepared.suite.domain.block(prepared.suite)
    questions = [question(prepared, number) for number in (episodes or (0, apart, 2 * apart))]
    replies = [[reply(r.learner, prepared, q.episode, r.record.precision) for q in questions] for r in replays]
    rows, columns = len(runs), len(questions)
    if turned := columns == 1:
        rows, columns = 1, len(runs)

    def draw(part: Figure | SubFigure) -> None:
        panels = part.subplots(rows, columns, sharex=True, squeeze=False)
        for i, run in enumerate(runs):
            for j, asked in enumerate(questions):
                axes = panels[j, i] if turned else panels[i, j]
                draw_reply(axes, asked, replies[i][j], colour(i))
                axes.set_ylim(window(asked, [answers[j] for answers in replies]))
                axes.set_title(_score(run, asked.number), loc="right", fontsize="small")
                if turned:
                    axes.set_title(run.label, loc="left", color=colour(i), fontweight="bold")
        for axes, asked in zip(panels[-1], questions * (columns if turned else 1), strict=True):
            axes.set_xlabel(f"x (test episode {asked.number})")
        for i, axes in enumerate(panels[:, 0]):
            axes.set_ylabel("y")
            if not turned:
                axes.set_title(runs[i].label, loc="left", color=colour(i), fontweight="bold")
        draw_legend(part, len(runs))

    return _Block(rows * _ROW + 3 * _LINE, draw)


_ANSWERS = {"regression": _functions, "exploration": _trials}  # kinds whose answers have a picture


def _score(run: Chosen, number: int) -> str:
    """The score in the record, or nothing for an episode that was not scored."""
    scores = RunStore(run.path).read_scores(run.path, run.record)
    found = scores.loc[scores["episode"] == number, "score"]
    return "" if found.empty else f"{run.record.metrics[0].name} {written(found.iloc[0])}"


def _replay(run: Chosen, tasks_file: Path | None, warn: Callable[[str], None]) -> Replay:
    """The run's learner, built again on the CPU."""
    record, name = run.record, run.record.algorithm.name
    if name not in all_learners():
        raise UsageError(
            f"No installed learner is called {name!r} (the run's: {record.algorithm.origin}).",
            "Name its file: --algo path/file.py:Class",
        )
    weights_of(run.path, record, otherwise="`--view learning`, which needs none")
    replayed = replay(read_entry(run.path), Site(torch.device("cpu"), tasks_file=tasks_file))
    for finding in replayed.findings:
        if finding.check == "adapter" and finding.verdict != "ok":
            warn(f"{run.label}: the learner's source is not the run's; the picture may differ from its record.")
    return replayed
