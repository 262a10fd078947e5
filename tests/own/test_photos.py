"""Reading a person's folder: copies, orientation, refusals."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.errors import DataMissing, UsageError
from bench.own.photos import read_known, read_new
from tests.own.conftest import COLOURS, picture


def test_a_plain_folder(known: Path) -> None:
    found = read_known(known)
    assert found.classes == tuple(COLOURS)
    assert found.counts.tolist() == [7, 7, 7]
    assert found.remarks == ()
    assert read_known(known).identity == found.identity


def test_copies_are_left_out_and_told(known: Path) -> None:
    before = read_known(known).identity
    shutil.copy(known / "sky" / "0.png", known / "sky" / "copy.png")
    large = picture((90, 140, 220), np.random.default_rng(5)).resize((200, 200))
    large.save(known / "sky" / "large.png")
    large.save(known / "sky" / "saved again.jpg", quality=70)
    found = read_known(known)
    assert found.counts.tolist() == [7, 7, 8]
    assert {remark.kind: remark.count for remark in found.remarks} == {"own twins": 1, "own alike": 1}
    assert found.identity != before


def test_a_picture_in_two_classes_stays_and_is_told(known: Path) -> None:
    shutil.copy(known / "sky" / "0.png", known / "rust" / "sky.png")
    found = read_known(known)
    assert found.counts.tolist() == [7, 8, 7]
    assert [remark.kind for remark in found.remarks] == ["twin classes"]


def test_photographs_are_seen_as_viewers_show_them(tmp_path: Path) -> None:
    image = picture((40, 160, 60), np.random.default_rng(0)).resize((40, 20))
    image.save(tmp_path / "stored.png")
    exif = Image.Exif()
    exif[274] = 6  # turn right to see it
    image.save(tmp_path / "telephone.png", exif=exif)
    image.rotate(-90, expand=True).save(tmp_path / "turned.png")
    stored, telephone, turned = read_new([tmp_path / name for name in ("stored.png", "telephone.png", "turned.png")])
    assert telephone.digest == turned.digest != stored.digest


def test_refusals_say_what_was_found(known: Path, tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="There is no folder"):
        read_known(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="holds 0 class folders"):
        read_known(known / "sky")
    shutil.rmtree(known / "rust")
    for number in range(1, 6):
        (known / "sky" / f"{number}.png").unlink()
    shutil.copy(known / "sky" / "0.png", known / "sky" / "copy.png")
    with pytest.raises(UsageError, match=r"fewer once copies are left out in sky \(2\)"):
        read_known(known)
    with pytest.raises(DataMissing, match="holds no image"):
        (tmp_path / "empty").mkdir()
        read_new([tmp_path / "empty"])
