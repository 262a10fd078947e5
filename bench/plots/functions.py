"""Panels of functions: what was seen and what there was to find, in ink, and what a learner made of it, in colour."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from bench.plots.answers import BAND, Curve, Question, Reply
from bench.plots.style import GREY, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_EARLIER: dict[int, dict[str, Any]] = {0: {"linestyle": (0, (1, 1.2))}, 1: {"linestyle": (0, (4, 1.5))}}
_THIN = 1.1


def draw_reply(axes: Axes, question: Question, reply: Reply, colour: str) -> None:
    """One learner's answer to one episode. Labels of lines name what they are, for the legend."""
    if question.posterior is not None:
        _draw_posterior(axes, question, question.posterior)
    if question.truth is not None:
        axes.plot(question.grid, question.truth, color=INK, linewidth=_THIN, label="true function")
    for step, style in _EARLIER.items():
        if step in reply.by_step and step != reply.steps:
            label = "before adaptation" if step == 0 else f"after {step} step"
            mean = reply.by_step[step].mean
            axes.plot(question.grid, mean, color=colour, linewidth=_THIN, label=label, **style)
    final = reply.final
    if final.low is not None and final.high is not None:
        axes.fill_between(
            question.grid, final.low, final.high, color=colour, alpha=0.25, linewidth=0, label=f"{BAND:.0%} band"
        )
    adapted = "prediction" if reply.steps is None else f"after {reply.steps} steps"
    axes.plot(question.grid, final.mean, color=colour, label=adapted)
    if question.truth is None:
        style = {"marker": "o", "markersize": 3, "markerfacecolor": "white", "markeredgewidth": 0.8}
        axes.plot(*question.query, linestyle="", color=INK, label="target", **style)
    axes.plot(*question.support, linestyle="", marker="o", markersize=4, color=INK, label="support")
    axes.set_xlim(question.grid[0], question.grid[-1])


def _draw_posterior(axes: Axes, question: Question, posterior: Curve) -> None:
    """The mean and the ends of the band as lines: they can lie over anything without hiding it."""
    assert posterior.low is not None and posterior.high is not None
    axes.plot(question.grid, posterior.mean, color=INK, linewidth=_THIN, label="exact posterior")
    for end, label in ((posterior.low, f"its {BAND:.0%} band"), (posterior.high, None)):
        axes.plot(question.grid, end, color=INK, linewidth=0.7, linestyle=(0, (4, 2)), label=label)


def window(question: Question, replies: Sequence[Reply]) -> tuple[float, float]:
    """The y range that the panels of one episode share: all that was given and all means, but no learner's band."""
    values = [question.support[1], question.query[1]]
    values += [] if question.truth is None else [question.truth]
    for known in [question.posterior] if question.posterior else []:
        values += [part for part in (known.low, known.high) if part is not None]
    for reply in replies:
        values += [reply.final.mean, *(reply.by_step[step].mean for step in _EARLIER if step in reply.by_step)]
    together = np.concatenate(values)
    together = together[np.isfinite(together)]
    margin = 0.06 * float(np.ptp(together)) or 1.0
    return float(together.min()) - margin, float(together.max()) + margin


def draw_legend(figure: Figure | SubFigure, learners: int) -> None:
    """One legend for all panels, below them. Where there are several learners, grey stands for the colour of each."""
    found: dict[str, Any] = {}
    for axes in figure.axes:
        handles, names = axes.get_legend_handles_labels()
        found |= {name: copy(handle) for name, handle in zip(names, handles, strict=True) if name not in found}
    for handle in found.values():
        if learners > 1 and not (isinstance(handle, Line2D) and handle.get_color() == INK):
            handle.set_color(GREY)
    figure.legend(list(found.values()), list(found), loc="outside lower center", ncols=4 if len(found) > 6 else 6)
