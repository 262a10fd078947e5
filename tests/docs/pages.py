"""What the documents tell a reader to type: their fenced blocks, page by page and in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w.-]+\.(?:yaml|toml|py))\b")


@dataclass(frozen=True)
class Step:
    """One thing to do: a `command` for the shell, a `program` in Python, or the `content` of a `file`."""

    command: str = ""
    program: str = ""
    file: str = ""
    content: str = ""

    @property
    def name(self) -> str:
        """A command as it is printed; a program by its first lines' last one that is no import."""
        return self.command or self.file or title(self.program)


def steps_of(text: str) -> list[Step]:
    """The steps of a page: lines of its sh blocks without their comments, its python blocks, files that it shows."""
    steps: list[Step] = []
    for language, block in _BLOCK.findall(text):
        if language == "sh":
            lines = re.sub(r"\\\n\s*", "", block).splitlines()
            steps += [Step(command=said) for line in lines if (said := re.sub(r"(^|\s)#.*", "", line).strip())]
        elif language == "python":
            steps.append(Step(program=block))
        elif named := _FILE.match(block):
            steps.append(Step(file=named[1], content=block))
    return steps


def title(program: str) -> str:
    """Its first line that does something: imports look the same everywhere."""
    lines = [line for line in program.splitlines() if line and not line.startswith(("import ", "from "))]
    return lines[0] if lines else program.strip()


def said_on(page: Path) -> list[Step]:
    return steps_of(page.read_text(encoding="utf-8"))
