"""Weights that authors published stand apart: unranked, beside the published number, never among trainings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.boards import Board, build_boards, rendered, write
from bench.boards.board.published import Published, PublishedNumbers, Source
from bench.boards.render.published_tables import summary_table, verdict_text
from bench.records import PublishedWeights
from tests.boards.test_published_verdicts import MARGINS
from tests.records.factory import accuracy_scores, store_run

WEIGHTS = PublishedWeights(
    name="proto-authors",
    paper="Somebody 2018, A paper, arXiv:1234.56789",
    licence="MIT",
    address="https://example.org/models",
    trained_on="drawings of their own",
)
SOURCES = {
    "authors": Source(title="A paper", url="https://arxiv.org/abs/1234.56789", plus_minus="95 %"),
    "others": Source(title="Another one", url="https://arxiv.org/abs/9876.54321", plus_minus="95 %"),
}


def store_authors(root: Path, mean: float = 0.95, **changes: Any) -> None:
    fields = {"published_weights": WEIGHTS, "recipe": "authors", "seed": None, "algorithm__trains": False}
    store_run(root, accuracy_scores(2000, mean, seed=9), **{**fields, **changes})


def store_trainings(root: Path) -> None:
    for seed in range(3):
        store_run(root, accuracy_scores(2000, 0.9, seed), seed=seed)


def board(root: Path, source: str = "authors") -> Board:
    entry = Published.model_validate(
        {
            "suite": "glyphs-5w1s", "algorithm": "protonet", "mode": "inductive",
            "source": source, "value": "95.0", "interval": "0.4",
        }
    )  # fmt: skip
    numbers = PublishedNumbers(margins=MARGINS, sources=SOURCES, published=(entry,))
    (only,) = build_boards(root, published=numbers)
    return only


def test_they_have_a_section_and_no_rank(tmp_path: Path) -> None:
    store_trainings(tmp_path)
    store_run(tmp_path, accuracy_scores(2000, 0.8), algorithm__name="chance", seed=None, algorithm__trains=False)
    store_authors(tmp_path, 0.99)
    store_authors(tmp_path, 0.97, published_weights=WEIGHTS.model_copy(update={"name": "other"}), key="b" * 16)
    found = board(tmp_path)
    rows = found.section("authors' weights")
    assert [row.weights and row.weights.name for row in rows] == ["proto-authors", "other"]
    assert all(row.rank is None and row.label == "authors' checkpoint" and not row.seeds for row in rows)
    assert all(row.score_label == "closed, one checkpoint" for row in rows)
    ranked = {row.algorithm: row.rank.rank for row in found.section("inductive") if row.rank}
    assert ranked == {"protonet": 1, "chance": 2}  # as if the authors' weights weren't there


def test_the_reference_is_never_theirs(tmp_path: Path) -> None:
    store_authors(tmp_path, algorithm__name="nearest_centroid")
    assert board(tmp_path).reference == ""
    store_run(tmp_path, accuracy_scores(2000), algorithm__name="nearest_centroid", seed=None, algorithm__trains=False)
    assert board(tmp_path).reference == "nearest_centroid"


def test_the_published_number_is_judged_twice_and_counted_once(tmp_path: Path) -> None:
    store_trainings(tmp_path)
    store_authors(tmp_path)
    found = board(tmp_path)
    assert [(item.row is not None and item.row.weights is not None, item.verdict.kind) for item in found.published] == [
        (False, "different"),
        (True, "equivalent"),
    ]
    counted = summary_table([found])
    assert counted is not None and sum(map(int, counted.rows[-1][1:])) == 1
    assert len(board(tmp_path, "others").published) == 1  # another paper's number: not these authors'


def test_weights_that_saw_test_classes_prove_nothing(tmp_path: Path) -> None:
    store_authors(tmp_path, protocol__saw_test_classes=True, protocol__external_data=["drawings"])
    found = board(tmp_path)
    assert "saw test classes" in found.section("authors' weights")[0].flags
    assert [verdict_text(item) for item in found.published] == [
        "not measured",
        "not comparable: these weights saw test classes of the suite",
    ]


def test_the_page_says_whose_they_are(tmp_path: Path) -> None:
    store_authors(tmp_path)
    text = rendered([board(tmp_path)], "markdown")
    assert "## Authors' weights" in text
    assert "weights proto-authors of Somebody 2018, A paper, arXiv:1234.56789, licence MIT" in text
    assert "trained on drawings of their own" in text and "`bench run --weights`" in text
    write(tmp_path / "pages", tmp_path)
    index = (tmp_path / "pages" / "README.md").read_text()
    assert "| transductive | authors' weights | rows |" in index
    without = tmp_path / "without"
    store_trainings(without)
    assert "uthors' weights" not in rendered([board(without)], "markdown")
