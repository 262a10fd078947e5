"""Which classes are taken for which: shares of held-out images as a grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from bench.plots.style import WIDTH

_MOST = 40  # classes in one picture; of more, those that are confused most
_NUMBERS = 20  # classes up to which shares stand in the cells
_LONGEST = 18  # letters of a class name


def confusion(shares: npt.NDArray[np.float64], classes: Sequence[str]) -> Figure:
    """shares : [classes, classes], rows are the true classes and sum to 1. Call it, and save it, within `style()`."""
    order = np.arange(len(classes))
    if len(classes) > _MOST:
        order = np.sort(np.argsort(np.diag(shares), kind="stable")[:_MOST])
    shown, names = shares[np.ix_(order, order)], [_short(classes[i]) for i in order.tolist()]
    figure = Figure(figsize=(WIDTH, WIDTH), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shown, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("was taken for")
    axes.set_ylabel("class")
    axes.set_title(
        "Held-out images by class, in %" + (f": the {_MOST} classes that are confused most" * (len(classes) > _MOST)),
        loc="left",
    )
    if len(names) <= _NUMBERS:
        for i, j in zip(*np.nonzero(shown >= 0.005), strict=True):
            ink = "white" if shown[i, j] > 0.5 else "#222222"
            axes.text(j, i, f"{100 * shown[i, j]:.0f}", ha="center", va="center", color=ink, fontsize="small")
    return figure


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
