"""What a reader sees. Goldens: after a wanted change, delete the file and run this test once to write it anew."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bench.boards import board_lines, build_boards, frame, rendered
from bench.boards.board.rows import seeds_text
from bench.boards.render.formats import escape_latex, escape_markdown, score_text
from bench.errors import UsageError
from bench.stats import Interval
from tests.records.factory import accuracy_scores, store_run

GOLDEN = Path(__file__).parent / "golden"


def same_as_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if not path.exists():
        path.write_text(text)
        pytest.fail(f"{path} was missing and has been written: read it, then commit it")
    assert text == path.read_text()


@pytest.mark.parametrize("width", [80, 100])
def test_terminal_at_a_fixed_width(results: Path, width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=False)
    for board in build_boards(results):
        for line in board_lines(board, width):
            console.print(line)
    same_as_golden(f"terminal-{width}.txt", re.sub(r" +$", "", out.getvalue(), flags=re.MULTILINE))


@pytest.mark.parametrize("form", ["markdown", "csv", "latex", "html"])
def test_formats(results: Path, form: str) -> None:
    same_as_golden(f"boards.{form}", rendered(build_boards(results), form))


def test_unknown_formats_are_named(results: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean 'latex'"):
        rendered([], "latx")


def test_the_csv_holds_the_numbers_of_the_board(results: Path) -> None:
    boards = build_boards(results)
    table = pd.read_csv(io.StringIO(rendered(boards, "csv")))
    assert len(table) == len(frame(boards)) == sum(1 + len(row.extras) for b in boards for row in b.rows)
    protonet = table[(table["algorithm"] == "protonet")].iloc[0]
    (row,) = (row for row in boards[0].rows if row.algorithm == "protonet")
    assert protonet["mean"] == pytest.approx(row.score.mean, abs=1e-6) and protonet["episodes"] == 2000
    assert list(frame([]).columns) == list(table.columns)


def test_contended_speeds_show_as_a_dash(results: Path) -> None:
    text = rendered(build_boards(results), "markdown")
    (maml,) = (line for line in text.splitlines() if line.startswith("| maml norm=batch"))
    assert maml.count(" | — | — | ") == 1


def test_learners_can_not_write_markup_or_markers(tmp_path: Path) -> None:
    hostile = "<script>x</script> | a\n\n# b [l](http://x) `c` <!-- bench:end -->"
    store_run(tmp_path, accuracy_scores(2000), algorithm__title=hostile, command=f"bench run {hostile}")
    store_run(tmp_path, None, seed=1, reason=hostile * 50)
    boards = build_boards(tmp_path)
    page = rendered(boards, "markdown")
    assert "<!--" not in page
    shown = "\n".join(line for line in page.splitlines() if not line.startswith("    "))  # code shows all as it is
    assert "\n# b" not in shown and "<script>" not in shown and not re.search(r"(?<!\\)\]\(", shown)
    (line,) = (line for line in page.splitlines() if line.startswith("| protonet | fast | 1 "))
    assert len(line) < 600 and len(re.findall(r"(?<!\\)\|", line)) == 6


@given(st.text())
def test_escaped_text_is_one_inert_line(text: str) -> None:
    for escaped in (escape_markdown(text), escape_latex(text)):
        assert len(escaped.splitlines()) <= 1
    assert not re.search(r"(?<!\\)[|`*_\[]", escape_markdown(text).replace("\\\\", ""))
    assert not re.search(r"(?<!\\)[&%#_]", escape_latex(text))


@pytest.mark.parametrize(
    ("mean", "half", "unit", "text"),
    [
        (0.98271, 0.00138, "fraction", "98.27 ± 0.14"),
        (0.98271, 0.0138, "fraction", "98.3 ± 1.4"),
        (0.1704, 0.0051, "squared target unit", "0.170 ± 0.005"),
        (-1.25, 0.25, "nats per target point", "-1.250 ± 0.250"),
    ],
)
def test_numbers(mean: float, half: float, unit: str, text: str) -> None:
    assert score_text(Interval(mean, mean - half, mean + half, 1.0, 1.0, 2000, "t"), unit) == text


@given(st.sets(st.integers(0, 30)))
def test_seeds_text_names_every_seed_once(seeds: set[int]) -> None:
    named: list[int] = []
    for part in filter(None, seeds_text(list(seeds)).split(", ")):
        first, _, last = part.partition("-")
        named += range(int(first), int(last or first) + 1)
    assert named == sorted(seeds)
