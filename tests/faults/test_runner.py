"""The runner's own scenarios, each a few times: no run is lost, no score changed."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from tests.faults import disk
from tests.faults.__main__ import BEGIN, END, SCENARIOS, table
from tests.faults.trial import Row, Trial

QUICK = {"holder_gone", "host_silent", "clock_back", "dropped"}
ENOUGH = {"host_silent": 20, "clock_back": 20, "dropped": 20, "training_state": 6, "stored_run": 4, "many": 20}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return Trial.prepare(tmp_path_factory.mktemp("faults"))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in SCENARIOS]
)
def test_no_run_is_lost_and_no_score_changes(trial: Trial, name: str) -> None:
    try:
        row = SCENARIOS[name](trial, ENOUGH.get(name, 2), random.Random(name))
    except disk.NotAllowed as reason:
        pytest.skip(str(reason))
    assert row.times and (row.lost, row.changed) == (0, 0), row


def test_the_document_holds_a_table_of_nothing_lost() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text(encoding="utf-8")
    lines = [line for line in text.partition(BEGIN)[2].partition(END)[0].splitlines() if line.startswith("| ")]
    assert len(lines) > 10
    assert all(re.search(r"\| [1-9][\d,]* \| 0 \| 0 \|", line) for line in lines[1:])
    assert table([Row("a", "b", 1000, 0, 0, "c")]).endswith("| a | 1,000 | 0 | 0 |\n\n* **a**: b. *Seen*: c.\n")
