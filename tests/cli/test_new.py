"""`bench new`: what it writes works as it is, and what it prints works as printed."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli.templates import STARTS
from tests.conftest import Cli


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bench_data: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_DATA", str(bench_data))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return tmp_path


@pytest.mark.parametrize("family", STARTS)
def test_its_recipe_is_found_and_its_form_is_what_it_says(desk: Path, cli: Cli, family: str) -> None:
    made = cli("new", "HalfWay", "--family", family, "--dir", "mine")
    assert made.code == 0 and made.out.splitlines() == [
        "mine/half_way.py",
        "mine/recipes/halfway.yaml",
        "mine/test_half_way.py",
        "python -m pytest mine/test_half_way.py",
        f"bench run --algo mine/half_way.py:HalfWay --suite {STARTS[family].suite} --budget short",
    ]
    listed = cli("info", "mine/half_way.py:HalfWay", "--json")
    assert f'"family": "{family}"' in listed.out and '"fast"' in listed.out


def test_nothing_is_overwritten(desk: Path, cli: Cli) -> None:
    cli("new", "HalfWay")
    Path("half_way.py").unlink()
    again = cli("new", "HalfWay")
    assert again.code == 2 and "recipes/halfway.yaml exists already" in again.err and not Path("half_way.py").exists()


def test_the_run_works_as_printed(desk: Path, cli: Cli) -> None:
    command = cli("new", "HalfWay").out.splitlines()[-1]
    done = cli(*shlex.split(command)[1:-1], "smoke", "--episodes", "10")
    assert done.code == 0 and "halfway" in done.out and "defaults" not in done.err


@pytest.mark.slow
@pytest.mark.parametrize("family", STARTS)
def test_both_lines_work_as_printed(desk: Path, cli: Cli, family: str) -> None:
    *_, test, run = cli("new", "HalfWay", "--family", family).out.splitlines()
    tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for line in (test, run):
        done = subprocess.run(["bash", "-c", line], env=os.environ | {"PATH": tools}, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
