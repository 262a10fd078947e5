"""Batches of episodes: tensors say what the indices say, sources resume, batch sizes change nothing."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.data.contract import ImageSplit
from bench.domains.episodes import Episodes
from bench.domains.images.pool import ImagePool
from bench.tasks.registry import find_suite
from bench.tasks.suites import Suite
from tests.streams import frozen_episodes, training_source

CPU = torch.device("cpu")
COUNTS = [20, 25, 18, 30, 22, 17, 19, 40]


def numbered_pool(counts: list[int]) -> ImagePool:
    """Images of 1 x 2 x 2 pixels that spell their row number."""
    rows = np.arange(sum(counts))
    images = np.zeros((len(rows), 1, 2, 2), dtype=np.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = rows % 256, rows // 256
    return ImagePool(ImageSplit(images, np.array(counts), tuple(map(str, range(len(counts))))), CPU)


def class_of(images: torch.Tensor) -> torch.Tensor:
    """Class ids of numbered images [..., 1, 2, 2]."""
    pixels = (images * 255).round().long()[..., 0, 0, :]
    rows = pixels[..., 0] + 256 * pixels[..., 1]
    return torch.searchsorted(torch.tensor(np.cumsum(COUNTS)), rows, right=True)


@pytest.fixture(scope="module")
def glyphs() -> Suite:
    return find_suite("glyphs-5w1s")


@pytest.fixture(scope="module")
def pool() -> ImagePool:
    return numbered_pool(COUNTS)


def same(a: Episodes, b: Episodes) -> bool:
    tensors = ("support_x", "support_y", "query_x", "query_y")
    return a.first == b.first and all(torch.equal(getattr(a, name), getattr(b, name)) for name in tensors)


def test_images_carry_the_class_their_label_says(glyphs: Suite, pool: ImagePool) -> None:
    batch = training_source(glyphs, 0, {"train": pool}).episodes(6)
    assert batch.classes is not None
    classes = torch.from_numpy(batch.classes)
    assert torch.equal(class_of(batch.support_x), classes.gather(1, batch.support_y))
    assert torch.equal(class_of(batch.query_x), classes.gather(1, batch.query_y))
    assert len(batch) == 6 and batch.way == 5
    assert batch.support_x.shape == (6, 5, 1, 2, 2) and batch.query_x.shape == (6, 75, 1, 2, 2)
    assert batch.support_y.dtype == batch.query_y.dtype == torch.int64


@settings(max_examples=25, deadline=None)
@given(batch=st.integers(1, 30), n=st.integers(1, 40), first=st.integers(0, 500))
def test_evaluation_episodes_do_not_depend_on_the_batch(batch: int, n: int, first: int) -> None:
    suite, pool = find_suite("glyphs-5w1s"), numbered_pool(COUNTS)
    episodes = frozen_episodes(suite, {"test": pool})
    parts = list(episodes.batches(n, batch, first))
    assert max(map(len, parts)) <= batch and sum(map(len, parts)) == n
    (whole,) = episodes.batches(n, n, first)
    assert torch.equal(torch.cat([part.query_x for part in parts]), whole.query_x)
    assert torch.equal(torch.cat([part.query_y for part in parts]), whole.query_y)
    without = episodes.labels(first, n)
    assert without.rows is not None and without.query_x.numel() == 0
    assert torch.equal(pool.gather(without.rows[1]), whole.query_x)


def test_gp_batches_never_mix_blocks() -> None:
    episodes = frozen_episodes(find_suite("gp1d-rbf"))
    parts = list(episodes.batches(100, 64, 10))
    assert [part.first for part in parts] == [10, 16, 32, 48, 64, 80, 96]
    assert all(part.support_y.dtype == torch.float32 and part.way == 0 for part in parts)
    assert set(parts[0].parameters) == {"length", "scale", "period"}


@pytest.mark.parametrize("name", ["glyphs-5w1s", "sinusoid-10s", "gp1d-rbf"])
@pytest.mark.parametrize("done", [1, 63, 64, 70])
def test_counters_are_all_that_resuming_needs(name: str, done: int, pool: ImagePool) -> None:
    suite = find_suite(name)
    images = pool if name.startswith("glyphs") else None
    straight = training_source(suite, 3, {"train": images})
    for _ in range(done):
        straight.episodes(2)
    resumed = training_source(suite, 3, {"train": images})
    resumed.counters = dict(straight.counters)
    for _ in range(3):
        a, b = straight.episodes(2), resumed.episodes(2)
        assert a.first == b.first and torch.equal(a.support_x, b.support_x) and torch.equal(a.query_x, b.query_x)
        torch.testing.assert_close(a.query_y, b.query_y, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["glyphs-5w1s", "sinusoid-10s", "gp1d-rbf"])
def test_seeds_differ_and_equal_seeds_agree(name: str, pool: ImagePool) -> None:
    suite = find_suite(name)
    images = pool if name.startswith("glyphs") else None
    one, again, other = (training_source(suite, seed, {"train": images}).episodes(4) for seed in (0, 0, 1))
    assert same(one, again)
    assert one.query_x.shape != other.query_x.shape or not torch.equal(one.query_x, other.query_x)


def test_interleaved_shapes_do_not_disturb_each_other(glyphs: Suite, pool: ImagePool) -> None:
    alone = training_source(glyphs, 0, {"train": pool})
    expected = [alone.episodes(2, way=3, shot=2, query=4) for _ in range(3)]
    mixed = training_source(glyphs, 0, {"train": pool})
    for episode in expected:
        mixed.episodes(2)
        mixed.batches(8)
        assert same(mixed.episodes(2, way=3, shot=2, query=4), episode)


def test_shape_overrides(glyphs: Suite, pool: ImagePool) -> None:
    batch = training_source(glyphs, 0, {"train": pool}).episodes(3, way=4, shot=2, query=5)
    assert batch.support_x.shape[:2] == (3, 8) and batch.query_x.shape[:2] == (3, 20) and batch.way == 4
    waves = training_source(find_suite("sinusoid-10s"), 0)
    assert waves.episodes(3).query_x.shape == (3, 100, 1)
    batch = waves.episodes(3, shot=7, query=9)
    assert batch.support_x.shape == (3, 7, 1) and batch.query_y.shape == (3, 9, 1)


def test_training_episodes_follow_one_another_without_overlap() -> None:
    source = training_source(find_suite("sinusoid-10s"), 0)
    drawn = torch.cat([source.episodes(5).support_x for _ in range(70)])
    assert len(torch.unique(drawn[:, 0, 0])) == 350


def test_training_hands_out_no_hidden_parameters() -> None:
    source = training_source(find_suite("sinusoid-10s"), 0)
    assert source.episodes(4).parameters == {}


def test_flat_batches_carry_train_labels_and_resume(glyphs: Suite, pool: ImagePool) -> None:
    source = training_source(glyphs, 0, {"train": pool})
    images, labels = source.batches(512)
    assert images.shape == (512, 1, 2, 2) and labels.dtype == torch.int64
    assert torch.equal(class_of(images), labels)
    assert set(labels.tolist()) == set(range(8))
    resumed = training_source(glyphs, 0, {"train": pool})
    resumed.counters = dict(source.counters)
    following, again = source.batches(512), resumed.batches(512)
    assert torch.equal(following[0], again[0]) and not torch.equal(images, following[0])


def test_functions_have_no_flat_batches() -> None:
    with pytest.raises(AttributeError, match="sinusoid-10s draws no 'batches'"):
        training_source(find_suite("sinusoid-10s"), 0).batches(4)


def test_episodes_are_frozen(glyphs: Suite, pool: ImagePool) -> None:
    batch = training_source(glyphs, 0, {"train": pool}).episodes(1)
    assert {"support_x", "query_y", "rows", "parameters"} <= {field.name for field in fields(batch)}
    with pytest.raises(AttributeError):
        batch.way = 3  # type: ignore[misc]  # the point of the test
