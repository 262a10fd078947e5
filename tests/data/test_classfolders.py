"""What lies in a user's folder besides images: never a class, never an image, never passed over without a word."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from bench.data import load, sentence, status, verify
from bench.data.contract import ImageData, Remark
from bench.errors import DataInvalid, UsageError
from tests.conftest import Cli
from tests.data.conftest import image_bytes

CLASSES = {"train": ["cat", "dog"], "val": ["fox"], "test": ["owl", "yak"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    number = 0
    for split, classes in CLASSES.items():
        for label in classes:
            for k in range(2):
                number += 1
                path = tmp_path / "zoo" / split / label / f"{k}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(image_bytes(number, size=16))
    return tmp_path / "zoo"


def _load(folder: Path) -> ImageData:
    return load("imagefolder", path=folder, image_size=16, data_dir=folder.parent / "root")


def _remarks(folder: Path) -> dict[str, Remark]:
    return {found.kind: found for found in _load(folder).card.remarks or ()}


@pytest.mark.parametrize("name", [".ipynb_checkpoints", "@eaDir", "__MACOSX", ".thumbnails"])
def test_foreign_folders_are_no_classes_and_their_images_none(folder: Path, name: str) -> None:
    plain = _load(folder).card.fingerprint
    for place in (folder, folder / "test", folder / "test" / "owl", folder / "test" / "owl" / "deep"):
        (place / name / "inner").mkdir(parents=True)
        shutil.copy(folder / "train/cat/0.png", place / name / "0-checkpoint.png")
        shutil.copy(folder / "train/cat/0.png", place / name / "inner" / "0.png")
    data = _load(folder)
    assert data.splits["test"].classes == ("owl", "yak") and data.splits["test"].counts.tolist() == [2, 2]
    assert data.card.fingerprint == plain
    (found,) = data.card.remarks or ()
    assert found.kind == "hidden" and found.count == 4
    assert set(found.first) == {name, f"test/{name}", f"test/owl/{name}", f"test/owl/deep/{name}"}
    for place in (folder, folder / "test", folder / "test" / "owl", folder / "test" / "owl" / "deep"):
        shutil.rmtree(place / name)
    assert _load(folder).card.remarks == ()
    assert len(list((folder.parent / "root").rglob("card.json"))) == 1  # the images are prepared once


def test_foreign_files_are_no_images(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0.png", ".hidden.png"):
        (folder / "test" / "owl" / name).write_bytes(b"x")
    found = _remarks(folder)
    assert found["hidden"].count == 5 and list(found) == ["hidden"]
    assert capsys.readouterr().err == ""  # harmless: in the card, but not a warning


def test_formats_that_pillow_reads_are_read(folder: Path) -> None:
    for number, (suffix, kind) in enumerate(
        [("gif", "GIF"), ("webp", "WEBP"), ("tif", "TIFF"), ("TIFF", "TIFF"), ("bmp", "BMP"), ("jfif", "JPEG")]
    ):
        (folder / "test" / "owl" / f"x.{suffix}").write_bytes(image_bytes(100 + number, size=16, kind=kind))
    data = _load(folder)
    assert data.splits["test"].counts.tolist() == [8, 2] and data.card.remarks == ()


def test_unknown_suffixes_are_counted_and_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.heic", "b.heic", "c.HEIC", "labels.txt", "photo"):
        (folder / "test" / "owl" / name).write_bytes(b"x")
    where = "3 .heic, 1 .txt, 1 without suffix"
    assert _remarks(folder)["suffix"].where == where
    said = capsys.readouterr().err
    assert said.startswith("warning: image folder zoo: files in class folders that bench does not read, passed over: 5")
    assert f"[{where}] (test/owl/a.heic, " in said and "Convert them to PNG or JPEG" in said
    _load(folder)
    assert capsys.readouterr().err == ""  # said when prepared; the card keeps it


def test_a_class_of_unknown_files_only_says_what_it_holds(folder: Path) -> None:
    (folder / "test" / "emu").mkdir()
    (folder / "test" / "emu" / "a.heic").write_bytes(b"x")
    with pytest.raises(DataInvalid, match=r"emu holds no image, but 1 \.heic"):
        _load(folder)


def test_images_and_folders_outside_the_classes_and_links_are_said(folder: Path) -> None:
    shutil.copy(folder / "train/cat/0.png", folder / "train/loose.png")
    (folder / "validation").mkdir()
    (folder / "README.md").write_text("a description is no image")
    (folder / "test/owl/more").symlink_to(folder / "train/cat")
    (folder / "test/owl/gone.png").symlink_to(folder / "nowhere.png")
    found = _remarks(folder)
    assert found["stray"].first == ("train/loose.png", "validation")
    assert found["link"].first == ("test/owl/gone.png", "test/owl/more")
    assert list(found) == ["stray", "link"]


def test_a_file_that_cannot_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_bytes

    def denied(path: Path) -> bytes:
        if path.name == "1.png" and path.parent.name == "yak":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(DataInvalid, match=r"test/yak/1\.png can't be read \(Permission denied\)") as caught:
        _load(folder)
    assert "disk space" not in caught.value.fix


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
@pytest.mark.parametrize("flat", [False, True])
def test_a_class_whose_name_is_not_utf8(folder: Path, flat: bool) -> None:
    os.rename(os.fsencode(folder / "test/owl"), os.fsencode(folder / "test") + b"/K\xe4fer")  # noqa: PTH104
    if flat:
        for label in list((folder / "test").iterdir()):
            label.rename(folder / label.name)
        for name in ("cat", "dog", "fox"):
            shutil.move(next(folder.glob(f"*/{name}")), folder / name)
        for split in CLASSES:
            (folder / split).rmdir()
        (folder / "split.yaml").write_text('train: [cat, dog]\nval: [fox]\ntest: [yak, "K\\\\xe4fer"]\n')
    first = _load(folder)
    assert first.splits["test"].classes == ("K\\xe4fer", "yak")
    again = _load(folder)
    shutil.rmtree(folder.parent / "root")
    assert first.card == again.card == _load(folder).card


def test_split_yaml_refuses_a_key_twice_a_class_twice_and_hidden_classes(folder: Path) -> None:
    for label in list(folder.glob("*/*")):
        label.rename(folder / label.name)
    for split in CLASSES:
        (folder / split).rmdir()
    table = folder / "split.yaml"
    good = "train: [cat]\nval: [fox]\ntest: [owl, yak]\n"
    (folder / ".git").mkdir()
    for text, named in (
        (good + "test: [dog]\n", r"split\.yaml:4: 'test' is given twice"),
        (good.replace("[owl, yak]", "[owl, owl]"), "class 'owl' is in split 'test' and in 'test'"),
        (good.replace("[owl, yak]", "[owl, .git]"), r"\.git has the name of a hidden folder"),
        (good.replace("yak", "2"), r"split\.yaml:3: test\.1: Input should be a valid string"),
    ):
        table.write_text(text)
        with pytest.raises(DataInvalid, match=named):
            _load(folder)
    table.write_bytes(good.encode() + b"# \xff\n")
    with pytest.raises(DataInvalid, match="is not YAML"):
        _load(folder)
    table.write_text(good)
    assert _remarks(folder)["stray"].first == ("dog",)  # a class that no split names


def test_blank_splits_are_refused_and_leave_no_cache(folder: Path) -> None:
    from PIL import Image

    for path in (folder / "test").rglob("*.png"):
        Image.new("L", (16, 16), 255).save(path)
    for _ in range(2):
        with pytest.raises(DataInvalid, match="image folder zoo: the 4 images of test are one colour all over"):
            _load(folder)
    assert not list((folder.parent / "root").rglob("card.json"))


def test_an_image_that_does_not_say_its_range_is_named(folder: Path) -> None:
    import numpy as np
    from PIL import Image

    Image.fromarray(np.full((16, 16), 200, np.float32)).save(folder / "test/owl/2.tif")
    with pytest.raises(DataInvalid, match=r"zoo/test/owl/2\.tif holds floats \(mode F\) from 200 to 200"):
        _load(folder)


def test_an_interpretation_that_changes_pixels_changes_the_fingerprint_of_source_bytes(folder: Path) -> None:
    """JPEG in the folder: source bytes are hashed, and say by themselves nothing of what transparency became."""
    from bench.data.prepare import RECONSIDERED

    (folder / "test/owl/2.jpg").write_bytes(image_bytes(50, kind="JPEG"))
    (folder / "test/owl/3.png").write_bytes(image_bytes(51, mode="RGBA"))
    opaque = _load(folder).card
    assert not opaque.exact and opaque.remarks == ()
    from PIL import Image

    with Image.open(folder / "test/owl/3.png") as image:
        image.putalpha(100)
        image.save(folder / "test/owl/3.png")
    card = _load(folder).card
    assert [found.kind for found in card.remarks or ()] == ["alpha"] and "alpha" in RECONSIDERED
    assert card.fingerprint != opaque.fingerprint


def test_status_and_verify_tell_what_was_remarked(folder: Path, cli: Cli) -> None:
    shutil.copy(folder / "train/cat/0.png", folder / "test/owl/0.png")
    data = _load(folder)
    root = folder.parent / "root"
    (row,) = [row for row in status(root) if row.name.startswith("imagefolder/")]
    assert row.state == "prepared" and row.card == data.card == verify(row.name, root)
    line = sentence(data.card.remarks[0], own=True) if data.card.remarks else ""
    assert line == (
        "pictures that are both in train and test: 1 (train/cat/0.png = test/owl/0.png). "
        "Remove them from one of the two."
    )
    for command in (("status",), ("verify", row.name)):
        told = cli("data", *command, "--data-dir", root)
        assert told.code == 0 and line in told.out
    listed = json.loads(cli("data", "status", "--json", "--data-dir", root).out)
    assert listed["datasets"][-1]["card"]["remarks"][0]["count"] == 1
    with pytest.raises(UsageError, match="Unknown prepared image folder"):
        verify("imagefolder/nothing", root)


def test_a_card_from_before_is_read_and_looked_at_by_verify(folder: Path, cli: Cli) -> None:
    shutil.copy(folder / "train/cat/0.png", folder / "test/owl/0.png")
    _load(folder)
    root = folder.parent / "root"
    path = next(root.rglob("card.json"))
    card = json.loads(path.read_text())
    card["schema"] = "bench.data/1"
    del card["card"]["remarks"]
    path.write_text(json.dumps(card))
    (row,) = [row for row in status(root) if row.name.startswith("imagefolder/")]
    assert row.card is not None and row.card.remarks is None
    assert f"`bench data verify {row.name}` does it" in cli("data", "status", "--data-dir", root).out
    found = verify(row.name, root).remarks
    assert found == (Remark("twin splits", "train and test", 1, ("cat[0] = owl[0]",)),)
