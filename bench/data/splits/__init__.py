"""Which classes belong to which split: facts of the literature, one YAML file a data set."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from bench.data.contract import SPLITS
from bench.errors import DataInvalid

ClassSplit = dict[str, tuple[str, ...]]


@cache
def class_split(name: str) -> ClassSplit:
    """Class names of each split, sorted by code point.

    `name` is omniglot ("Alphabet/characterNN"), miniimagenet (WordNet ids) or cifarfs (CIFAR-100 fine classes).

    >>> {split: len(classes) for split, classes in class_split("omniglot").items()}
    {'train': 1028, 'val': 172, 'test': 423}
    """
    import yaml

    table = yaml.safe_load((files(__package__) / f"{name}.yaml").read_text("utf-8"))
    split = {part: tuple(sorted(_characters(table[part]))) for part in SPLITS}
    check_disjoint(name, split)
    return split


def check_disjoint(name: str, split: ClassSplit) -> None:
    """DataInvalid if a class is in two splits, or twice in one: a leak from training to test."""
    seen: dict[str, str] = {}
    for part, classes in split.items():
        for label in classes:
            if label in seen:
                raise DataInvalid(f"{name}: class {label!r} is in split {part!r} and in {seen[label]!r}")
            seen[label] = part


def _characters(part: list[str] | dict[str, str]) -> list[str]:
    """Class names as they stand, or {"Angelic": "1-20"} spelled out as Angelic/character01 ... character20."""
    if isinstance(part, list):
        return part
    names = []
    for alphabet, numbers in part.items():
        first, last = (int(number) for number in numbers.split("-"))
        names += [f"{alphabet}/character{number:02d}" for number in range(first, last + 1)]
    return names
