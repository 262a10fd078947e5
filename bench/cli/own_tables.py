"""What `bench try` and `bench predict` print."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING

from bench.boards.render.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from bench.own.advice import Advice
    from bench.own.choose import Estimate
    from bench.own.predicted import Predicted
    from bench.own.study import Study

_PAIRS, _METHODS = 5, 10  # told at most


def headline(study: Study) -> Iterator[str]:
    """Folder, episodes and features: what the answer rests on."""
    known, advice = study.known, study.advice
    counts = known.counts
    each = f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
    yield f"{len(known.classes)} classes of {each} images, {len(known.photos)} in all; episodes {advice.manifest[:16]}"


def features_table(study: Study) -> Table:
    """What the features come from."""
    rows = tuple((encoder.name, encoder.label, encoder.seen) for encoder in study.encoders.values())
    return Table("", ("features", "network", "has seen"), (False, False, False), rows)


def verdict(study: Study) -> Iterator[str]:
    """The recommendation, what more labels would buy and which classes are taken for each other."""
    advice, known = study.advice, study.known
    yield f"recommended: {advice.choice.method.name}"
    yield f"  accuracy on new images of these classes: {percent(advice.expected)}, with all your labels"
    yield f"  {_tied(advice)}"
    yield from _gains(advice)
    for pair in advice.pairs[:_PAIRS]:
        first, second = known.classes[pair.first], known.classes[pair.second]
        yield f"confusable: {first} and {second}, {pair.share:.0%} of their images are taken for the other"
    if len(advice.pairs) > _PAIRS:
        yield f"            {len(advice.pairs) - _PAIRS} further pairs"


def methods_table(advice: Advice) -> Table:
    """Held-out accuracy of the best methods, the recommended one, and the reference."""
    from bench.own.encoders import PIXELS

    ranked = list(advice.accuracy)
    reference = next((method for method in ranked if method.encoder == PIXELS), None)
    shown = [m for i, m in enumerate(ranked) if i < _METHODS or m in (advice.choice.method, reference)]
    rows = tuple((m.encoder, m.head, f"{100 * advice.accuracy[m]:.1f}", _role(advice, m, reference)) for m in shown)
    left_out = f", {len(shown)} of {len(ranked)} methods" if len(shown) < len(ranked) else ""
    title = f"held-out accuracy in %, {advice.held_out_at:.3g} labels a class{left_out}"
    strong = frozenset((i, 2) for i, m in enumerate(shown) if m == advice.choice.method)
    return Table(title, ("features", "head", "accuracy", "note"), (False, False, True, False), rows, strong)


def predictions_table(predicted: Predicted, most: int) -> Table:
    """The first answers."""
    rows = tuple(
        (row.name, row.label, f"{row.probability:.2f}", row.nearest if row.label != row.nearest else "")
        for row in predicted.rows[:most]
    )
    return Table("", ("image", "label", "probability", "nearest class"), (False, False, True, False), rows)


def percent(estimate: Estimate) -> str:
    """ "78 % (95 % interval 68 to 85)"."""
    low, high = (f"{100 * value:.0f}" for value in (estimate.low, estimate.high))
    return f"{100 * estimate.mean:.0f} % (95 % interval {low} to {high})"


def json_fields(study: Study) -> dict[str, object]:
    """Everything that is printed and more, as plain values."""
    known, advice = study.known, study.advice
    return {
        "classes": dict(zip(known.classes, known.counts.tolist(), strict=True)),
        "images": len(known.photos),
        "episodes_sha256": advice.manifest,
        "features": {name: {"label": e.label, "seen": e.seen} for name, e in study.encoders.items()},
        "recommended": advice.choice.method.name,
        "expected": plain(advice.expected),
        "not_told_apart": [method.name for method in advice.choice.tied],
        "held_out": {"labels_a_class": advice.held_out_at, **{m.name: a for m, a in advice.accuracy.items()}},
        "curve": {f"{shots:g}": accuracy for shots, accuracy in advice.curve.at.items()},
        "more_labels": {str(g.more): {**plain(g.gain), "told": g.told} for g in advice.curve.gains},
        "confusable": [[known.classes[p.first], known.classes[p.second], p.share] for p in advice.pairs],
        "remarks": [{"kind": r.kind, "count": r.count, "first": list(r.first)} for r in known.remarks],
        "warning": study.warning,
    }


def say(out: Console, text: str) -> None:
    """A line that is broken between words and goes on indented."""
    indent = " " * (len(text) - len(text.lstrip()) + 4)
    for line in wrap(text, out.width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False):
        out.print(line, highlight=False, markup=False, soft_wrap=True)


def plain(estimate: Estimate) -> dict[str, float]:
    return {"mean": estimate.mean, "low": estimate.low, "high": estimate.high}


def _tied(advice: Advice) -> str:
    tied = advice.choice.tied
    if not tied:
        return (
            "the others are worse, beyond chance" if len(advice.accuracy) > 1 else "the only method that was measured"
        )
    names = ", ".join(method.name for method in tied[:4]) + (", ..." if len(tied) > 4 else "")
    return f"cannot tell it apart from {len(tied)} other{'s' * (len(tied) > 1)} ({names}): it stands first by default"


def _gains(advice: Advice) -> Iterator[str]:
    if not advice.curve.gains:
        yield "more labels: cannot tell, the classes have too few images for a learning curve"
    for gain in advice.curve.gains:
        told = gain.gain
        points = f"{_points(told.mean)} (95 % interval {100 * told.low:.0f} to {100 * told.high:.0f})"
        yield f"{gain.more:2d} more labels a class: {points if gain.told else f'cannot tell, {points} if anything'}"


def _points(gain: float) -> str:
    text = f"{100 * gain:+.0f}"
    return f"{text} point" + "s" * (text != "+1")


def _role(advice: Advice, method: object, reference: object) -> str:
    if method == advice.choice.method:
        return "recommended"
    if method in advice.choice.tied:
        return "not told apart"
    return "reference without a network" if method == reference else ""
