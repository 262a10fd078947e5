"""Episode pages: which are hardest, whose pictures may be shown, and that they are the images that were asked."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from bench.boards import Board, build_boards
from bench.data import load
from bench.domains.images.episodes import image_batch
from bench.domains.images.pool import ImagePool
from bench.domains.images.stream import ImageStream
from bench.records import load_scores
from bench.site import pictures as drawing
from bench.site.pictures import image_of, pictures
from tests.site.conftest import Site, Tags


@pytest.fixture(scope="module")
def glyphs(site: Site) -> Board:
    return next(board for board in build_boards(*site.roots) if board.suite == "glyphs-5w1s")


@pytest.fixture(scope="module")
def classes(site: Site) -> np.ndarray:
    from bench.records import each_run

    store, run = next(each_run(site.roots, "glyphs-5w1s"))
    return np.stack(store.read_scores(run.path, run.record)["classes"].to_list())


def test_the_hardest_have_the_lowest_means(site: Site) -> None:
    scores = load_scores(*site.roots, suite="glyphs-5w1s")
    by_learner = scores[scores["episode"] < 2000].groupby(["algorithm", "episode"])["value"].mean().unstack(0)
    means = by_learner.mean(axis=1).sort_values(kind="stable")
    table = pd.read_csv(site.root / "episodes" / "glyphs-5w1s.csv").set_index("episode")
    assert set(means.index[:20]) <= set(table.index) and {0, 1, 2, 3} <= set(table.index)
    assert np.allclose(table["mean"], means[table.index], atol=1e-6)
    page = Tags(site.root / "episodes" / "glyphs-5w1s.html")
    headings = [name for name in page.values("id") if name.startswith("episode-")]
    assert headings[4:] == [f"episode-{number}" for number in means.index[:20]]


def test_a_strip_shows_the_images_that_were_asked(glyphs: Board, classes: np.ndarray, bench_data: Path) -> None:
    found = pictures(glyphs, [7], classes, bench_data)
    assert "CC0-1.0" in found.source and not found.why_not
    strip = np.asarray(Image.open(BytesIO(found.strips[7])).convert("L")).astype(float)
    split = load("glyphs", data_dir=bench_data).splits["test"]
    stream = ImageStream(("glyphs-5w1s", 1, "test", 0), split.counts, 5, 1, 15)
    asked = image_batch(ImagePool(split, torch.device("cpu")), stream.block(7, 1), 7)
    first = asked.query_x[0][asked.query_y[0] == 0][0, 0].numpy()  # the first query of the first class
    for column, expected in ((0, asked.support_x[0, 0, 0].numpy()), (28 + 8, first)):
        shown = strip[:28, column : column + 28]
        assert np.abs(shown - 255 * (1 - expected)).mean() < 6  # sixteen greys
    assert strip.shape == (5 * 28 + 4 * 2, 28 + 8 + 15 * 28 + 14 * 2)


@pytest.mark.parametrize("class_id", [0, 5, 6, 7])
def test_turned_classes_are_turned_as_the_learners_saw_them(class_id: int, bench_data: Path) -> None:
    split = load("glyphs", data_dir=bench_data).splits["test"]
    pool = ImagePool(split, torch.device("cpu"), rotations=True)
    row = pool.rows(np.array([class_id]), np.array([3]))
    assert np.array_equal(image_of(split, class_id, 3, 4), pool.images[row][0].numpy())


def test_images_whose_licence_does_not_say_so_are_not_shown(
    glyphs: Board, classes: np.ndarray, bench_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "SHOWABLE", ("MIT",))
    found = pictures(glyphs, [0], classes, bench_data)
    assert not found.strips and "licence of glyphs does not let its images be shown (CC0-1.0)" in found.why_not


def test_other_images_and_other_episodes_are_not_shown(glyphs: Board, classes: np.ndarray, bench_data: Path) -> None:
    assert "other ones" in pictures(replace(glyphs, data_fingerprint="0" * 64), [0], classes, bench_data).why_not
    assert "other episodes" in pictures(glyphs, [0], classes[::-1], bench_data).why_not


def test_a_page_without_images_says_so(site: Site) -> None:
    page = Tags(site.root / "episodes" / "omniglot-5w1s.html")
    assert "omniglot was not on the machine" in page.text and not page.values("src", "img")
    assert "protonet" in page.text and len([i for i in page.values("id") if i.startswith("episode-")]) >= 20
