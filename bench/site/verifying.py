"""How a reader checks a row: the command for each of its runs, and what the last verification said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.boards import Row
from bench.records import Record
from bench.records.store import StoredRun
from bench.records.weights import CHECKPOINT


@dataclass(frozen=True)
class Verifying:
    """One run. last : the last verification recorded, in words; "" where there is none"""

    key: str
    seed: str
    command: str
    last: str


def verifying(row: Row, stored: Mapping[str, StoredRun]) -> list[Verifying]:
    """For each run of the row. stored : the runs by key"""
    found = []
    for key in row.keys:
        run = stored[key]
        assert run.record is not None  # it is on a board
        seed = "" if run.record.seed is None else f"seed {run.record.seed}"
        found.append(Verifying(key, seed, f"bench verify {key} --level {_level(run, run.record)}", _last(run.record)))
    return found


def _level(run: StoredRun, record: Record) -> str:
    """Every episode again, where the weights lie beside the record or there are none; else the record by itself."""
    return "rescored" if record.checkpoint is None or (run.path / CHECKPOINT).is_file() else "consistent"


def _last(record: Record) -> str:
    if not record.verification:
        return ""
    entry = record.verification[-1]
    outcome = "passed" if entry.get("passed") is True else "failed"
    return ", ".join(filter(None, (f"{entry.get('level')} {outcome}", _agreed(entry), _when(entry))))


def _agreed(entry: Mapping[str, Any]) -> str:
    agree, of = entry.get("agree"), entry.get("k")
    return f"{agree:,} of {of:,} episodes agree" if isinstance(agree, int) and isinstance(of, int) else ""


def _when(entry: Mapping[str, Any]) -> str:
    date, by = str(entry.get("date") or "")[:10], entry.get("by")
    return f"{date}{f' by {by}' if by else ''}".strip()
