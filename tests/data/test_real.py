"""The real Omniglot and CIFAR-100, where they are at hand: counts, pixels, pinned fingerprints."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.data import import_source, load, verify

pytestmark = pytest.mark.slow

FINGERPRINTS = {
    "omniglot": "245c52caf2e72dc7dbb402db0fe81968d258b996fc3ccab961eaa2a1e7d62216",
    "cifarfs": "3ffa66699a36fa45bd7c3aceca470db5e2538380eb1c5e639b3ba6d118b9adff",
}


def test_omniglot(real_data: Path, tmp_path: Path) -> None:
    card = import_source("omniglot", real_data / "omniglot", tmp_path)
    splits = load("omniglot", data_dir=tmp_path).splits
    assert {split: (len(part.classes), len(part.images)) for split, part in splits.items()} == {
        "train": (1028, 20_560),
        "val": (172, 3_440),
        "test": (423, 8_460),
    }
    for part in splits.values():
        assert set(part.counts) == {20}
        assert 5 < part.images.mean() < 40  # a little bright ink on dark
    assert card.fingerprint == FINGERPRINTS["omniglot"] and verify("omniglot", tmp_path) == card
    assert [found.kind for found in card.remarks or ()] == ["twins"]


def test_cifarfs(real_data: Path, tmp_path: Path) -> None:
    card = import_source("cifarfs", real_data / "cifar100", tmp_path)
    splits = load("cifarfs", data_dir=tmp_path).splits
    assert {split: part.images.shape for split, part in splits.items()} == {
        "train": (38_400, 3, 32, 32),
        "val": (9_600, 3, 32, 32),
        "test": (12_000, 3, 32, 32),
    }
    assert all(set(part.counts) == {600} for part in splits.values())
    assert card.fingerprint == FINGERPRINTS["cifarfs"]
    across = {found.where: found.count for found in card.remarks or () if found.kind == "twin splits"}
    assert across == {"train and val": 8, "train and test": 6, "val and test": 1}
    assert all("/" not in name for found in card.remarks or () for name in found.first)  # no place on this machine
