"""Sweep files: how they may be written, and what is said of those that can't be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.sweeps.sweepfile import Entry, load_entries

REPOSITORY = Path(__file__).parents[2]
EVERY_KEY = """
- algo: protonet, maml
  suite: [omniglot-*, glyphs-5w1s]
  seeds: 0-2
  recipe: fast
  budget: short
  episodes: 400
  precision: bf16
  strategy: loop
  set: {inner_lr: 0.1, first_order: true, norm: batch}
  train: {steps: 500, lr: 1.0e-3}
  test: false
  configs_tried: 3
  cost: an hour
  why: every learner stands on this board
"""


def _entries(folder: Path, text: str) -> tuple[Entry, ...]:
    file = folder / "sweep.yaml"
    file.write_text(text)
    return load_entries(file)


def test_every_key(tmp_path: Path) -> None:
    (entry,) = _entries(tmp_path, EVERY_KEY)
    assert entry == Entry(
        algo=("protonet", "maml"),
        suite=("omniglot-*", "glyphs-5w1s"),
        seeds=(0, 1, 2),
        recipe="fast",
        budget="short",
        episodes=400,
        precision="bf16",
        strategy="loop",
        set={"inner_lr": "0.1", "first_order": "True", "norm": "batch"},
        train={"steps": "500", "lr": "0.001"},
        test=False,
        configs_tried=3,
        cost="an hour",
        why="every learner stands on this board",
    )
    assert set(entry.model_fields_set) == set(Entry.model_fields)  # a new key needs its line above


@pytest.mark.parametrize(
    ("seeds", "means"), [("3", (3,)), ("0-2", (0, 1, 2)), ("0,3,5", (0, 3, 5)), ("[1, 4]", (1, 4)), (None, (0,))]
)
def test_seeds_are_written_as_on_the_command_line_or_as_a_list(
    tmp_path: Path, seeds: str | None, means: tuple[int, ...]
) -> None:
    text = "- {algo: a, suite: s" + (f", seeds: {seeds}" if seeds and "," not in seeds else "") + "}\n"
    if seeds and "," in seeds:
        text = f"- algo: a\n  suite: s\n  seeds: {seeds}\n"
    assert _entries(tmp_path, text)[0].seeds == means


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "sweep.yaml has no entries"),
        ("just words\n", ":1: entry"),
        ("- {algo: a, suite: s}\n- suite: s\n", ":2: algo: Field required"),
        ("- algo: a\n  suite: s\n  seeds: two\n", ":3: seeds: .*such as 0-2|:3: seeds: .*0-2"),
        ("- algo: a\n  suite: s\n  seeds: true\n", ":3: seeds"),
        ("- algo: a\n  suite: s\n  budget: long\n", ":3: budget: .*'smoke'"),
        ("- algo: a\n  suite: s\n  lr: 3\n", ":3: lr: Extra"),
        ("- algo: ','\n  suite: s\n", ":1: algo"),
        ("- algo: a\n  suite: s\n  suite: t\n", ":3: "),
        ("- algo: [\n", "not valid YAML"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as error:
        _entries(tmp_path, text)
    assert error.value.fix


def test_no_file() -> None:
    with pytest.raises(UsageError, match="No such sweep file: nowhere"):
        load_entries(Path("nowhere.yaml"))


def test_the_boards_list_of_wanted_cells_is_a_sweep_file() -> None:
    entries = load_entries(REPOSITORY / "leaderboards" / "wanted.yaml")
    assert len(entries) > 10 and all(entry.recipe and entry.why for entry in entries)
