"""What stands beside a published number, when the two are said to agree, and what would decide an open case."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.boards import Board, build_boards, frame, rendered, write
from bench.boards.board.answered import Answered, with_published
from bench.boards.board.domain_facts import ShownUnit
from bench.boards.board.published import Margin, Published, PublishedNumbers, Source
from bench.boards.board.rows import MetricSpec, Row
from bench.boards.board.verdicts import KINDS, Verdict, judge, published_interval
from bench.boards.render.published_tables import summary_table, verdict_text
from bench.stats import Equivalence, Interval, equivalence
from bench.stats.intervals import student_interval
from tests.records.factory import accuracy_scores, regression_scores, store_run

from .test_formats import same_as_golden

SOURCES = {
    "paper": Source(title="A paper, Table 1", url="https://example.org/paper", plus_minus="95 %"),
    "readme": Source(title="Somebody's <README>", url="https://example.org/read_me", episodes=1000),
}
MARGINS: dict[ShownUnit, Margin] = {
    "percent": Margin(absolute="1", why="a point"),
    "squared target unit": Margin(relative="0.1", why="a tenth"),
    "reward per trial": Margin(relative="0.02", why="2 %"),
}


def published(value: str = "95.0", **fields: Any) -> Published:
    base = {"suite": "glyphs-5w1s", "algorithm": "protonet", "mode": "inductive", "source": "paper"}
    return Published.model_validate({**base, "value": value, **fields})


def numbers(*entries: Published) -> PublishedNumbers:
    return PublishedNumbers(margins=MARGINS, sources=SOURCES, published=entries)


def board(root: Path, *entries: Published) -> Board:
    (only,) = build_boards(root, published=numbers(*entries))
    return only


def answered(root: Path, *entries: Published) -> Answered:
    """The first published number beside what is stored."""
    return board(root, *entries).published[0]


def store_three(root: Path, mean: float = 0.95, **changes: Any) -> None:
    for seed in range(3):
        store_run(root, accuracy_scores(2000, mean, seed), seed=seed, **changes)


def a_row(root: Path, seeds: int = 3, **changes: Any) -> Row:
    """Any row with so many seeds; what is judged comes beside it."""
    for seed in range(seeds):
        store_run(root, accuracy_scores(2000, 0.9, seed), seed=seed, **changes)
    return board(root).rows[0]


def score(mean: float, over_seeds: float, sd: float = 0.1, seeds: int = 3, n: int = 2000) -> Interval:
    """A score with standard deviations over trainings and over episodes."""
    se = math.sqrt(over_seeds**2 / seeds + sd**2 / n)
    return student_interval(mean, se, sd, n, seeds - 1.0 if over_seeds else n - 1.0, 0.95, "crossed-t")


@pytest.mark.parametrize(
    ("mean", "over_seeds", "printed", "says"),
    [
        (0.95, 0.0, {"value": "95.0", "interval": "0.4"}, ""),
        (0.954, 0.0, {"value": "95.0", "interval": "0.4"}, ""),  # a difference that does not matter
        (0.97, 0.0, {"value": "95.0", "interval": "0.4"}, ""),
        (0.93, 0.0, {"value": "95.0"}, ""),
        (0.95, 0.02, {"value": "95.0"}, "about 15 seeds would decide it"),
        (0.95, 0.2, {"value": "95.0"}, "more than 100 seeds would decide it"),
        (0.95, 0.01, {"value": "95.0", "interval": "1.9"}, "the published number's own uncertainty leaves it open"),
    ],
)
def test_what_decides_it(tmp_path: Path, mean: float, over_seeds: float, printed: dict[str, Any], says: str) -> None:
    theirs = published_interval(published(**printed), SOURCES["paper"], 0.1)
    found = judge(score(mean, over_seeds), theirs, 0.01, a_row(tmp_path))
    assert found.why == says
    kinds = {0.95: "equivalent", 0.954: "equivalent", 0.97: "different", 0.93: "different"}
    assert found.kind == ("inconclusive" if says else kinds[mean])


def test_as_many_seeds_as_it_says_decide_it_and_one_less_does_not(tmp_path: Path) -> None:
    theirs = published_interval(published("95.0", interval="0.4"), SOURCES["paper"], 0.1)
    for over_seeds in (0.012, 0.02, 0.03):
        why = judge(score(0.952, over_seeds), theirs, 0.01, a_row(tmp_path)).why
        seeds = int(why.split()[1])
        kinds = [equivalence(score(0.952, over_seeds, seeds=n), theirs, 0.01).kind for n in (seeds - 1, seeds + 1)]
        assert kinds[0] == "inconclusive" != kinds[1], (why, kinds)


@pytest.mark.parametrize(
    ("changes", "seeds", "says"),
    [
        ({}, 1, "needs 3 seeds"),
        (
            {"algorithm__trains": False, "recipe": "defaults", "seed": None},
            1,
            "about 2,800 episodes would decide it, boards",
        ),
        ({}, 3, "about 2,800 episodes and more seeds would decide it, boards"),
    ],
)
def test_checkpoints_need_seeds_and_the_untrained_episodes(
    tmp_path: Path, changes: dict[str, Any], seeds: int, says: str
) -> None:
    """sd of 16 points on 2,000 episodes: 90 % within .59 points of margin and no more."""
    changes.pop("seed", None)
    theirs = published_interval(published("95.000"), SOURCES["paper"], 0.1)
    found = judge(score(0.955, 0.0, sd=0.16), theirs, 0.01, a_row(tmp_path, seeds, **changes))
    assert found.kind == "inconclusive" and found.why.startswith(says)


_points = st.integers(0, 10_000).map(lambda n: n / 10_000)


@given(_points, st.floats(0.0005, 0.05), st.integers(0, 1000), st.integers(1, 50))
def test_a_wider_plus_minus_never_makes_equivalent(mean: float, se: float, value: int, half: int) -> None:
    ours = student_interval(mean, se, 0.1, 2000, 5.0, 0.95, "crossed-t")
    narrow, wide = (
        published_interval(published(f"{value / 10:.1f}", interval=f"{width / 10:.1f}"), SOURCES["paper"], 0.1)
        for width in (half, half + 10)
    )
    if equivalence(ours, wide, 0.01).kind == "equivalent":
        assert equivalence(ours, narrow, 0.01).kind == "equivalent"


@pytest.mark.parametrize(
    ("difference", "higher", "text"), [(0.25, True, "better"), (0.25, False, "worse"), (-0.25, False, "better")]
)
def test_errors_say_which_side_is_the_better_one(difference: float, higher: bool, text: str) -> None:
    metric = MetricSpec("mse", "squared target unit", higher)
    found = Equivalence("different", difference, difference - 0.1, difference + 0.1, 0.05)
    printed = published_interval(published(), SOURCES["paper"], 0.0)
    item = Answered(published(), SOURCES["paper"], 1, (), None, None, printed, metric, Verdict("different", found))
    ends = f"{difference - 0.1:+.3f}, {difference + 0.1:+.3f}"
    assert verdict_text(item) == f"different {difference:+.3f} [{ends}] ({text})"


def test_only_the_same_mode_is_judged(tmp_path: Path) -> None:
    store_three(tmp_path)
    item = answered(tmp_path, published("95.0", interval="1.0", mode="transductive"))
    assert verdict_text(item) == "not comparable: measured inductive only" and item.measured is not None
    batch = {"norm": "batch"}
    store_run(
        tmp_path,
        accuracy_scores(2000, 0.7),
        protocol__transductive=True,
        algorithm__options={"backbone": "conv4", **batch},
        algorithm__overrides=batch,
    )
    item = answered(tmp_path, published("95.0", interval="1.0", mode="transductive"))
    assert item.verdict.kind == "different" and item.row is not None and item.row.transductive
    assert verdict_text(item).endswith("(worse)")


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
        ({"options": {"backbone": "conv4"}}, {}, "equivalent -0.12 [-0.65, +0.42]"),
    ],
)
def test_what_can_not_be_compared_is_not_judged(
    tmp_path: Path, entry: dict[str, Any], changes: dict[str, Any], says: str
) -> None:
    store_three(tmp_path, **changes)
    assert verdict_text(answered(tmp_path, published("95.0", interval="0.6", **entry))) == says


def test_the_row_is_chosen_by_how_it_was_made_never_by_its_score(tmp_path: Path) -> None:
    store_three(tmp_path, 0.95, recipe="fast")
    store_run(tmp_path, accuracy_scores(2000, 0.5), recipe="paper")
    narrow = {"width": 32}
    store_three(tmp_path, 0.99, recipe="paper", algorithm__options=narrow, algorithm__overrides=narrow)
    row = answered(tmp_path, published()).row
    assert row is not None and (row.recipe, row.seeds, row.overrides) == ("paper", (0,), ())


def test_results_of_an_older_source_stand_back(tmp_path: Path) -> None:
    store_three(tmp_path, recipe="paper")
    later = {"algorithm__source_sha256": "f" * 64, "finished": "2026-03-01T00:00:00Z"}
    store_run(tmp_path, accuracy_scores(2000, 0.8), recipe="fast", **later)
    row = answered(tmp_path, published()).row
    assert row is not None and row.recipe == "fast" and not row.superseded


def test_further_metrics_have_published_numbers_too(tmp_path: Path) -> None:
    for seed in range(3):
        store_run(tmp_path, regression_scores(2000, 0.2, seed), seed=seed, algorithm__name="maml")
    sinusoid = {"suite": "sinusoid-10s", "algorithm": "maml", "unit": "squared target unit"}
    entries = [published("0.23", interval="0.01", **sinusoid), published("0.30", metric="mse@step1", **sinusoid)]
    ranked, step1 = board(tmp_path, *entries).published
    assert ranked.verdict.kind == "equivalent" and step1.verdict.kind == "different"
    assert verdict_text(step1).endswith("(worse)")
    half = math.hypot(0.01, 1.96 * 0.005 / math.sqrt(3))  # the ± and the rounding of two digits
    cells = frame([board(tmp_path, *entries)]).set_index("metric")
    assert cells.loc["mse", "verdict"] == "equivalent" and cells.loc["mse@step1", "published"] == 0.3
    assert cells.loc["mse", ["published_low", "published_high"]].tolist() == pytest.approx(
        [0.23 - half, 0.23 + half], abs=1e-5
    )
    by, low, high, margin = cells.loc[
        "mse", [f"published_{name}" for name in ("delta", "delta_low", "delta_high", "margin")]
    ]
    assert low < by < high and by == pytest.approx(cells.loc["mse", "mean"] - 0.23, abs=1e-6) and margin == 0.023
    assert cells.loc["mse@step0", ["published", "verdict"]].isna().all()


def test_errors_are_compared_as_plain_means(tmp_path: Path) -> None:
    scores = [regression_scores(2000, 0.2, seed) for seed in range(3)]
    for seed, frame_ in enumerate(scores):
        store_run(tmp_path, frame_, seed=seed, algorithm__name="maml")
    entry = published("0.23", suite="sinusoid-10s", algorithm="maml", unit="squared target unit")
    measured = answered(tmp_path, entry).measured
    assert measured is not None
    assert measured.mean == pytest.approx(float(np.mean([frame_["score"].mean() for frame_ in scores])))


def test_repetitions_are_listed_and_never_judged_by(tmp_path: Path) -> None:
    store_three(tmp_path)
    far, near = published("50.0"), published("94.9", interval="0.5", source="readme", repeats=True)
    item = answered(tmp_path, far, near)
    assert item.verdict.kind == "different" and [entry.value for entry, _, _ in item.repeats] == ["94.9"]


@given(st.lists(st.sampled_from(["protonet", "relnet", "maml", "snail"]), unique=True), st.booleans())
def test_every_published_number_is_there_once_and_counted_once(names: list[str], several: bool) -> None:
    entries = [published(algorithm=name, mode=mode) for name in names for mode in ("inductive", "transductive")]
    found = with_published(Board("glyphs-5w1s"), numbers(*entries))
    assert sorted(map(id, entries)) == sorted(id(item.published) for item in found.published)
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
    found = build_boards(results, published=numbers(*entries))
    text = rendered(found[:1], form)
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
    assert cells[:3] == ["0", "1", "0"], "the only learner measured is far from the paper"
    assert (tmp_path / "omniglot-5w1s.md").read_text().count("different -") == 1
