"""Where pages lie in the folder, and what links to them are called. All links are relative, so that a page opens from
disk as from a host."""

from __future__ import annotations

import hashlib
import re

from bench.boards import Learner, Row

INDEX = "index.html"


def suite_place(suite: str) -> str:
    """Names of suites are names of directories and hold no separators."""
    return f"suites/{suite}.html"


def csv_place(suite: str) -> str:
    return f"suites/{suite}.csv"


def published_csv_place(suite: str) -> str:
    return f"suites/{suite}-published.csv"


def episodes_place(suite: str) -> str:
    return f"episodes/{suite}.html"


def picture_place(suite: str, episode: int) -> str:
    return f"episodes/{suite}/{episode}.png"


def learner_place(learner: Learner) -> str:
    """A baseline's page has its name; anybody else's learner may be called anything.

    >>> learner_place(Learner("maml", "baselines/maml.py")), learner_place(Learner("../x", "x.py:X"))
    ('learners/maml.html', 'learners/x-c4de9c26.html')
    """
    if learner.is_baseline and re.fullmatch(r"\w+", learner.name, re.ASCII):
        return f"learners/{learner.name}.html"
    digest = hashlib.sha256(f"{learner.name}\n{learner.origin}".encode()).hexdigest()[:8]
    return f"learners/{re.sub(r'[^a-z0-9]+', '-', learner.name.lower()).strip('-')}-{digest}.html"


def row_id(row: Row) -> str:
    """The anchor of a row on its suite's page; a run is in one row only."""
    return f"row-{row.keys[0]}"
