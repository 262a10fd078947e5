"""Seeds as people write them."""

from __future__ import annotations

from typing import Any

from bench.errors import UsageError


def parse_seeds(text: str) -> list[int]:
    """Seeds as people write them, sorted and distinct.

    >>> parse_seeds("0-2,7")
    [0, 1, 2, 7]
    """
    seeds: set[int] = set()
    for part in text.split(","):
        low, dash, high = part.strip().partition("-")
        try:
            first, last = int(low), int(high) if dash else int(low)
        except ValueError:
            raise UsageError(f"Expected seeds like 0, 0-2 or 0,3,5, found {text!r}.") from None
        if last < first:
            raise UsageError(f"Seeds {part!r} run backwards.", f"Write {last}-{first}.")
        seeds.update(range(first, last + 1))
    return sorted(seeds)


def seeds_field(value: Any) -> Any:
    """Seeds in a file, `0-2`, `4` or a list, for a pydantic field to check. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return value
    try:
        return parse_seeds(str(value))
    except UsageError as error:
        raise ValueError(error.message.rstrip(".")) from None
