"""Suites whose images a user brings: missing, in the hub's layout, or a folder of one's own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.conftest import Cli
from tests.data.conftest import all_classes, image_bytes, mini_hub, write_hub_split  # noqa: F401  # a fixture

Floats = npt.NDArray[np.float64]
Form = Callable[[Floats], tuple[Image.Image, str]]

SMALL_MINI = """
schema: 1
suites:
  small-mini:
    version: 1
    title: "mini-ImageNet, six images a class"
    task: {kind: images, data: miniimagenet, way: 5, shot: 1, query: 5,
           pool: {train: [64, 6], val: [16, 6], test: [20, 6]}}
    metric: accuracy
    validation: {checks: 1, episodes: 4}
"""
FOLDER = """
schema: 1
suites:
  my-photos:
    version: 1
    title: "My photographs"
    task: {kind: images, data: imagefolder, path: %s, image_size: 28, way: 3, shot: 1, query: 2}
    metric: accuracy
    validation: {checks: 1, episodes: 10}
"""


def test_missing_images_are_named_with_what_to_do(tmp_path: Path) -> None:
    """The whole command, as typed, on a machine with neither images nor network."""
    offline = {"HF_ENDPOINT": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "bench", "run", "--algo", "relnet", "--suite", "miniimagenet-5w1s"],
        env={**os.environ, **offline, "BENCH_DATA": str(tmp_path / "none"), "PYTHONPATH": str(Path.cwd())},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert time.monotonic() - began < 30
    assert done.returncode == 1 and done.stdout == "" and "Traceback" not in done.stderr
    assert "The miniimagenet images are not on this machine" in done.stderr
    assert "bench data fetch miniimagenet" in done.stderr and "bench data import miniimagenet FOLDER" in done.stderr
    assert "--suite glyphs-5w1s" in done.stderr
    assert len(done.stderr.splitlines()) < 10 and list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("mini_hub")
def test_the_hubs_layout_end_to_end(tmp_path: Path, cli: Cli) -> None:
    data, runs, tasks = tmp_path / "data", tmp_path / "runs", tmp_path / "tasks.yaml"
    tasks.write_text(SMALL_MINI)
    imported = cli("data", "import", "miniimagenet", tmp_path / "mini-hub", "--data-dir", data)
    assert imported.code == 0 and "timm/mini-imagenet" in imported.out
    common = ("--algo", "relnet", "--budget", "smoke", "--runs", runs, "--data-dir", data, "--device", "cpu")

    refused = cli("run", "--suite", "miniimagenet-5w1s", *common)
    assert refused.code == 1 and "Traceback" not in refused.err
    assert "declares 64 train classes of 600 images" in refused.err and "64 classes of 6 to 6" in refused.err
    assert "bench data import miniimagenet" in refused.err and not runs.exists()

    small = ("--tasks", tasks, "--episodes", "6", "--set", "filters=4")
    done = cli("run", "--suite", "small-mini", *common, *small)
    assert done.code == 0, done.err
    assert "small-mini" in done.out and "relnet" in done.out
    shown = cli(*done.out.splitlines()[-1].split()[1:])
    assert shown.code == 0 and "small-mini@1 (unpinned)" in shown.out and "84" not in shown.err


def _sixteen_bit(grey: Floats) -> tuple[Image.Image, str]:
    return Image.fromarray((grey * 65_535).astype(np.uint16)), "png"


def _float(grey: Floats) -> tuple[Image.Image, str]:
    return Image.fromarray(grey.astype(np.float32)), "tif"


def _ink_on_nothing(grey: Floats) -> tuple[Image.Image, str]:
    ink = np.zeros((*grey.shape, 4), np.uint8)
    ink[..., 3] = grey * 255
    return Image.fromarray(ink), "png"


@pytest.mark.parametrize("form", [_sixteen_bit, _float, _ink_on_nothing])
def test_what_a_person_sees_the_learner_sees(tmp_path: Path, cli: Cli, form: Form) -> None:
    """Classes that differ plainly are told apart, however their files hold them."""
    for number, (split, label) in enumerate((s, c) for s in ("train", "val", "test") for c in "abc"):
        base = np.random.default_rng(number).random((12, 12))
        for image in range(3):
            noise = np.random.default_rng([number, image]).random((12, 12))
            picture, suffix = form(0.05 + 0.7 * base + 0.1 * noise)
            place = tmp_path / "photos" / split / f"{split}-{label}" / f"{image}.{suffix}"
            place.parent.mkdir(parents=True, exist_ok=True)
            picture.save(place)
    tasks = tmp_path / "tasks.yaml"
    tasks.write_text(FOLDER % (tmp_path / "photos"))
    places = ("--runs", tmp_path / "runs", "--data-dir", tmp_path / "data", "--tasks", tasks)
    done = cli("run", "--algo", "nearest_centroid", "--suite", "my-photos", "--budget", "smoke", *places)
    assert done.code == 0, done.err
    assert "accuracy 100.00 %" in done.err


def test_a_picture_in_train_and_test_is_said_once_and_changes_nothing(tmp_path: Path, cli: Cli) -> None:
    for number, (split, label) in enumerate((s, c) for s in ("train", "val", "test") for c in "abc"):
        for image in range(3):
            place = tmp_path / "photos" / split / f"{split}-{label}" / f"{image}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(image_bytes(10 * number + image, size=12))
    (tmp_path / "photos/test/test-a/0.png").write_bytes((tmp_path / "photos/train/train-a/0.png").read_bytes())
    tasks = tmp_path / "tasks.yaml"
    tasks.write_text(FOLDER % (tmp_path / "photos"))
    places = ("--runs", tmp_path / "runs", "--data-dir", tmp_path / "data", "--tasks", tasks)
    command = ("run", "--algo", "chance", "--suite", "my-photos", "--budget", "smoke", *places)
    first, again = cli(*command), cli(*command)
    line = "pictures that are both in train and test: 1 (train/train-a/0.png = test/test-a/0.png)"
    assert first.code == again.code == 0
    assert line in first.err and line not in again.err


def test_a_folder_of_ones_own_end_to_end(tmp_path: Path, cli: Cli) -> None:
    number = 0
    for split, classes in (("train", "abcd"), ("val", "efg"), ("test", "hijk")):
        for label in classes:
            place = tmp_path / "photos" / split / label
            place.mkdir(parents=True)
            for image in range(4):
                number += 1
                (place / f"{image}.png").write_bytes(image_bytes(number, size=12))
    tasks = tmp_path / "tasks.yaml"
    tasks.write_text(FOLDER % (tmp_path / "photos"))
    listed = cli("list", "suites", "--tasks", tasks)
    assert listed.code == 0 and "my-photos" in listed.out
    places = ("--runs", tmp_path / "runs", "--data-dir", tmp_path / "data", "--tasks", tasks)
    command = ("run", "--algo", "relnet,nearest_centroid", "--suite", "my-photos", "--budget", "smoke", *places)
    done = cli(*command, "--set", "filters=4")
    assert done.code == 2 and "Unknown option of" in done.err  # nearest_centroid has none
    done = cli(*command)
    assert done.code == 0, done.err
    shown = cli(*done.out.splitlines()[-1].split()[1:])
    assert "my-photos@1 (unpinned)" in shown.out and "image folder photos" not in shown.err

    tasks.write_text((FOLDER % (tmp_path / "photos")).replace("way: 3", "way: 5"))
    too_many = cli(*command)
    assert too_many.code in (1, 2) and "classes" in too_many.err and "Traceback" not in too_many.err
