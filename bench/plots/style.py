"""How pictures look: one style whatever matplotlibrc says, colours for colour-blind readers too, fixed bytes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import BenchError, UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, GREY = "#222222", "#8a8a8a"  # what is given, what is secondary
# Okabe & Ito 2008, without black and yellow
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
WIDTH = 7.2  # inches; with 120 dots an inch a README shows the picture at its own size
_RC: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "axes.labelcolor": INK,
    "lines.linewidth": 1.6,
    "savefig.dpi": 120,
    "svg.hashsalt": "bench",  # else the ids in an SVG are random
}


def style() -> AbstractContextManager[None]:
    """The style, while figures are made and saved. Raises BenchError where matplotlib is not installed."""
    try:
        import matplotlib.style
    except ImportError:
        raise BenchError(
            "bench plot draws with matplotlib, which is not installed.", "pip install 'meta-bench[plots]'"
        ) from None
    return matplotlib.style.context(["default", _RC])


def line(number: int) -> dict[str, Any]:
    """Colour and dash of the picture's run `number`."""
    return {"color": colour(number), "linestyle": "-" if number < len(_COLOURS) else (0, (4, 1.5))}


def colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def written(value: float) -> str:
    """Three digits, with the minus sign that axes have."""
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")


def check_name(out: Path, formats: Sequence[str] = (".png", ".svg")) -> Path:
    """Raises UsageError for a file whose name does not say one of the formats."""
    if out.suffix.lower() not in formats:
        raise UsageError(f"--out must end in {' or '.join(formats)}, found {str(out)!r}.")
    return out


def save(figure: Figure, out: Path) -> None:
    """Write the figure, without date and version: equal figures give equal bytes. Raises BenchError."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix.lower() == ".svg":
            figure.savefig(out, metadata={"Date": None, "Creator": None})
        else:
            _save_png(figure, out)
    except OSError as error:
        raise BenchError(f"Can't write {out}: {error.strerror or error}.", "Name another file with --out.") from None


def _save_png(figure: Figure, out: Path) -> None:
    """256 colours suffice for a few hues and their soft edges, in a third of the bytes."""
    from PIL import Image

    drawn = BytesIO()
    figure.savefig(drawn, format="png")
    Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(out, format="png", optimize=True)
