"""A user's own images."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.data import load
from bench.errors import DataInvalid, DataMissing, UsageError
from tests.data.conftest import image_bytes

CLASSES = {"train": ["cat", "dog"], "val": ["fox"], "test": ["owl", "yak"]}


def _fill(folder: Path, split_folders: bool, suffix: str = ".png") -> Path:
    for split, classes in CLASSES.items():
        for label in classes:
            place = folder / split / label if split_folders else folder / label
            place.mkdir(parents=True)
            for k in range(3 if label == "yak" else 2):
                kind = "PNG" if suffix == ".png" else "JPEG"
                (place / f"{k}{suffix}").write_bytes(image_bytes(sum(map(ord, label)) + k, size=20, kind=kind))
    return folder


def test_split_folders_and_split_yaml_agree(tmp_path: Path) -> None:
    first = load("imagefolder", path=_fill(tmp_path / "a", True), image_size=16, data_dir=tmp_path / "root")
    assert first.splits["test"].images.shape == (5, 3, 16, 16)
    assert first.splits["test"].counts.tolist() == [2, 3] and first.splits["test"].classes == ("owl", "yak")
    assert first.card.exact and first.card.transform == "rgb-resize-16-bilinear/1"
    flat = _fill(tmp_path / "b", False)
    (flat / "split.yaml").write_text("train: [dog, cat]\nval: [fox]\ntest: [yak, owl]\n")
    second = load("imagefolder", path=flat, image_size=16, data_dir=tmp_path / "root")
    assert second.card.fingerprint == first.card.fingerprint


def test_jpegs_are_fingerprinted_by_their_bytes(tmp_path: Path) -> None:
    data = load("imagefolder", path=_fill(tmp_path / "a", True, ".jpg"), image_size=16, data_dir=tmp_path / "root")
    assert not data.card.exact and data.card.fingerprint != data.card.pixel_sha256


def test_prepared_once_until_something_changes(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "a", True)

    def prepared() -> int:
        load("imagefolder", path=folder, image_size=16, data_dir=tmp_path / "root")
        return len(list((tmp_path / "root").rglob("card.json")))

    assert prepared() == 1
    assert prepared() == 1
    (folder / "train" / "cat" / "new.png").write_bytes(image_bytes(99))
    assert prepared() == 2


def test_other_layouts_say_what_was_expected(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "a", True)
    root = tmp_path / "root"
    with pytest.raises(DataMissing, match="no folder"):
        load("imagefolder", path=tmp_path / "nowhere", data_dir=root)
    with pytest.raises(DataInvalid, match="no train/ and no val/ and no test/") as caught:
        load("imagefolder", path=folder / "train", data_dir=root)
    assert "FOLDER/{train,val,test}/<class>" in caught.value.fix
    (folder / "val" / "empty").mkdir()
    with pytest.raises(DataInvalid, match="empty holds no image"):
        load("imagefolder", path=folder, data_dir=root)
    (folder / "val" / "empty").rename(folder / "val" / "cat")
    (folder / "val" / "cat" / "x.png").write_bytes(image_bytes(1))
    with pytest.raises(DataInvalid, match="class 'cat' is in split 'val' and in 'train'"):
        load("imagefolder", path=folder, data_dir=root)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("train: [cat]\nval: [fox]\n", "test: Field required"),
        ("train: [cat]\nval: [fox]\ntest: [owl]\ntset: [yak]\n", "tset: Extra inputs"),
        ("train: ['../cat']\nval: [fox]\ntest: [owl]\n", r"train\.0: String should match"),
        ("train: [cat]\nval: [fox]\ntest: ['..']\n", "no class folder"),
        ("train: [cat]\nval: [fox]\ntest: [eagle]\n", "no class folder .*eagle"),
        ("train: [cat\n", ":2: not valid YAML"),
        ("- cat\n", "the file: Input should be"),
    ],
)
def test_split_yaml_is_checked(tmp_path: Path, text: str, named: str) -> None:
    folder = _fill(tmp_path / "a", False)
    (folder / "split.yaml").write_text(text)
    with pytest.raises(DataInvalid, match=named):
        load("imagefolder", path=folder, data_dir=tmp_path / "root")


def test_sizes_are_limited(tmp_path: Path) -> None:
    for size in (-1, 5000):
        with pytest.raises(UsageError, match="image_size must lie in"):
            load("imagefolder", path=_fill(tmp_path / str(size), True), image_size=size, data_dir=tmp_path)
    with pytest.raises(UsageError, match="needs the path"):
        load("imagefolder", data_dir=tmp_path)
