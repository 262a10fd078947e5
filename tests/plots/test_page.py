"""docs/pictures.md: every picture has the command that made it, from records that are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from bench.records import find_run
from tests.cli.test_documents import commands_in

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "pictures.md").read_text(encoding="utf-8")
COMMANDS = [shlex.split(command) for command in commands_in(PAGE, fenced=True)]


ELSEWHERE = ("site-", "try-")  # of docs/site.md and docs/try.md


def test_every_picture_is_shown_made_and_light() -> None:
    files = (REPOSITORY / "docs" / "pictures").iterdir()
    there = {path.relative_to(REPOSITORY).as_posix() for path in files if not path.name.startswith(ELSEWHERE)}
    made = [command[command.index("--out") + 1] for command in COMMANDS]
    shown = [f"docs/{name}" for name in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PAGE)]
    assert made == shown and set(made) == there
    assert all((REPOSITORY / name).stat().st_size < 150_000 for name in there)


def test_the_records_are_there() -> None:
    runs = [word for command in COMMANDS for word in command if re.fullmatch(r"[0-9a-f]{8}", word)]
    assert len(runs) >= len(COMMANDS)
    assert all(find_run(run, [REPOSITORY / "leaderboards" / "results"])[1].is_dir() for run in runs)
