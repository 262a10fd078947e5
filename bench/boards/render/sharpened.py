"""A sharpened mean as one line for people, and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bench.boards.board.domain_facts import unit_facts
from bench.boards.compare.sharpened import SharpenedRun
from bench.stats import Interval

_NAMED = 4  # controls, the first ones; a line is a line


def sharpened_line(found: SharpenedRun) -> str:
    """`plain 36.2 ± 5.0 %; sharpened with protonet, relnet over 2,000 episodes: 35.8 ± 3.3 % (variance / 2.3)`."""
    names, more = found.controls[:_NAMED], len(found.controls) - _NAMED
    who = ", ".join(names) + (f" and {more} more" if more > 0 else "")
    return (
        f"plain {_text(found.plain, found)}; sharpened with {who} over {found.episodes:,} episodes: "
        f"{_text(found.sharpened, found)} (variance / {found.variance_ratio:.1f})"
    )


def sharpened_json(found: SharpenedRun) -> dict[str, Any]:
    """In the record's unit."""
    return {
        "metric": found.metric.name,
        "mean": "geometric" if found.geometric else "arithmetic",
        "plain": asdict(found.plain),
        "sharpened": asdict(found.sharpened),
        "controls": list(found.controls),
        "stream_episodes": found.episodes,
        "variance_ratio": found.variance_ratio,
    }


def _text(interval: Interval, found: SharpenedRun) -> str:
    facts = unit_facts(found.metric.unit)
    mean, low, high = (facts.scale * value for value in (interval.mean, interval.low, interval.high))
    if found.geometric:
        return f"geometric mean {mean:.3g} [{low:.3g}, {high:.3g}]"
    half = (high - low) / 2
    digits = facts.fine_digits if half < 1 else facts.digits
    return f"{mean:.{digits}f} ± {half:.{digits}f}" + (f" {facts.sign}" if facts.sign else "")
