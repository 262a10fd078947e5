"""Pages are generated between markers, byte for byte the same, and a stale one is told."""

from __future__ import annotations

import errno
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from bench.boards import Written, check, write
from bench.errors import Stale, StoreError, UsageError
from tests.records.factory import accuracy_scores, store_run

MISSING = """\
- suite: miniimagenet-5w1s
  algo: protonet
  recipe: paper
  seeds: 0-2
  cost: 3 x 9 h on one GPU
  why: needs the images
"""


@pytest.fixture
def boards(tmp_path: Path, results: Path) -> tuple[Path, Path]:
    """(directory, results): pages written, with one missing cell."""
    directory = tmp_path / "leaderboards"
    shutil.copytree(results, directory / "results")
    (directory / "wanted.yaml").write_text(MISSING)
    write(directory, directory / "results")
    return directory, directory / "results"


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


def test_a_second_write_changes_nothing(boards: tuple[Path, Path]) -> None:
    before = contents(boards[0])
    assert {"README.md", "glyphs-5w1s.md", "glyphs-5w1s.csv", "miniimagenet-5w1s.md"} <= before.keys()
    time.sleep(0.01)
    assert write(*boards) == Written([], []) and contents(boards[0]) == before
    check(*boards)


def test_pages_are_the_same_wherever_the_records_lie(boards: tuple[Path, Path], tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(boards[1], elsewhere)
    other = tmp_path / "other"
    other.mkdir()
    (other / "wanted.yaml").write_text(MISSING)
    write(other, elsewhere)
    assert contents(other) == contents(boards[0])


def test_text_outside_the_markers_is_kept(boards: tuple[Path, Path]) -> None:
    page = boards[0] / "glyphs-5w1s.md"
    page.write_text("Our own words.\n\n" + page.read_text() + "\nMore words.\n")
    check(*boards)
    store_run(boards[1], accuracy_scores(2000), algorithm__name="relnet")
    changed = {path.name for path in write(*boards).files}
    assert changed == {"glyphs-5w1s.md", "glyphs-5w1s.csv", "README.md"}
    text = page.read_text()
    assert text.startswith("Our own words.\n\n# glyphs-5w1s") and text.endswith("\nMore words.\n") and "relnet" in text


def test_a_new_record_makes_the_pages_stale(boards: tuple[Path, Path]) -> None:
    store_run(boards[1], accuracy_scores(2000), algorithm__name="relnet")
    with pytest.raises(Stale) as caught:
        check(*boards)
    message = str(caught.value)
    assert "glyphs-5w1s.md is stale" in message and "+| relnet" in message and "sinusoid" not in message
    assert message.endswith(f"fix: bench leaderboard --write {boards[0]}") and len(message.splitlines()) < 60


def test_an_edited_number_is_stale(boards: tuple[Path, Path]) -> None:
    page = boards[0] / "glyphs-5w1s.md"
    page.write_text(page.read_text().replace("94.88", "99.99"))
    with pytest.raises(Stale, match=r"-\| protonet \| \*\*99\.99"):
        check(*boards)
    assert write(*boards) == Written([page], [])


def test_missing_and_left_over_pages_are_stale(boards: tuple[Path, Path]) -> None:
    (boards[0] / "sinusoid-10s.csv").unlink()
    shutil.rmtree(boards[1] / "glyphs-5w1s")
    with pytest.raises(Stale) as caught:
        check(*boards)
    assert "sinusoid-10s.csv is missing" in str(caught.value)
    assert "glyphs-5w1s.md: no record of this suite is left" in str(caught.value)


@pytest.mark.parametrize(
    "damage", [lambda t: t.replace("<!-- bench:end -->", ""), lambda t: "own words", lambda t: t * 2]
)
def test_damaged_markers_are_an_error_that_loses_nothing(boards: tuple[Path, Path], damage: Any) -> None:
    page = boards[0] / "glyphs-5w1s.md"
    page.write_text(damage(page.read_text()))
    before = contents(boards[0])
    with pytest.raises(UsageError, match="expected one pair of markers"):
        write(*boards)
    assert contents(boards[0]) == before


def test_a_directory_that_can_not_be_written(boards: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    store_run(boards[1], accuracy_scores(2000), algorithm__name="relnet")
    before = contents(boards[0])

    def refuse(*_: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(StoreError, match="Read-only"):
        write(*boards)
    assert contents(boards[0]) == before


def test_a_missing_cell_is_on_its_page_until_it_is_measured(boards: tuple[Path, Path]) -> None:
    directory, results = boards
    page = directory / "miniimagenet-5w1s.md"
    assert "| protonet | paper | 0-2 | 3 x 9 h on one GPU | needs the images |" in page.read_text()
    for seed in range(3):
        check(directory, results)
        store_run(results, accuracy_scores(2000), suite__name="miniimagenet-5w1s", recipe="paper", seed=seed)
        write(directory, results)
    assert "Not measured yet" not in page.read_text()
    with pytest.raises(Stale, match="seeds 0-2, has been measured: delete the entry"):
        check(directory, results)
