"""Every `bench ...` line of the documents is a command that exists, with options that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from bench.cli.app import app

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md"), REPOSITORY / "Makefile"])
_PLACEHOLDER = re.compile(r"\.\.\.|[<>\[\]|]")  # a form, not a command


def commands_in(text: str, fenced: bool) -> list[str]:
    """The bench commands of a document's fenced blocks (or of all its lines), without comments."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL) if fenced else [text]
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    found = [re.match(r"\s*(?:\$ )?(?:\$\(BIN\)/)?(bench (?!:).*)", line) for line in lines]
    return [match[1] for match in found if match and not _PLACEHOLDER.search(match[1].partition("#")[0])]


CASES = [
    pytest.param(command, id=f"{path.name}: {command.partition('#')[0].strip()}")
    for path in DOCUMENTS
    for command in commands_in(path.read_text(encoding="utf-8"), path.suffix == ".md")
]
CASES += [
    pytest.param(command, id=f"README.md, in a line: {command}")
    for command in re.findall(r"`(bench [^`]+)`", (REPOSITORY / "README.md").read_text(encoding="utf-8"))
]


def test_the_readme_shows_commands() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert {"run", "show", "leaderboard"} <= {command.split()[1] for command in commands_in(text, fenced=True)}


@pytest.mark.parametrize("command", CASES)
def test_a_documented_command_is_accepted(command: str) -> None:
    typed = re.sub(r"\$\([^)]*\)", "printed", command)  # what another program prints
    parse(shlex.split(typed, comments=True)[1:])


def parse(words: list[str]) -> None:
    """Let the command line parser read a command down to its last subcommand; nothing is carried out."""
    group = get_command(app)
    context = group.make_context("bench", list(words))
    while rest := [*context._protected_args, *context.args]:
        name, command, rest = context.command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
        if not hasattr(command, "commands"):
            return


@pytest.mark.parametrize(
    "wrong", ["run --algo a", "run --algo a --suite s --seed 0", "data get omniglot", "info", "list runs --jsn"]
)
def test_the_check_itself_notices(wrong: str) -> None:
    from typer._click.exceptions import UsageError

    with pytest.raises(UsageError):
        parse(wrong.split())


def test_fenced_blocks_are_found() -> None:
    block = "bench list  # all\n$ bench info a\nmake x\nbench run --algo A \\\n  --suite s\n"
    text = f"`bench no`\n```sh\n{block}```\nbench no"
    assert commands_in(text, fenced=True) == ["bench list  # all", "bench info a", "bench run --algo A    --suite s"]
