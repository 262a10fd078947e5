"""`bench try`, `bench predict` and `bench export` as they are typed."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from bench.own.predictor import NONE
from tests.conftest import Cli


def test_try_recommends_promises_and_draws(cli: Cli, known: Path, tmp_path: Path) -> None:
    done = cli("try", known, "--features", "pixels", "--picture", tmp_path / "confusion.png")
    assert done.code == 0, done.err
    assert "3 classes of 7 images, 21 in all" in done.out
    assert "recommended: pixels/ridge" in done.out
    assert "95 % interval" in done.out
    assert "No ImageNet weights took part" in done.out
    assert max(map(len, done.out.splitlines())) <= 100
    with Image.open(tmp_path / "confusion.png") as picture:
        assert picture.width > 500


def test_try_as_json(cli: Cli, known: Path) -> None:
    told = json.loads(cli("try", known, "--features", "pixels", "--json").out)
    assert told["classes"] == {"leaf": 7, "rust": 7, "sky": 7}
    assert told["expected"]["low"] < told["expected"]["mean"] <= told["expected"]["high"] <= 1
    assert len(told["held_out"]) == 1 + 6, "labels a class, and six heads"
    again = json.loads(cli("try", known, "--features", "pixels", "--json").out)
    assert told == again, "from kept features"


def test_predict_labels_new_images(cli: Cli, known: Path, new: Path, tmp_path: Path) -> None:
    out, sheet = tmp_path / "answers.csv", tmp_path / "sheet.png"
    done = cli("predict", known, new, "--learner", "pixels/ridge", "--csv", out, "--sheet", sheet)
    assert done.code == 0, done.err
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert len(rows) == 7
    for row in rows[:-1]:
        assert row["nearest"] == Path(row["image"]).parent.name
    assert rows[-1]["label"] == NONE
    with Image.open(sheet) as picture:
        assert picture.width > 500
    told = json.loads(cli("predict", known, new / "sky", "--learner", "pixels/ridge", "--json").out)
    assert [image["nearest"] for image in told["images"]] == ["sky", "sky"]


@pytest.mark.parametrize("head", ["ridge", "nearest"])
def test_an_exported_folder_answers_without_bench(cli: Cli, known: Path, new: Path, tmp_path: Path, head: str) -> None:
    assert cli("export", known, tmp_path / "out", "--learner", f"pixels/{head}").code == 0
    told = json.loads(cli("predict", known, new, "--learner", f"pixels/{head}", "--json").out)
    script = (
        "import sys; sys.modules['bench'] = None; sys.argv = sys.argv[1:]\n"
        "import runpy; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "out" / "predict.py"), str(new)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [line[1] for line in lines] == [image["label"] for image in told["images"]]
    for line, image in zip(lines, told["images"], strict=True):
        assert abs(float(line[2]) - image["probability"]) < 0.006
    assert cli("export", known, tmp_path / "out").code == 2, "a folder that holds something is left alone"


def test_mistakes_take_one_screen(cli: Cli, known: Path, tmp_path: Path) -> None:
    for arguments, words in (
        (("try", tmp_path / "nothing"), "There is no folder"),
        (("try", known, "--features", "timm:no_such_model"), "timm: "),
        (("predict", known, tmp_path / "nothing.png", "--learner", "pixels"), "There is no"),
        (("predict", known, known, "--sheet", "sheet.gif"), "must end in .png"),
    ):
        done = cli(*arguments)
        assert done.code in (1, 2)
        assert words in done.err
        assert len(done.err.splitlines()) < 20
