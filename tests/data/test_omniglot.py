"""Omniglot's official layout: zips and folders give the same data; damage is named; the download is checked."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from bench.data import fetch, import_source, load, omniglot
from bench.errors import DataInvalid
from tests.data.conftest import WebServer


def test_zips_folders_and_one_archive_of_all_agree(omniglot_zips: Path, tmp_path: Path) -> None:
    card = import_source("omniglot", omniglot_zips, tmp_path / "a")
    data = load("omniglot", data_dir=tmp_path / "a")
    assert {split: part.images.shape for split, part in data.splits.items()} == {
        "train": (1028, 1, 28, 28),
        "val": (172, 1, 28, 28),
        "test": (423, 1, 28, 28),
    }
    assert card.exact and card.transform == "grey-resize-28-bilinear-invert/1"
    folders = tmp_path / "folders" / "python"
    for part in omniglot.PARTS:
        with zipfile.ZipFile(omniglot_zips / f"{part}.zip") as archive:
            archive.extractall(folders)
    (folders / "images_background" / "Greek" / "character01" / "._0001_01.png").write_bytes(b"left by macOS")
    assert import_source("omniglot", tmp_path / "folders", tmp_path / "b").fingerprint == card.fingerprint
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in sorted(folders.rglob("0001_01.png")):
            archive.write(path, path.relative_to(folders))
    assert import_source("omniglot", tmp_path / "all.zip", tmp_path / "c").fingerprint == card.fingerprint


def test_missing_parts_and_characters_are_named(omniglot_zips: Path, tmp_path: Path) -> None:
    kept = omniglot_zips / "images_evaluation.zip"
    whole = kept.read_bytes()
    kept.unlink()
    with pytest.raises(DataInvalid, match=r"expected images_evaluation/ or images_evaluation\.zip"):
        import_source("omniglot", omniglot_zips, tmp_path / "root")
    with zipfile.ZipFile(kept, "w") as archive:
        archive.writestr("images_evaluation/Angelic/character01/0001_01.png", b"")
    with pytest.raises(DataInvalid, match=r"expected 1623 classes; .* have no image: "):
        import_source("omniglot", omniglot_zips, tmp_path / "root")
    kept.write_bytes(whole[:-100])
    with pytest.raises(DataInvalid, match="not a complete zip"):
        import_source("omniglot", omniglot_zips, tmp_path / "root")


def test_a_corrupt_drawing_is_named_and_no_cache_appears(omniglot_zips: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(omniglot_zips / "images_background.zip") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    victim = next(name for name in files if "Balinese/character05" in name)
    files[victim] = files[victim][:40]
    with zipfile.ZipFile(omniglot_zips / "images_background.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with pytest.raises(DataInvalid, match=r"Balinese/character05/0001_01\.png is not a readable image"):
        import_source("omniglot", omniglot_zips, tmp_path / "root")
    assert list((tmp_path / "root" / "omniglot").iterdir()) == []


def test_fetch_checks_the_official_md5(
    omniglot_zips: Path, tmp_path: Path, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(omniglot, "BASE_URL", web.url)
    for part in omniglot.PARTS:
        web.files[f"/{part}.zip"] = (omniglot_zips / f"{part}.zip").read_bytes()
    with pytest.raises(DataInvalid, match="expected md5 68d2efa1b9178cc56df9314c21c6e718, found "):
        fetch("omniglot", tmp_path / "root")
    md5s = {part: hashlib.md5(web.files[f"/{part}.zip"], usedforsecurity=False).hexdigest() for part in omniglot.PARTS}
    monkeypatch.setattr(omniglot, "PARTS", md5s)
    card = fetch("omniglot", tmp_path / "root")
    assert card == import_source("omniglot", omniglot_zips, tmp_path / "other")
