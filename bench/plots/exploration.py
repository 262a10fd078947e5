"""The panel of exploration: one line a run, its mean over trials within a 95 % band."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bench.plots.chosen import Chosen
from bench.plots.progress import Progress
from bench.plots.style import line

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_progress(axes: Axes, runs: Sequence[Chosen], progresses: Sequence[Progress]) -> None:
    """Cumulative regret against the pull (bandits) or reward against the inner episode (MDPs)."""
    for number, (run, progress) in enumerate(zip(runs, progresses, strict=True)):
        mean, low, high = progress.band()
        along = np.arange(1, len(mean) + 1)
        axes.plot(along, mean, label=run.label, **line(number))
        axes.fill_between(along, low, high, color=line(number)["color"], alpha=0.25, linewidth=0)
    trials = "/".join(f"{n:,}" for n in sorted({len(progress.values) for progress in progresses}))
    if progresses[0].regret:
        names = {"title": "Expected regret", "xlabel": "pull", "ylabel": "cumulative regret (rewards)"}
        axes.set_ylim(bottom=0)
    else:
        names = {"title": "Reward", "xlabel": "inner episode of the trial", "ylabel": "reward of the inner episode"}
    axes.set(**names | {"title": f"{names['title']}, mean of {trials} trials with its 95 % band"})
    axes.set_xlim(1, max(progress.values.shape[1] for progress in progresses))
    ends = [progress.values[:, -1].mean() for progress in progresses]
    lines = [axes.lines[number] for number in np.argsort(ends)[::-1]]  # in the order in which they end
    axes.legend(handles=lines, loc="best")
