"""What stands beside a published number, and when the two are said to agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.boards import Board, build_boards, frame, render, write
from bench.boards.beside import KINDS, Beside, Kind, judge
from bench.boards.beside_tables import summary_table, verdict_text
from bench.boards.references import Published, References, Source
from bench.boards.rows import MetricSpec
from bench.stats import Interval
from tests.records.factory import accuracy_scores, regression_scores, store_run

from .test_formats import same_as_golden

SOURCES = {
    "paper": Source(title="A paper, Table 1", url="https://example.org/paper"),
    "readme": Source(title="Somebody's <README>", url="https://example.org/read_me"),
}


def published(value: str = "95.0", **fields: Any) -> Published:
    base = {"suite": "glyphs-5w1s", "algorithm": "protonet", "mode": "inductive", "source": "paper"}
    return Published.model_validate({**base, "value": value, **fields})


def board(root: Path, *entries: Published) -> Board:
    (only,) = build_boards(root, references=References(sources=SOURCES, published=entries))
    return only


def beside(root: Path, *entries: Published) -> Beside:
    """The first published number beside what is stored."""
    return board(root, *entries).beside[0]


def store_three(root: Path, mean: float = 0.95, **changes: Any) -> None:
    for seed in range(3):
        store_run(root, accuracy_scores(2000, mean, seed), seed=seed, **changes)


def interval(low: float, high: float) -> Interval:
    return Interval((low + high) / 2, low, high, 1.0, 1.0, 2000, "t")


_points = st.integers(0, 10_000).map(lambda n: n / 10_000)
_intervals = st.tuples(_points, _points).map(sorted)


@given(_intervals, st.integers(0, 1000), st.integers(0, 50) | st.none())
def test_reproduced_is_exactly_that_the_intervals_meet(ours: list[float], value: int, half: int | None) -> None:
    theirs = published(f"{value / 10:.1f}", **({} if half is None else {"interval": f"{half / 10:.1f}"}))
    low, high = theirs.ends
    found = judge(interval(*ours), theirs)
    meet = max(ours[0], low) <= min(ours[1], high)
    assert (found.kind == "reproduced") == meet
    if not meet:
        assert found.kind == ("above" if ours[0] > high else "below")
        assert found.by == pytest.approx(abs(sum(ours) / 2 - theirs.mean)) and found.by > 0


@given(_intervals, st.integers(0, 1000), st.integers(0, 50))
def test_a_wider_interval_never_loses_a_reproduction(ours: list[float], value: int, half: int) -> None:
    narrow, wide = (published(f"{value / 10:.1f}", interval=f"{half + more}.0") for more in (0, 1))
    if judge(interval(*ours), narrow).kind == "reproduced":
        assert judge(interval(*ours), wide).kind == "reproduced"


@pytest.mark.parametrize(
    ("kind", "higher", "text"), [("above", True, "better"), ("above", False, "worse"), ("below", False, "better")]
)
def test_errors_say_which_side_is_the_better_one(kind: Kind, higher: bool, text: str) -> None:
    from bench.boards.beside import Verdict

    metric = MetricSpec("mse", "squared target unit", higher)
    item = Beside(published(), SOURCES["paper"], 1, (), None, None, metric, Verdict(kind, by=0.25))
    assert verdict_text(item) == f"{kind} by 0.250 ({text})"


def test_only_the_same_mode_is_judged(tmp_path: Path) -> None:
    store_three(tmp_path)
    item = beside(tmp_path, published("95.0", interval="1.0", mode="transductive"))
    assert verdict_text(item) == "not comparable: measured inductive only" and item.measured is not None
    batch = {"norm": "batch"}
    store_run(
        tmp_path,
        accuracy_scores(2000, 0.7),
        protocol__transductive=True,
        algorithm__options={"backbone": "conv4", **batch},
        algorithm__overrides=batch,
    )
    item = beside(tmp_path, published("95.0", interval="1.0", mode="transductive"))
    assert item.verdict.kind == "below" and item.row is not None and item.row.transductive


@pytest.mark.parametrize(
    ("entry", "changes", "says"),
    [
        ({"not_comparable": "an ensemble"}, {}, "not comparable: an ensemble"),
        ({}, {"protocol__external_data": ["ImageNet-1k"]}, "not comparable: measured with external data"),
        (
            {"unit": "reward per trial"},
            {},
            "not comparable: published in reward per trial, measured in percent",
        ),
        ({"options": {"backbone": "resnet12"}}, {}, "not measured"),
        ({"algorithm": "relnet"}, {}, "not measured"),
        ({"metric": "accuracy@step1"}, {}, "not measured"),
        ({}, {"algorithm__privileged": "the answers"}, "not measured"),
        ({"options": {"backbone": "conv4"}}, {}, "reproduced"),
    ],
)
def test_what_can_not_be_compared_is_not_judged(
    tmp_path: Path, entry: dict[str, Any], changes: dict[str, Any], says: str
) -> None:
    store_three(tmp_path, **changes)
    assert verdict_text(beside(tmp_path, published("95.0", interval="1.0", **entry))) == says


def test_the_row_is_chosen_by_how_it_was_made_never_by_its_score(tmp_path: Path) -> None:
    store_three(tmp_path, 0.95, recipe="fast")
    store_run(tmp_path, accuracy_scores(2000, 0.5), recipe="paper")
    narrow = {"width": 32}
    store_three(tmp_path, 0.99, recipe="paper", algorithm__options=narrow, algorithm__overrides=narrow)
    row = beside(tmp_path, published()).row
    assert row is not None and (row.recipe, row.seeds, row.overrides) == ("paper", (0,), ())


def test_results_of_an_older_source_stand_back(tmp_path: Path) -> None:
    store_three(tmp_path, recipe="paper")
    later = {"algorithm__source_sha256": "f" * 64, "finished": "2026-03-01T00:00:00Z"}
    store_run(tmp_path, accuracy_scores(2000, 0.8), recipe="fast", **later)
    row = beside(tmp_path, published()).row
    assert row is not None and row.recipe == "fast" and not row.superseded


def test_further_metrics_have_published_numbers_too(tmp_path: Path) -> None:
    for seed in range(3):
        store_run(tmp_path, regression_scores(2000, 0.2, seed), seed=seed, algorithm__name="maml")
    sinusoid = {"suite": "sinusoid-10s", "algorithm": "maml", "unit": "squared target unit"}
    entries = [published("0.23", interval="0.05", **sinusoid), published("0.30", metric="mse@step1", **sinusoid)]
    ranked, step1 = board(tmp_path, *entries).beside
    assert ranked.verdict.kind == "reproduced" and step1.verdict.kind == "above"
    assert verdict_text(step1).endswith("(worse)")
    cells = frame([board(tmp_path, *entries)]).set_index("metric")
    assert cells.loc["mse", "verdict"] == "reproduced" and cells.loc["mse@step1", "published"] == 0.3
    assert cells.loc["mse", ["published_low", "published_high"]].tolist() == pytest.approx([0.18, 0.28])
    assert cells.loc["mse@step0", ["published", "verdict"]].isna().all()


def test_repetitions_are_listed_and_never_judged_by(tmp_path: Path) -> None:
    store_three(tmp_path)
    far, near = published("50.0"), published("94.9", interval="0.5", source="readme", repeats=True)
    item = beside(tmp_path, far, near)
    assert item.verdict.kind == "above" and [entry.value for entry, _, _ in item.repeats] == ["94.9"]


@given(st.lists(st.sampled_from(["protonet", "relnet", "maml", "snail"]), unique=True), st.booleans())
def test_every_published_number_is_there_once_and_counted_once(names: list[str], several: bool) -> None:
    from bench.boards.beside import with_published

    entries = [published(algorithm=name, mode=mode) for name in names for mode in ("inductive", "transductive")]
    found = with_published(Board("glyphs-5w1s"), References(sources=SOURCES, published=tuple(entries)))
    assert sorted(map(id, entries)) == sorted(id(item.published) for item in found.beside)
    table = summary_table([found, found] if several else [found])
    assert (table is None) == (not names)
    if table:
        assert table.headers == ("suite", *KINDS)
        assert sum(map(int, table.rows[-1][1:])) == len(entries) * (1 + several)


@pytest.mark.parametrize("form", ["markdown", "latex", "html"])
def test_the_table_as_a_reader_sees_it(results: Path, form: str) -> None:
    entries = (
        published("94.9", interval="0.2", differences=["another split"]),
        published("93.1", repeats=True, source="readme"),
        published("98.7", algorithm="maml", mode="transductive", options={"norm": "batch"}),
        published("99.0", algorithm="mamlpp", mode="transductive", not_comparable="an ensemble of five"),
    )
    found = build_boards(results, references=References(sources=SOURCES, published=entries))
    text = render(found[:1], form)
    start = {"markdown": "## Beside", "latex": "% glyphs-5w1s: Beside", "html": "<caption>glyphs-5w1s: Beside"}[form]
    end = {"markdown": "## How each row", "latex": "% sinusoid", "html": "</ol>"}[form]
    same_as_golden(f"published.{form}", text[text.index(start) :].partition(end)[0].strip() + "\n")


def test_the_index_counts_verdicts_by_suite(tmp_path: Path) -> None:
    store_three(tmp_path / "results", 0.95, suite__name="omniglot-5w1s")
    write(tmp_path, tmp_path / "results")
    index = (tmp_path / "README.md").read_text()
    assert "## Beside the published numbers" in index
    (line,) = (line for line in index.splitlines() if line.startswith("| omniglot-5w1s |"))
    cells = [cell.strip() for cell in line.strip("| ").split("|")][1:]
    assert cells[2] == "1", "the only learner measured is below the paper"
    assert (tmp_path / "omniglot-5w1s.md").read_text().count("below by") == 1
