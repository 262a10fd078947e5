"""How far a row has been verified: the level that all of its runs have passed, for its "verified" column.

Outcomes are appended to a record's `verification` by `bench verify --record`; docs/submitting.md says what each level
compares. A run counts for the highest level whose last outcome is a pass, a row for the lowest of its runs. A failure
of the very source that ran makes it disputed; a failure of another source says that the source is another one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bench.records import Record

SELF_REPORTED, DISPUTED = "self-reported", "disputed"
ORDER: Final = (SELF_REPORTED, "consistent", "spot", "rescored", "fresh", "rerun")


def verified(records: Iterable[Record], made_with: Iterable[str]) -> str:
    """The level of a row, "self-reported" where nobody has verified a run of it, "disputed" where a check failed.

    made_with : the sources that ran, in the order of `records`
    """
    found = [_of_run(record, source) for record, source in zip(records, made_with, strict=True)]
    return DISPUTED if DISPUTED in found else min(found, key=ORDER.index)


def _of_run(record: Record, source: str) -> str:
    last: dict[str, bool] = {}
    for entry in record.verification:
        level, passed = entry.get("level"), entry.get("passed") is True
        own = entry.get("source_sha256", source) == source
        if level in ORDER and (passed or own):
            last[str(level)] = passed
    if not all(last.values()):
        return DISPUTED
    return max(last, key=ORDER.index, default=SELF_REPORTED)
