"""CIFAR-FS (Bertinetto et al. 2019): the 100 fine classes of CIFAR-100, 64 / 16 / 20, 600 images of 32x32 each."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from bench.data import hub, hub_download
from bench.data.images import Transform
from bench.data.prepare import Source, check_counts
from bench.data.progress import OnProgress
from bench.data.splits import class_split
from bench.errors import DataInvalid

NAME = "cifarfs"
REPOSITORY = "uoft-cs/cifar100"
REVISION = "aadb3af77e9048adbea6b47c21a81e47dd092ae5"
TRANSFORM = Transform(size=32, colour="rgb", resize=False)
HUB_SPLITS = ("train", "test")  # of CIFAR-100; CIFAR-FS divides classes, so both are pooled


def open_source(folder: Path) -> Source:
    """`uoft-cs/cifar100` as a folder: columns img (PNG) and fine_label."""
    files = list(chain.from_iterable(hub.shards(folder, part) for part in HUB_SPLITS))
    if not files:
        raise DataInvalid(
            f"{folder} is not a copy of the hub data set {REPOSITORY}: no train-*.parquet below it",
            "Give the folder that holds cifar100/train-00000-of-00001.parquet and the test file beside it.",
        )
    counts = hub.class_counts(files, "img", "fine_label")
    check_counts(NAME, class_split(NAME), counts)
    return Source(
        name=NAME,
        description=f"Hugging Face {REPOSITORY}, train and test pooled",
        revision=hub.revision_of(files, REVISION),
        licence="not stated by its authors (CIFAR-100, Krizhevsky 2009)",
        exact=True,
        counts=counts,
        files=lambda: hub.image_files(files, "img", "fine_label"),
        place=f"{folder}: ",
    )


def download(folder: Path, on_progress: OnProgress | None) -> None:
    """The pinned revision's parquet files, 143 MB, into `<folder>/<revision>`."""
    hub_download.download_splits(REPOSITORY, REVISION, HUB_SPLITS, folder / REVISION, on_progress)
