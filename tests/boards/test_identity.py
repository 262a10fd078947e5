"""A learner is where its code comes from. Somebody else's code under a baseline's name takes nothing that is the
baseline's: not its deltas, published numbers, missing cells, place in the index, nor its name in a comparison."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.boards import Board, Learner, build_boards, check, frame, load_published, rendered, write
from bench.boards.board.rows import baseline, learner_of
from bench.boards.compare.comparison import compare
from bench.boards.compare.planning import plan_from_runs
from bench.boards.render.across import across_suites
from bench.errors import Stale, UsageError
from tests.records.factory import accuracy_scores, make_record, store_run

NOTHING_TRAINED: dict[str, Any] = {"seed": None, "algorithm__trains": False, "recipe": "defaults"}
SUITE = "glyphs-5w1s"
IMPOSTORS = [
    "a.py:nearest_centroid",
    "entry point: evil.mod:Centroid",
    "registered: nearest_centroid",
    "baselines/x.py",
]


def store_as(root: Path, name: str, origin: str, mean: float, seed: int = 0, **changes: Any) -> Path:
    """One run of a learner that is called `name`, from its own source."""
    source = {"algorithm__source_sha256": sha256(origin.encode()).hexdigest()}
    key = {"key": sha256(repr((name, origin, mean, seed, changes)).encode()).hexdigest()[:16]}
    scores = accuracy_scores(2000, mean, seed)
    return store_run(root, scores, **{"seed": seed, **changes}, **source, **key, algorithm__name=name,
                     algorithm__origin=origin)  # fmt: skip


def store_three(root: Path, name: str, origin: str, mean: float, first: int = 0, **changes: Any) -> None:
    for seed in range(first, first + 3):
        store_as(root, name, origin, mean, seed, **changes)


def board_of(root: Path) -> Board:
    (board,) = build_boards(root)
    return board


@pytest.mark.parametrize("origin", IMPOSTORS)
def test_deltas_go_to_the_baseline_and_to_nobody_called_like_it(tmp_path: Path, origin: str) -> None:
    store_as(tmp_path, "nearest_centroid", origin, 0.99, **NOTHING_TRAINED)
    store_as(tmp_path, "protonet", "baselines/protonet.py", 0.9)
    found = board_of(tmp_path)
    assert found.reference == "" and all(row.delta is None for row in found.rows)
    assert "No differences to nearest\\_centroid, the reference" in rendered([found], "markdown")
    store_as(tmp_path, "nearest_centroid", "baselines/nearest_centroid.py", 0.6, **NOTHING_TRAINED)
    found = board_of(tmp_path)
    rows = {row.learner.origin: row for row in found.rows}
    impostor, true = rows[origin], rows["baselines/nearest_centroid.py"]
    assert found.reference == "nearest_centroid" and true.delta is None
    assert impostor.delta is not None and impostor.delta.mean > 0.3


def test_published_verdicts_are_the_baselines(tmp_path: Path) -> None:
    suite = {"suite__name": "omniglot-5w1s"}
    store_three(tmp_path, "protonet", "protonet.py:ProtoNet", 0.99, **suite)
    found = board_of(tmp_path)
    assert found.published and {item.verdict.kind for item in found.published} == {"not measured"}
    assert frame([found])["verdict"].isna().all()
    store_three(tmp_path, "protonet", "baselines/protonet.py", 0.9, **suite)
    answered = [item.row for item in board_of(tmp_path).published if item.row]
    assert answered and {row.learner for row in answered} == {baseline("protonet")}


def test_a_missing_cell_is_filled_by_the_learner_it_names(tmp_path: Path) -> None:
    results, cells = tmp_path / "results", tmp_path / "wanted.yaml"
    entry = "- {{suite: glyphs-5w1s, algo: {}, recipe: fast, seeds: 0-2, cost: 1 h, why: w}}\n"
    cells.write_text(entry.format("protonet"))
    store_three(results, "protonet", "mine.py:ProtoNet", 0.9)
    write(tmp_path, results)
    assert "| protonet | fast | 0-2 | 1 h | w |" in (tmp_path / "glyphs-5w1s.md").read_text()
    cells.write_text(entry.format("protonet") + entry.format('"mine.py:ProtoNet"'))
    with pytest.raises(Stale) as caught:
        check(tmp_path, results)
    assert "wanted.yaml: mine.py:ProtoNet fast" in str(caught.value) and "yaml: protonet" not in str(caught.value)


def test_the_index_tells_them_apart_and_averages_neither_with_the_other(tmp_path: Path) -> None:
    results, suites = tmp_path / "results", ("glyphs-5w1s", "glyphs-5w5s", "glyphs-20w1s")
    for suite in suites:
        for name in ("anil", "maml", "relnet"):
            store_three(results, name, f"baselines/{name}.py", 0.8, suite__name=suite)
        theirs = suite == suites[0]
        store_three(results, "protonet", "baselines/protonet.py" if theirs else "mine.py:P", 0.95, suite__name=suite)
    write(tmp_path, results)
    (table,) = across_suites(build_boards(results))
    assert sorted(row[0] for row in table.rows) == ["anil", "maml", "relnet"]
    assert "| protonet (mine.py:P) 94." in (tmp_path / "README.md").read_text(), "the leading rows, too"


def test_tables_say_where_a_learner_comes_from_unless_it_is_a_baseline(tmp_path: Path) -> None:
    store_as(tmp_path, "protonet", "baselines/protonet.py", 0.9)
    store_as(tmp_path, "protonet", "mine.py:ProtoNet", 0.95, algorithm__overrides={"width": 32})
    store_as(tmp_path, "fancy", "entry point: package.module:Fancy", 0.8)
    found = board_of(tmp_path)
    names = [line.split(" | ")[0] for line in rendered([found], "markdown").splitlines() if line.startswith("|")]
    assert names[2:5] == ["| protonet (mine.py:ProtoNet) width=32", "| protonet", "| fancy (package.module:Fancy)"]
    assert list(frame([found])["algorithm"]) == [
        "protonet (mine.py:ProtoNet)", "protonet", "fancy (package.module:Fancy)",
    ]  # fmt: skip


def test_sources_of_one_learner_do_not_age_the_other(tmp_path: Path) -> None:
    store_as(tmp_path, "protonet", "baselines/protonet.py", 0.9)
    store_as(tmp_path, "protonet", "mine.py:ProtoNet", 0.95, finished="2026-09-01T00:00:00Z")
    assert all(row.flags == () for row in board_of(tmp_path).rows)


def test_a_loose_file_is_one_learner_whatever_path_was_typed(tmp_path: Path) -> None:
    for seed, path in enumerate(("lin.py:Lin", "./lin.py:Lin", "/home/me/lin.py:Lin")):
        store_run(tmp_path, accuracy_scores(2000, 0.9, seed), seed=seed, algorithm__name="lin", algorithm__origin=path)
    (row,) = board_of(tmp_path).rows
    assert row.learner == Learner("lin", "lin.py:Lin") and row.seeds == (0, 1, 2)


@given(st.sampled_from(["", "./", "../", "/a b/", "C:\\x\\"]), st.sampled_from(["protonet", "lin", "gittins"]))
def test_no_path_makes_a_loose_class_a_baseline(folder: str, name: str) -> None:
    record = make_record(None, algorithm__name=name, algorithm__origin=f"{folder}baselines/{name}.py:{name}")
    assert learner_of(record) == Learner(name, f"{name}.py:{name}") and not learner_of(record).is_baseline
    shipped = make_record(None, algorithm__name=name, algorithm__origin=f"baselines/{name}.py")
    assert learner_of(shipped).is_baseline and str(learner_of(shipped)) == name


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """protonet as the baseline, as a loose file with the best scores, and somebody else's; and something to compare."""
    store_three(tmp_path, "protonet", "baselines/protonet.py", 0.9)
    store_three(tmp_path, "protonet", "mine.py:ProtoNet", 0.99, finished="2026-09-01T00:00:00Z")
    store_three(tmp_path, "fancy", "mine.py:Fancy", 0.8)
    store_three(tmp_path, "fancy", "entry point: package.module:Fancy", 0.7)
    store_as(tmp_path, "maml", "baselines/maml.py", 0.6)
    return tmp_path


def names(root: Path, *asked: str) -> list[str]:
    return [placed.compared.name for placed in compare([root], SUITE, asked).placed]


def test_a_name_is_the_baselines_in_a_comparison(three: Path) -> None:
    report = compare([three], SUITE, ["protonet", "maml"])
    assert report.placed[0].compared.record.algorithm.origin == "baselines/protonet.py"


@pytest.mark.parametrize("text", ["mine.py:ProtoNet", "./mine.py:ProtoNet", "/a/mine.py:ProtoNet:recipe=fast"])
def test_other_learners_are_named_by_where_they_come_from(three: Path, text: str) -> None:
    assert names(three, text, "protonet") == ["mine.py:ProtoNet", "protonet"]
    assert names(three, "package.module:Fancy recipe=fast", "mine.py:Fancy") == [
        "mine.py:Fancy",
        "package.module:Fancy",
    ]


def test_a_name_that_several_share_lists_them(three: Path) -> None:
    with pytest.raises(UsageError, match="'fancy' is what several learners") as caught:
        compare([three], SUITE, ["fancy", "protonet"])
    assert "mine.py:Fancy:recipe=fast  package.module:Fancy:recipe=fast" in caught.value.fix
    store_as(three, "fancy", "mine.py:Fancy", 0.5, seed=9, budget="smoke")
    with pytest.raises(UsageError, match="several learners"):
        compare([three], SUITE, ["fancy:budget=smoke", "protonet"])


def test_the_names_of_a_comparison_can_be_typed_again(three: Path) -> None:
    asked = ["mine.py:ProtoNet", "protonet", "mine.py:Fancy", "package.module:Fancy"]
    found = names(three, *asked)
    assert sorted(found) == sorted(asked) and names(three, *found) == found
    assert plan_from_runs([three], SUITE, found[:2], 0.5, 0.8, 0.95, None).learners == ("mine.py:ProtoNet", "protonet")


@pytest.mark.parametrize("text", ["mine.py:Protonet", "other.py:ProtoNet", "mine.py:recipe=fast", "mine.py", ".py:X"])
def test_an_origin_that_nobody_has_is_told(three: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"Unknown algo with records|No row"):
        compare([three], SUITE, [text, "protonet"])


def test_every_published_number_is_a_baselines() -> None:
    assert all(entry.learner.is_baseline for entry in load_published().published)
