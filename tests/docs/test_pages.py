"""Every command and program of the documents is carried out, or stands in the table with the reason why not.

The default tests type what only reads; `python -m pytest -m slow tests/docs` types whole pages, trainings included.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.conftest import Cli
from tests.docs.pages import PAGES, REPOSITORY, Step, said_on, steps_of
from tests.docs.table import INSTEAD, LATER, UNTYPED, WIDE

STEPS = {page.relative_to(REPOSITORY).as_posix(): said_on(page) for page in PAGES}
WIDTHS = (80, 100)
LONGEST = 160  # letters of a line, a table's too
_BOX = re.compile(r"[─━│┃]")
_FORM = re.compile(r"\b[A-Z]{2,}\b|\.\.\.|[\[\]|<>]|->")  # KEY, RUN...: a form, not a command


def by_default(step: Step) -> bool:
    return step.name not in LATER.keys() | INSTEAD.keys() | UNTYPED.keys()


READ = [page for page, steps in STEPS.items() if any(by_default(step) and not step.file for step in steps)]
TYPED = [page for page, steps in STEPS.items() if any(step.name in LATER.keys() | INSTEAD.keys() for step in steps)]


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bench_data: Path) -> Path:
    """A working directory like a fresh clone; pages and pictures are copies, because commands write them."""
    folder = tmp_path / "clone"
    shutil.copytree(REPOSITORY / "docs", folder / "docs")
    shutil.copytree(REPOSITORY / "leaderboards", folder / "leaderboards", ignore=shutil.ignore_patterns("results"))
    (folder / "leaderboards" / "results").symlink_to(REPOSITORY / "leaderboards" / "results")
    shutil.copytree(bench_data, tmp_path / "data")
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", READ)
def test_what_a_page_reads_works_as_printed(
    page: str, width: int, clone: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for step in filter(by_default, STEPS[page]):
        if step.file:
            (clone / step.file).write_text(step.content)
        elif step.program:
            exec(compile(step.program, page, "exec"), {"__name__": "__main__"})
        else:
            words = shlex.split(step.command)
            assert words[0] == "bench", f"{step.command!r}: type it, or say in tests/docs/table.py why not"
            ended = cli(*words[1:])
            look(step.command, ended.code, ended.out, ended.err, width)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", TYPED)
def test_a_whole_page_works_from_its_first_line_to_its_last(page: str, width: int, clone: Path) -> None:
    tools = [str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = os.environ | {"COLUMNS": str(width), "PATH": os.pathsep.join(tools), "PYTHONPATH": str(REPOSITORY)}
    for step in STEPS[page]:
        if step.file:
            (clone / step.file).write_text(step.content)
        elif step.name not in UNTYPED:
            command = INSTEAD[step.command][0] if step.command in INSTEAD else step.command
            words = ["bash", "-c", command] if command else [sys.executable, "-c", step.program]
            ended = subprocess.run(words, env=environment, capture_output=True, text=True)
            look(command or step.name, ended.returncode, ended.stdout, ended.stderr, width)


def look(command: str, code: int, out: str, err: str, width: int) -> None:
    """As a reader does: it ended well, without a traceback, and its tables are no wider than the terminal."""
    assert code == 0, f"{command}\n{out}{err}"
    assert "Traceback" not in err
    assert not [line for line in out.splitlines() if _BOX.search(line) and cell_len(line) > width], command


def test_the_table_speaks_of_what_is_printed() -> None:
    printed = {step.name for steps in STEPS.values() for step in steps}
    assert [name for name in (*LATER, *INSTEAD, *UNTYPED) if name not in printed] == []
    assert len(LATER.keys() | INSTEAD.keys() | UNTYPED.keys()) == len(LATER) + len(INSTEAD) + len(UNTYPED)


@pytest.mark.parametrize("page", STEPS)
def test_no_command_hides_outside_a_block_that_is_typed(page: str) -> None:
    text = re.sub(r"^```sh\n.*?^```$", "", (REPOSITORY / page).read_text(encoding="utf-8"), flags=re.M | re.S)
    commands = re.findall(r"^(?:    )?(?:\$ )?(bench (?:[a-z]+) .*)$", text, re.MULTILINE)
    assert [command for command in commands if not _FORM.search(command.partition("#")[0])] == []


@pytest.mark.parametrize("page", STEPS)
def test_lines_can_be_read(page: str) -> None:
    lines = (REPOSITORY / page).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > LONGEST and not line.startswith(tuple(WIDE))] == []


def test_blocks_become_steps() -> None:
    text = "```sh\nbench list  # all\n# only this\nbench run \\\n  --suite s\n```\n```yaml\n# a.yaml: it\nx: 1\n```\n"
    assert steps_of(text) == [
        Step(command="bench list"),
        Step(command="bench run --suite s"),
        Step(file="a.yaml", content="# a.yaml: it\nx: 1\n"),
    ]
    (program,) = steps_of("```python\nimport bench\n\nx = 1\n```")
    assert program.name == "x = 1"
