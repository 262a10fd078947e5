from __future__ import annotations

from pathlib import Path

import pytest

from bench.boards import load_wanted
from bench.errors import UsageError

GOOD = "- {suite: s, algo: a, recipe: r, seeds: 0-2, cost: 1 h, why: w}\n"


def test_seeds_are_written_as_on_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "wanted.yaml"
    path.write_text(GOOD + GOOD.replace("0-2", "4") + GOOD.replace("0-2", "[1, 3]"))
    assert [cell.seeds for cell in load_wanted(path)] == [(0, 1, 2), (4,), (1, 3)]


def test_in_no_file_and_an_empty_file_nothing_is_missing(tmp_path: Path) -> None:
    assert load_wanted(tmp_path / "no") == ()
    (tmp_path / "empty").write_text("# nothing\n")
    assert load_wanted(tmp_path / "empty") == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            GOOD + "- suite: s\n  algo: a\n  recipe: r\n  seeds: two\n  cost: c\n  why: w\n",
            ":5: seeds: .*Expected seeds like 0, 0-2",
        ),
        (GOOD + "- suite: s\n  algo: a\n  recipe: r\n  seeds: 3-1\n  cost: c\n  why: w\n", ":5: seeds"),
        (GOOD + GOOD + "- suite: s\n", ":3: algo: Field required"),
        (GOOD + "- suite: s\n  nope: 1\n  algo: a\n  recipe: r\n  seeds: 1\n  cost: c\n  why: w\n", ":3: nope: Extra"),
        (GOOD + "- suite: [\n", ":3: not valid YAML"),
        ("just words\n", ":1: entry"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "wanted.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=f"wanted.yaml{says}"):
        load_wanted(path)
