"""Episodes of images: what every one of them must satisfy, and independence of how they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.domains.images.stream import ImageIndices, ImageStream
from bench.errors import UsageError
from bench.tasks.registry import find_suite
from tests.streams import frozen_stream, training_source


@st.composite
def streams(draw: st.DrawFn) -> ImageStream:
    """Any shape over any pool that can hold it, classes of unequal sizes included."""
    way, shot, query = draw(st.integers(2, 12)), draw(st.integers(1, 6)), draw(st.integers(1, 8))
    sizes = st.integers(shot + query, shot + query + 20)
    counts = draw(st.lists(sizes, min_size=way, max_size=way + 30))
    name = (draw(st.text(max_size=8)), draw(st.integers(1, 9)), "test", draw(st.integers(0, 99)))
    return ImageStream(name, np.array(counts), way, shot, query)


@dataclass(frozen=True)
class Images:
    """The episodes' images as (class id, number within the class) pairs, one row an episode."""

    support: list[list[tuple[int, int]]]
    query: list[list[tuple[int, int]]]


def images(block: ImageIndices) -> Images:
    support_classes = np.broadcast_to(block.classes[:, :, None], block.support.shape)
    query_classes = np.take_along_axis(block.classes, block.query_y, axis=1)
    return Images(_pairs(support_classes, block.support), _pairs(query_classes, block.query))


def _pairs(classes: np.ndarray, numbers: np.ndarray) -> list[list[tuple[int, int]]]:
    n = len(classes)
    rows = zip(classes.reshape(n, -1).tolist(), numbers.reshape(n, -1).tolist(), strict=True)
    return [list(zip(*row, strict=True)) for row in rows]


@settings(max_examples=80, deadline=None)
@given(stream=streams(), first=st.integers(0, 10**9), n=st.integers(1, 12))
def test_every_episode_is_well_formed(stream: ImageStream, first: int, n: int) -> None:
    block = stream.block(first, n)
    asked = images(block)
    for episode in range(n):
        classes = block.classes[episode].tolist()
        assert len(set(classes)) == stream.way, "a class occurs once"
        support, query = asked.support[episode], asked.query[episode]
        everything = support + query
        assert len(set(everything)) == len(everything), "an image occurs once; support and query share none"
        assert all(0 <= number < stream.counts[label] for label, number in everything), "draws stay in their class"
        assert np.bincount(block.query_y[episode], minlength=stream.way).tolist() == [stream.query] * stream.way
        assert [label for label, _ in support] == [label for label in classes for _ in range(stream.shot)]


@settings(max_examples=50, deadline=None)
@given(stream=streams(), first=st.integers(0, 10**9), n=st.integers(1, 40), data=st.data())
def test_an_episode_is_the_same_alone_and_in_any_block(
    stream: ImageStream, first: int, n: int, data: st.DataObject
) -> None:
    block = stream.block(first, n)
    start = data.draw(st.integers(0, n - 1))
    stop = data.draw(st.integers(start + 1, n))
    part = stream.block(first + start, stop - start)
    for name in ("classes", "support", "query", "query_y"):
        assert (getattr(part, name) == getattr(block, name)[start:stop]).all()


def test_classes_labels_images_and_query_order_are_uniform() -> None:
    stream = ImageStream(("uniform", 1, "test", 0), np.full(12, 9), 3, 2, 3)
    block = stream.block(0, 12_000)
    for label in range(3):  # every class takes every label equally often
        assert stats.chisquare(np.bincount(block.classes[:, label], minlength=12)).pvalue > 1e-3
    for shot in range(2):
        assert stats.chisquare(np.bincount(block.support[:, 0, shot], minlength=9)).pvalue > 1e-3
    for place in range(9):
        assert stats.chisquare(np.bincount(block.query_y[:, place], minlength=3)).pvalue > 1e-3
        assert stats.chisquare(np.bincount(block.query[:, place], minlength=9)).pvalue > 1e-3
    pairs = block.classes[:, 0] * 12 + block.classes[:, 1]
    counts = np.bincount(pairs, minlength=144).reshape(12, 12)
    assert (np.diag(counts) == 0).all()
    assert stats.chisquare(counts[~np.eye(12, dtype=bool)]).pvalue > 1e-3


def test_unequal_classes_are_drawn_over_their_whole_range() -> None:
    counts = np.array([4, 30, 7, 4])
    block = ImageStream(("unequal", 1, "test", 0), counts, 2, 1, 3).block(0, 12_000)
    for label, size in enumerate(counts):
        numbers = block.support[:, :, 0][block.classes == label]
        assert stats.chisquare(np.bincount(numbers, minlength=size)).pvalue > 1e-3


@pytest.mark.parametrize("counts, found", [([20] * 4, "4 classes"), ([20, 20, 20, 20, 15], "smallest of 15 images")])
def test_a_pool_that_is_too_small_is_a_usage_error(counts: list[int], found: str) -> None:
    with pytest.raises(UsageError, match=found):
        ImageStream(("mine", 1, "train", 0), np.array(counts), 5, 1, 15)


def test_splits_seeds_salts_and_versions_draw_different_episodes() -> None:
    suite = find_suite("omniglot-5w1s")
    newer = suite.model_copy(update={"version": 2})
    one = SimpleNamespace(counts=np.full(1692, 20))  # one pool, so that only the stream's name can make a difference
    pools = {"train": one, "val": one, "test": one}
    candidates = [
        frozen_stream(suite, "test", data=pools),
        frozen_stream(suite, "val", data=pools),
        frozen_stream(suite, "test", data=pools, salt=1),
        frozen_stream(newer, "test", data=pools),
        *(training_source(suite, seed, pools).stream(5, 1, 15) for seed in range(3)),
    ]
    drawn = [stream.block(0, 500).classes for stream in candidates if isinstance(stream, ImageStream)]
    assert len(drawn) == len(candidates)
    for i, a in enumerate(drawn):
        for b in drawn[:i]:
            assert (a == b).all(axis=1).sum() == 0
