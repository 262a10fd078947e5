"""What a board on a terminal says first, and what it says of everything that it does not show."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bench.boards import Board, board_lines, build_boards, rendered
from bench.errors import UsageError
from tests.conftest import Cli
from tests.records.factory import accuracy_scores, store_run


def shown(boards: list[Board], width: int = 100, **how: Any) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=False)
    for board in boards:
        for line in board_lines(board, width, **how):
            console.print(line, markup=False, highlight=False) if isinstance(line, str) else console.print(line)
    return out.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_scores_are_whole_and_no_line_is_too_wide(results: Path, width: int) -> None:
    boards = build_boards(results)
    text = shown(boards, width)
    assert all(len(line) <= width for line in text.splitlines())
    for score in ("94.88 ± 0.25", "0.0493 [0.0482, 0.0504]"):
        assert score in text


def test_notes_are_marks_explained_below(results: Path) -> None:
    text = shown(build_boards(results))
    (line,) = (line for line in text.splitlines() if line.startswith("frozen"))
    marks = line.split("±")[1].split()[1:3]
    said = {line.split("  ")[0]: line for line in text.splitlines() if "  " in line}
    assert marks == ["a", "b"] and "a  checkpoint: speaks of these trainings only" in text
    assert "b  external data: ImageNet-1k" in text and said


def test_every_run_that_is_not_on_the_board_says_why(results: Path) -> None:
    boards = build_boards(results)
    text = " ".join(shown(boards).split())
    for board in boards:
        for item in board.left_out:
            assert f"{item.key[:8]}: {item.reason}" in text or (item.reason in text and item.key[:8] in text)


def test_rows_without_a_speed_say_how_to_measure_it(results: Path) -> None:
    assert "without episodes/s: maml; bench time " in shown(build_boards(results))


def test_columns_that_say_nothing_or_repeat_are_left_out(results: Path) -> None:
    text = shown(build_boards(results), 200)
    assert "mse@step1, mean" in text and "loglik" not in text


def test_older_sources_fold_into_a_line(tmp_path: Path) -> None:
    store_run(tmp_path, accuracy_scores(2000), algorithm__source_sha256="a" * 64, finished="2026-01-01T00:00:00Z")
    store_run(tmp_path, accuracy_scores(2000, 1), algorithm__source_sha256="b" * 64, finished="2026-02-01T00:00:00Z")
    boards = build_boards(tmp_path)
    text = shown(boards)
    assert "1 row of older sources or recipes (protonet): --older" in text
    assert len([line for line in text.splitlines() if line.startswith("protonet")]) == 1
    assert len([line for line in shown(boards, older=True).splitlines() if line.startswith("protonet")]) == 2


def test_columns_and_order_are_for_every_format(results: Path) -> None:
    boards = build_boards(results)
    assert "parameters" in shown(boards, columns=["algorithm", "parameters"])
    for form in ("markdown", "latex", "html"):
        text = rendered(boards, form, ["algorithm", "recipe"], "algorithm")
        assert "recipe" in text and "episodes/s" not in text
        assert text.index("chance") < text.index("nearest") < text.index("protonet")
    assert rendered(boards, "csv", ["suite", "mean"]).splitlines()[0] == "suite,mean"
    for wrong in ({"columns": ["speed"]}, {"sort": "beauty"}):
        with pytest.raises(UsageError):
            rendered(boards, "latex", **wrong)
    with pytest.raises(UsageError, match="Unknown column 'speed'"):
        rendered(boards, "csv", ["speed"])


def test_wide_has_every_column_on_one_line(results: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = cli("leaderboard", "--wide", "--runs", results).out
    (line,) = (line for line in text.splitlines() if line.startswith("protonet "))
    assert len(line) > 100 and "94.88 ± 0.25" in line and "seed 4 failed" in line
    assert "configs" in text and "no room" not in text


def test_columns_of_one_row_may_say_the_same(tmp_path: Path) -> None:
    store_run(tmp_path, accuracy_scores(2000), seed=1)
    store_run(tmp_path, accuracy_scores(2000, 1), algorithm__name="chance", algorithm__trains=False, seed=None)
    assert "seeds" in shown(build_boards(tmp_path))
