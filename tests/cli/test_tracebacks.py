"""Where a learner's own code failed: its author's frames in every command that asks it, all of them on request."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.errors import authors_frames, traceback_of
from tests.conftest import Cli

BROKEN = """
import torch
from torch import nn
import bench


def scaled(z):
    return z * [][0]


class Broken(bench.EmbeddingLearner):
    family = "metric"

    def __init__(self, task, options):
        super().__init__(task, options)
        self.net = nn.Linear(784, 4)

    def embed(self, images):
        return self.net(images.flatten(1))

    def classify(self, support_z, support_y, query_z):
        return -torch.cdist(query_z, scaled(support_z))
"""
TUNE = "algo: broken.py:Broken\nsuite: glyphs-5w1s\nbudget: smoke\ntrain: {lr: [1.0e-3]}\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bench_data: Path) -> Path:
    (tmp_path / "broken.py").write_text(BROKEN)
    (tmp_path / "tune.yaml").write_text(TUNE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_DATA", str(bench_data))
    return tmp_path


def test_frames_of_bench_of_python_and_of_packages_are_left_out() -> None:
    import json

    from bench.ranges import parse_seeds

    def of(source: str) -> str:
        try:
            exec(compile(source, "/home/ada/mine.py", "exec"), {"json": json, "parse_seeds": parse_seeds})
        except Exception as error:
            return traceback_of(error)
        raise AssertionError("nothing was raised")

    inside = of("def loads(text):\n    return json.loads(text)\n\n\nloads('{')\n")
    assert "json/decoder.py" in inside
    assert [line for line in authors_frames(inside).splitlines() if line.startswith('  File "/home/ada/')] == [
        '  File "/home/ada/mine.py", line 5, in <module>',
        '  File "/home/ada/mine.py", line 2, in loads',
    ]
    assert "json/" not in authors_frames(inside) and "bench/ranges.py" not in authors_frames(of("parse_seeds('x')"))
    assert authors_frames(None) == authors_frames("ValueError: no frame at all") == ""


def test_check_shows_the_authors_frames_and_all_on_request(desk: Path, cli: Cli) -> None:
    shown = cli("check", "broken.py:Broken", "--quick")
    assert shown.code == 1 and "in scaled" in shown.out and "contract.py" not in shown.out
    whole = cli("check", "broken.py:Broken", "--quick", "--traceback")
    assert whole.code == 1 and "in scaled" in whole.out and "contract.py" in whole.out


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("run", "-a", "broken.py:Broken", "-s", "glyphs-5w1s", "--budget", "smoke"),
        ("sweep", "-a", "broken.py:Broken", "-s", "glyphs-5w1s", "--budget", "smoke", "--workers", "1"),
        ("tune", "tune.yaml", "--workers", "1"),
    ],
)
def test_so_do_commands_that_train(desk: Path, words: tuple[str, ...]) -> None:
    for asked in ((), ("--traceback",)):
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-m", "bench", *words, "--runs", f"runs{len(asked)}", *asked]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        said = done.stdout + done.stderr
        assert done.returncode in (1, 2) and "in scaled" in said and ("contract.py" in said) == bool(asked), said
