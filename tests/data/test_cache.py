"""Prepared caches: memory-mapped, atomic, and damage is told from absence."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from bench.data import cache
from bench.data.contract import DataCard, ImageSplit
from bench.errors import DataInvalid, DataMissing


def _splits() -> dict[str, ImageSplit]:
    images = np.random.default_rng(0).integers(0, 256, (6, 1, 4, 4), dtype=np.uint8)
    return {
        split: ImageSplit(images, np.array([2, 4]), (f"{split}-a", f"{split}-b")) for split in ("train", "val", "test")
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = cache.cache_folder(tmp_path, "birds", "rgb-4/1")
    _write(target)
    return target


def _write(target: Path) -> None:
    splits = _splits()
    fingerprint = cache.pixel_hash(splits)
    card = DataCard("birds", "made up", None, "CC0-1.0", "rgb-4/1", fingerprint, True, fingerprint)
    with cache.writing(target) as scratch:
        for split, part in splits.items():
            np.save(scratch / f"{split}.npy", part.images)
        cache.write_card(scratch, card, splits)


def test_round_trip_is_memory_mapped_and_read_only(folder: Path) -> None:
    data = cache.read(folder, "birds")
    part = data.splits["val"]
    assert isinstance(part.images, np.memmap) and not part.images.flags.writeable
    assert (part.images == _splits()["val"].images).all()
    assert part.classes == ("val-a", "val-b") and part.counts.tolist() == [2, 4]
    assert cache.verify(folder, "birds") == data.card
    assert folder.name == "rgb-4-v1"


def test_one_flipped_bit_is_found_by_verify_with_both_hashes(folder: Path) -> None:
    path = folder / "test.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    expected = cache.read(folder, "birds").card.pixel_sha256
    with pytest.raises(DataInvalid, match=f"expected pixel hash {expected}, found ") as caught:
        cache.verify(folder, "birds")
    assert "bench data verify birds" in caught.value.fix


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_truncated_missing_and_foreign_arrays(folder: Path, split: str) -> None:
    path = folder / f"{split}.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    with pytest.raises(DataInvalid, match=f"{split}.npy"):
        cache.read(folder, "birds")
    np.save(path, np.zeros((6, 1, 4, 5), np.uint8))
    with pytest.raises(DataInvalid, match=r"expected uint8 \(6, 1, 4, 4\), found uint8 \(6, 1, 4, 5\)"):
        cache.read(folder, "birds")
    path.unlink()
    with pytest.raises(DataInvalid, match=f"{split}.npy"):
        cache.read(folder, "birds")


def test_pickles_are_never_opened(folder: Path) -> None:
    np.save(folder / "train.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(DataInvalid, match=r"train\.npy"):
        cache.read(folder, "birds")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda card: card.update(surprise=1), "surprise"),
        (lambda card: card["card"].pop("licence"), r"card\.licence"),
        (lambda card: card["card"].update(fingerprint="abc"), r"card\.fingerprint"),
        (lambda card: card["splits"].pop("val"), "expected splits train, val and test"),
        (lambda card: card["splits"]["train"].update(counts=[2, 3]), "add up to 6"),
        (lambda card: card["splits"]["train"].update(classes=["one"]), "1 classes but 2 counts"),
        (lambda card: card.update(schema="bench.data/9"), "schema"),
    ],
)
def test_cards_are_checked(folder: Path, change, named: str) -> None:
    card = json.loads((folder / "card.json").read_text())
    change(card)
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(DataInvalid, match=named):
        cache.read(folder, "birds")


def test_half_a_card_is_damage(folder: Path) -> None:
    (folder / "card.json").write_text((folder / "card.json").read_text()[:40])
    with pytest.raises(DataInvalid, match=r"card\.json"):
        cache.read(folder, "birds")


def test_a_failed_preparation_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "birds" / "t"
    with pytest.raises(RuntimeError, match="stop"), cache.writing(target) as scratch:
        (scratch / "train.npy").write_bytes(b"half")
        raise RuntimeError("stop")
    assert list(target.parent.iterdir()) == []


def test_a_killed_preparation_is_not_a_cache_and_is_swept_after_a_day(tmp_path: Path) -> None:
    target = tmp_path / "birds" / "t"
    killed, running = target.parent / ".preparing-1", target.parent / ".preparing-2"
    for left in (killed, running):
        left.mkdir(parents=True)
    os.utime(killed, (time.time() - 100_000,) * 2)
    assert not cache.is_prepared(target)
    _write(target)
    assert cache.is_prepared(target) and running.is_dir() and not killed.exists()


def test_writing_again_replaces_and_open_maps_stay_valid(folder: Path) -> None:
    old = cache.read(folder, "birds").splits["train"].images
    _write(folder)
    assert (old == _splits()["train"].images).all()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_file_in_the_way_of_the_root_says_where_else_to_go(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("not a folder")
    with pytest.raises(DataMissing, match="can't be written") as caught, cache.writing(tmp_path / "root" / "x" / "t"):
        pass
    assert "--data-dir" in caught.value.fix


def test_the_hash_sees_class_order_counts_and_split() -> None:
    base = _splits()
    part = base["train"]
    variants = [
        ImageSplit(part.images, part.counts, part.classes[::-1]),
        ImageSplit(part.images, part.counts[::-1], part.classes),
        ImageSplit(part.images[::-1], part.counts, part.classes),
    ]
    hashes = {cache.pixel_hash(base), *(cache.pixel_hash({**base, "train": variant}) for variant in variants)}
    assert len(hashes) == 4


def test_who_is_slower_keeps_what_another_process_has_made(tmp_path: Path) -> None:
    target = tmp_path / "birds" / "t"
    with cache.writing(target) as scratch:
        (scratch / "card.json").write_text("mine")
        _write(target)  # by another process, meanwhile
    assert cache.read(target, "birds").card.name == "birds"
    assert [path.name for path in target.parent.iterdir()] == ["t"]


def test_many_at_once_leave_one_sound_cache(tmp_path: Path) -> None:
    target = tmp_path / "birds" / "t"
    for _ in range(10):
        with ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(_write, target) for _ in range(8)]:
                done.result()
        assert cache.verify(target, "birds").name == "birds"
        assert [path.name for path in target.parent.iterdir()] == ["t"]
