"""Episodes within a folder: nothing is labelled and asked at once, and the same folder gives the same episodes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bench.own.draws import few_shot, held_out, manifest

COUNTS = st.lists(st.integers(3, 9), min_size=2, max_size=6)


def labels_of(counts: list[int]) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts)


@given(COUNTS)
def test_each_image_is_asked_once_a_repeat_and_never_while_it_is_labelled(counts: list[int]) -> None:
    labels, folds = labels_of(counts), min(counts)
    drawn = held_out("f", labels, folds, 3)
    asked = np.zeros(len(labels), int)
    for episode in drawn.episodes:
        assert not set(episode.support) & set(episode.query)
        assert len(episode.support) + len(episode.query) == len(labels)
        assert set(labels[episode.support]) == set(labels), "every class has a label"
        asked[episode.query] += 1
    assert (asked == 3).all()


@given(COUNTS)
def test_few_shot_draws_label_so_many_of_each_class(counts: list[int]) -> None:
    labels = labels_of(counts)
    for episode in few_shot("f", labels, 2, 4).episodes:
        assert (np.bincount(labels[episode.support]) == 2).all()
        assert sorted([*episode.support, *episode.query]) == list(range(len(labels)))


def test_draws_are_a_function_of_the_pictures() -> None:
    labels = labels_of([4, 5, 3])

    def hashed(identity: str) -> str:
        return manifest(identity, labels, [held_out(identity, labels, 3, 2), few_shot(identity, labels, 1, 3)])

    assert hashed("a") == hashed("a") != hashed("b")
    assert hashed("a")[:16] == "353b307dff3e509f"
