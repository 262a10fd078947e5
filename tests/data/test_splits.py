"""The class splits are those of the literature."""

from __future__ import annotations

import pytest

from bench.data.splits import check_disjoint, class_split
from bench.errors import DataInvalid


@pytest.mark.parametrize(
    ("name", "sizes"),
    [("omniglot", (1028, 172, 423)), ("miniimagenet", (64, 16, 20)), ("cifarfs", (64, 16, 20))],
)
def test_sizes_order_and_disjointness(name: str, sizes: tuple[int, ...]) -> None:
    split = class_split(name)
    assert list(split) == ["train", "val", "test"]
    assert tuple(len(classes) for classes in split.values()) == sizes
    for classes in split.values():
        assert list(classes) == sorted(classes)
    assert len(set().union(*split.values())) == sum(sizes)


def test_gurmukhi_is_the_one_divided_alphabet() -> None:
    alphabets = {part: {label.split("/")[0] for label in classes} for part, classes in class_split("omniglot").items()}
    assert alphabets["train"] & alphabets["test"] == {"Gurmukhi"}
    assert not alphabets["val"] & (alphabets["train"] | alphabets["test"])
    in_test = [label for label in class_split("omniglot")["test"] if label.startswith("Gurmukhi/")]
    assert in_test == [f"Gurmukhi/character{number}" for number in (42, 43, 44, 45)]


def test_a_class_in_two_splits_is_refused() -> None:
    with pytest.raises(DataInvalid, match="'owl' is in split 'test' and in 'train'"):
        check_disjoint("birds", {"train": ("owl",), "val": (), "test": ("owl",)})
