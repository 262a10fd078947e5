"""Moments as records, plans and events write them."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_text(moment: datetime | None = None, timespec: str = "seconds") -> str:
    """RFC 3339, UTC, with a Z. [default: now]

    >>> utc_text(datetime(2026, 11, 27, 3, 4, 5, tzinfo=UTC))
    '2026-11-27T03:04:05Z'
    """
    return (moment or datetime.now(UTC)).isoformat(timespec=timespec).replace("+00:00", "Z")
