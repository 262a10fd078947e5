"""What every test sees: one thread, a plain terminal of 100 columns, generated images made once."""

from __future__ import annotations

import os
import tempfile

os.environ |= {"OMP_NUM_THREADS": "1", "COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"}
os.environ |= {"_TYPER_FORCE_DISABLE_TERMINAL": "1"}  # CI services make Typer believe in a terminal
for _name in ("FORCE_COLOR", "TERMINAL_WIDTH", "BENCH_DATA"):
    os.environ.pop(_name, None)

# What commands remember goes to a place of this session: nobody's own memory is read or written.
_MEMORY = tempfile.TemporaryDirectory(prefix="bench-cache-")
os.environ["BENCH_CACHE"] = _MEMORY.name

from collections.abc import Callable  # noqa: E402  # the environment has to be set before anything reads it
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402

import pytest  # noqa: E402


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str


Cli = Callable[..., Finished]


@pytest.fixture(scope="session")
def bench_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that holds the glyphs and nothing else; tests must not write to it."""
    from bench.data import fetch

    folder = tmp_path_factory.mktemp("bench-data")
    fetch("glyphs", folder)
    return folder


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Type a command: `cli("list", "suites")`, in this process, through the very entry point of `bench`."""
    from bench.cli.app import main

    def run(*arguments: object) -> Finished:
        monkeypatch.setattr("sys.argv", ["bench", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        code = left.value.code
        assert code is None or isinstance(code, int)
        return Finished(code or 0, *capsys.readouterr())

    return run
