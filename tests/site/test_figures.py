"""Figures as places: scales that strays do not squeeze, labels that touch nothing, kinds of intervals."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.boards import Board, build_boards
from bench.site.axis import Axis, axis_of
from bench.site.curves import curves
from bench.site.forest import forest
from bench.site.learner_page import learner_pages
from bench.site.scatter import Point, _box, _labelled, _touches, against_training
from tests.records.factory import accuracy_scores, store_run
from tests.site.conftest import Site

NUMBERS = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6)


@pytest.fixture(scope="module")
def sinusoids(site: Site) -> Board:
    return next(board for board in build_boards(*site.roots) if board.suite == "sinusoid-10s")


@given(st.lists(st.tuples(NUMBERS, NUMBERS).map(sorted).map(tuple), min_size=1, max_size=12))
def test_an_axis_shows_what_it_is_made_of(spans: list[tuple[float, float]]) -> None:
    axis = axis_of(spans, stray=False)
    assert all(0 < axis.at(low) <= axis.at(high) < 100 for low, high in spans)
    ticks = [tick.at for tick in axis.ticks()]
    assert 2 <= len(ticks) <= 7 and ticks == sorted(ticks)


@given(st.floats(1e-9, 1e9), st.floats(1.0, 1e9))
def test_a_logarithmic_axis_has_ticks(low: float, times: float) -> None:
    axis = axis_of([(low, low * times)], log=True)
    assert all(0 <= tick.at <= 100 for tick in axis.ticks()) and 0 < axis.at(low) < 100


def test_strays_lie_beyond_the_scale(tmp_path: Path) -> None:
    for name, mean in (("chance", 0.2), ("protonet", 0.95), ("relnet", 0.94), ("maml", 0.93), ("anil", 0.92)):
        store_run(tmp_path, accuracy_scores(2000, mean), algorithm__name=name)
    (board,) = build_boards(tmp_path)
    outside = {line.name: line.outside for line in forest(board, board.rows).lines}
    assert outside == {"chance": -1, "protonet": 0, "relnet": 0, "maml": 0, "anil": 0}
    assert not any(line.outside for line in forest(board, board.rows, short=True).lines)


def test_each_row_has_the_interval_that_it_claims(sinusoids: Board) -> None:
    lines = {line.name.split()[0]: line for line in forest(sinusoids, sinusoids.rows).lines}
    assert (lines["maml"].kind, lines["anil"].kind, lines["chance"].kind) == ("seeds", "checkpoint", "episodes")
    assert all(line.closed[0] < line.mean < line.closed[1] for line in lines.values())
    assert lines["maml"].mean < lines["anil"].mean < lines["chance"].mean  # places of errors on a logarithmic axis


def test_a_row_that_was_not_trained_has_no_cost(sinusoids: Board) -> None:
    (plot,) = against_training(sinusoids, sinusoids.rows)
    assert {point.name.split()[0] for point in plot.points} == {"maml", "anil", "linear"} and plot.where == "cpu"


def test_curves_end_where_the_records_do(site: Site, sinusoids: Board) -> None:
    from bench.records import each_run

    stored = {run.path.name: run for _, run in each_run(site.roots, "sinusoid-10s")}
    found = curves(sinusoids, sinusoids.rows, stored)
    assert found is not None
    (series,) = found.series  # of the one learner that left any
    assert series.name == "maml" and len(series.runs) == 3 and series.runs[0].points.count(",") == 3


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 280), st.text("abc", min_size=1, max_size=12)), max_size=12))
def test_labels_touch_no_other(places: list[tuple[float, float, str]]) -> None:
    points = [Point(x, y, y + 5, y - 5, name, "", "metric", name) for x, y, name in places]
    boxes = []
    for point in _labelled(points):
        if point.label:
            width = 6.2 * len(point.label)
            left = 4.8 * point.x + point.dx - (width if point.anchor == "end" else 0)
            boxes.append(_box(left, point.y + point.dy, width, 13.9))
    assert not any(_touches(a, [b]) for a, b in combinations(boxes, 2))


def test_ends_of_an_axis_hold_what_lies_outside() -> None:
    assert Axis(0, 1).at(-5) == 0 and Axis(0, 1).outside(-5) == -1 and Axis(1, 10, log=True).outside(11) == 1


def test_a_learners_page_has_its_idea_and_its_deviations(site: Site) -> None:
    pages = {page.name: page for page in learner_pages(build_boards(*site.roots))}
    maml = pages["maml"]
    assert "The initial weights of a network are learned" in maml.idea and "bench run" not in maml.idea
    assert maml.papers == ("1703.03400",) and maml.commands.startswith("bench run --algo maml")
    assert maml.bibtex.startswith("@") and "Finn" in maml.bibtex
    assert "<h3>Deviations</h3>" in maml.deviations and "steps:" in maml.recipes and maml.rows is not None
    assert pages["mamlpp"].rows is None and pages["mamlpp"].published is not None
    (linear,) = (page for name, page in pages.items() if name.startswith("linear"))
    assert linear.href.startswith("learners/linear-") and not linear.recipes and not linear.deviations


def test_no_torch_is_imported(site: Site, tmp_path: Path, bench_data: Path) -> None:
    code = (
        "import sys; from pathlib import Path; "
        "from bench.boards import build_boards; from bench.site import write_site; "
        "out, data, *roots = map(Path, sys.argv[1:]); write_site(out, build_boards(*roots), roots, data);"
        "sys.exit('torch' in sys.modules)"
    )
    words = [sys.executable, "-c", code, tmp_path, bench_data, *site.roots]
    assert (
        subprocess.run(words, check=False).returncode == 0
        and (tmp_path / "episodes" / "glyphs-5w1s" / "0.png").is_file()
    )
