"""What people read, letter by letter, at 100 columns. BENCH_UPDATE_GOLDEN=1 writes the files anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.conftest import Cli

GOLDEN = Path(__file__).with_name("golden")
PAGES = {
    "help": ("--help",),
    "run-help": ("run", "--help"),
    "list-suites": ("list", "suites"),
    "list-algos": ("list", "algos"),
    "info-protonet": ("info", "protonet"),
    "info-sinusoid-10s": ("info", "sinusoid-10s"),
    "unknown-algo": ("run", "--algo", "relnt", "--suite", "glyphs-5w1s"),
    "unknown-option": ("run", "--algo", "relnet", "--suite", "glyphs-5w1s", "--set", "filter=3"),
    "missing-data": ("run", "--algo", "relnet", "--suite", "omniglot-5w1s", "--data-dir", "nowhere"),
    "dry-run": ("run", "--algo", "protonet,chance", "--suite", "glyphs-5w1s", "--seeds", "0-1", "--dry-run"),
}


@pytest.mark.parametrize("name", PAGES)
def test_pages_read_as_before(name: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli(*PAGES[name])
    text = "\n".join(line.rstrip() for line in f"exit {done.code}\n{done.out}{done.err}".splitlines()) + "\n"
    text = re.sub(r"(source sha256 +│ )[0-9a-f]{64}", r"\1" + "<sha256>".ljust(64), text)
    assert max(map(len, text.splitlines())) <= 100
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("BENCH_UPDATE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(PAGES)
