"""What a submitter may write at all: names, printable text, finite numbers, keys once, no references."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.submissions.consistent import verify_consistent

from .conftest import Cheat


def _schema(folder: Path, *parts: str) -> None:
    (finding,) = verify_consistent(folder).of("mismatch")
    assert finding.check == "schema" and all(part in finding.text for part in parts), finding.text
    assert finding.text.isprintable() or "\n" in finding.text


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"seed": 0', '"seed": 1' + "0" * 30, "beyond 64 bits"),
        ('"seed": 0', '"seed": ' + "9" * 5_000, "beyond 64 bits"),
        ('"seed": 0', '"seed": 0, "seed": 1', "seed is there twice"),
        ('"command": "', '"command": "\\u001b]0;owned\\u0007', "can't be printed"),
        ('"command": "', '"command": "\\u202e', "can't be printed"),
        ('"command": "', '"command": "\\ud800', "can't be printed"),
        ('"command": "', '"command": "line\\nline ', "can't be printed"),
        ('"command": "', '"command": "' + "x" * 3_000, "characters; 2,000 is the most"),
        ('"name": "protonet"', '"name": "../../protonet"', "the learner is called '../../protonet'"),
        ('"name": "protonet"', f'"name": "{"p" * 200}"', "a name is letters"),
        ('"eval_s": ', '"eval_s": 1e999, "nothing": ', "beyond what a float can hold"),
        ('"eval_s": ', '"eval_s": NaN, "nothing": ', "NaN is not a JSON number"),
    ],
)
def test_record(cheat: Cheat, old: str, new: str, named: str) -> None:
    file = cheat.folder / "record.json"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    _schema(cheat.folder, named)


def test_bundle(cheat: Cheat) -> None:
    file = cheat.folder / "bundle.json"
    before = file.read_text()
    for old, new, named in (
        ('"bytes": ', '"bytes": Infinity, "nothing": ', "not a JSON number"),
        ('"key": "', '"key": "0", "key": "', "key is there twice"),
        ('"bench_version": "', '"bench_version": "\\u001b[31m', "can't be printed"),
    ):
        assert old in before
        file.write_text(before.replace(old, new, 1))
        _schema(cheat.folder, "bundle.json", named)


@pytest.mark.parametrize("name", ["checklist.yaml", "recipe.yaml"])
@pytest.mark.parametrize(
    ("more", "named"),
    [
        ("extra: &a [1]\nother: *a\n", "by reference"),
        ("x: 1\nx: 2\n", "twice"),
        ("x: .nan\n", "not a finite number"),
        ("x: .inf\n", "not a finite number"),
        (f"x: 1{'0' * 40}\n", "beyond 64 bits"),
        ('x: "\\e[31m"\n', "can't be printed"),
        (f"x: {'y' * 5_000}\n", "characters"),
        (f"x: {'[' * 60}{']' * 60}\n", "nested too deep"),
    ],
)
def test_yaml(cheat: Cheat, name: str, more: str, named: str) -> None:
    file = cheat.folder / name
    file.write_text(file.read_text() + more)
    _schema(cheat.folder, name, named)


def test_files_too_long_to_be_read(cheat: Cheat) -> None:
    for name in ("record.json", "bundle.json", "checklist.yaml", "recipe.yaml"):
        file = cheat.folder / name
        before = file.read_bytes()
        file.write_bytes(before + b" " * (2 << 20))
        _schema(cheat.folder, name, "is the most that is read")
        file.write_bytes(before)


def test_notes_may_have_lines_and_any_language(cheat: Cheat) -> None:
    file = cheat.folder / "checklist.yaml"
    file.write_text(file.read_text().replace("notes: ''", 'notes: "Größe 学习 ± é\\nsecond line"'))
    assert "second line" in file.read_text()
    cheat.fix_bundle()
    verify_consistent(cheat.folder, submitted=True).demand()
    json.loads((cheat.folder / "bundle.json").read_bytes())
