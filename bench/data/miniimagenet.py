"""mini-ImageNet: 100 classes of ImageNet's training set, 600 images each, split 64 / 16 / 20 (Ravi & Larochelle 2017).

Three ways in, told apart by what lies in the folder:
* the hub data set `timm/mini-imagenet`: its train (50,000) and validation (10,000) images are pooled, its test images,
  which are from ImageNet's validation set, are left out;
* folders of WordNet ids (n01532829/*.JPEG), at the top or below train/, val/ and test/;
* the CSV files of Ravi & Larochelle (filename,label) beside a folder of images.
The three differ in pixels, so that their fingerprints differ and a board never mixes them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

from bench.data import hub, hub_download
from bench.data.images import Transform
from bench.data.names import is_image_file
from bench.data.prepare import ImageFile, Source, check_counts
from bench.data.progress import OnProgress
from bench.data.splits import class_split
from bench.errors import DataInvalid

NAME = "miniimagenet"
REPOSITORY = "timm/mini-imagenet"
REVISION = "bd8779f9d33c061ea6e75fdd3bce4e43dd679060"
TRANSFORM = Transform(size=84, colour="rgb")
HUB_SPLITS = ("train", "validation")
LICENCE = "ImageNet terms of access: non-commercial research and education"

_WORDNET_ID = re.compile(r"^n\d{8}$")
_CSV_FILES = ("train.csv", "val.csv", "test.csv")


def open_source(folder: Path) -> Source:
    """Recognise which of the three forms `folder` has."""
    if shards := list(chain.from_iterable(hub.shards(folder, part) for part in HUB_SPLITS)):
        return _from_hub(folder, shards)
    if csv_files := [folder / name for name in _CSV_FILES if (folder / name).is_file()]:
        return _from_files(folder, "Ravi & Larochelle CSV files", _listed_in(csv_files, folder))
    if class_folders := _class_folders(folder):
        return _from_files(folder, "folders of WordNet ids", _images_in(class_folders))
    raise DataInvalid(
        f"{folder} is no copy of mini-ImageNet: expected train-*.parquet files of {REPOSITORY}, "
        "or folders named by WordNet ids (n01532829), or train.csv, val.csv and test.csv beside images/",
        "bench data fetch miniimagenet",
    )


def download(folder: Path, on_progress: OnProgress | None) -> None:
    """The pinned revision's parquet files, 7 GB, into `<folder>/<revision>`; they may be deleted once prepared."""
    hub_download.download_splits(REPOSITORY, REVISION, HUB_SPLITS, folder / REVISION, on_progress)


def _from_hub(folder: Path, shards: Sequence[Path]) -> Source:
    counts = hub.class_counts(shards, "image", "label")
    check_counts(NAME, class_split(NAME), counts)
    return Source(
        name=NAME,
        description=f"Hugging Face {REPOSITORY}, train and validation pooled",
        revision=hub.revision_of(shards, REVISION),
        licence=LICENCE,
        exact=False,
        counts=counts,
        files=lambda: hub.image_files(shards, "image", "label"),
        place=f"{folder}: ",
    )


def _from_files(folder: Path, description: str, images: Mapping[str, Sequence[Path]]) -> Source:
    counts = {label: len(paths) for label, paths in images.items()}
    check_counts(NAME, class_split(NAME), counts)
    return Source(
        name=NAME,
        description=description,
        revision=None,
        licence=LICENCE,
        exact=False,
        counts=counts,
        files=lambda: (
            ImageFile(label, path.relative_to(folder).as_posix(), path.read_bytes)
            for label, paths in images.items()
            for path in paths
        ),
        place=f"{folder}/",
    )


def _class_folders(folder: Path) -> list[Path]:
    bases = [folder, *(folder / part for part in ("train", "val", "test"))]
    return [
        path
        for base in bases
        if base.is_dir()
        for path in sorted(base.iterdir())
        if path.is_dir() and _WORDNET_ID.match(path.name)
    ]


def _images_in(class_folders: Sequence[Path]) -> dict[str, list[Path]]:
    images: dict[str, list[Path]] = {}
    for folder in class_folders:
        paths = sorted(path for path in folder.iterdir() if is_image_file(path))
        images.setdefault(folder.name, []).extend(paths)
    return images


def _listed_in(csv_files: Sequence[Path], folder: Path) -> dict[str, list[Path]]:
    base = folder / "images" if (folder / "images").is_dir() else folder
    images: dict[str, list[Path]] = {}
    for table in csv_files:
        with table.open(newline="", encoding="utf-8") as stream:
            rows = csv.DictReader(stream)
            if not {"filename", "label"} <= set(rows.fieldnames or ()):
                raise DataInvalid(f"{table}: expected columns filename,label, found {rows.fieldnames}")
            for row in rows:
                path = base / str(row["filename"])
                if Path(str(row["filename"])).name != row["filename"] or not path.is_file():
                    raise DataInvalid(f"{table}, line {rows.line_num}: there is no image {row['filename']!r} in {base}")
                images.setdefault(str(row["label"]), []).append(path)
    return {label: sorted(paths) for label, paths in images.items()}
