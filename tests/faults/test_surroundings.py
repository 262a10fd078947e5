"""Whatever surrounds it, a command ends with its exit code and on one screen, never with a traceback."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.faults.verbs import DENIED, ROOT, SURROUNDINGS, Ended, type_all
from tests.inprocess import finish_here

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the commands are forked")

RUN = "run -a chance -s sinusoid-10s --budget smoke --device cpu"  # finished before
QUICK = ["show KEY --runs runs", "list suites"]
QUICK_PLACES = ["quiet", "stdout full", "stdout unread", "both closed", "ascii", "no HOME"]
LIGHT = [
    *(
        "--help",
        "--version",
        "list",
        "leaderboard",
        "show KEY",
        "run --help",
        "list suites",
        "list runs --json",
        "info glyphs-5w1s --json",
    ),
    *("show KEY --json", "compare chance other -s sinusoid-10s", f"{RUN} --json", "new Thing --dir made"),
    *(
        "plan --delta 1.1 -s sinusoid-10s chance other",
        "plan --delta 1 -s nothing",
        "leaderboard --write boards",
        "leaderboard --check boards",
    ),
    *("pack RUN --out packed --by me", "verify RUN", "verify packed", "data verify glyphs", "data fetch nothing"),
    *("sweep -a chance -s sinusoid-10s --budget smoke --dry-run", "work nothing", "status nothing", "cancel nothing"),
    *(
        "events nothing",
        "weights list --runs runs",
        "pin sinusoid-10s --tasks nowhere.yaml",
        "merge runs --into joined",
        "compact runs",
    ),
    *("publish nothing", "publish RUN", "publish bandit-n10k5 --write published", "publish bandit-n10k5 --repo me/it"),
    *("cite", "cite chance KEY", "cite nothing", "tune nothing.yaml", f"{RUN} --no-test", f"{RUN} --train steps=x"),
    *("speed", "speed -a nothing -s sinusoid-10s", "speed --compare nothing nowhere"),
    *("data import omniglot nowhere", "data import omniglot .", "nothing", "show nothing"),
]
HEAVY = [
    *("try nothing", "predict nothing nowhere", "export nothing made", "try runs"),
    *("check nearest_centroid --quick", "time KEY", "plot KEY --out a.png", "doctor", "data fetch glyphs"),
    "speed -a chance -s sinusoid-10s --seconds 0.05 --device cpu",
    *(
        "sweep -a chance -s sinusoid-10s --budget smoke",
        f"{RUN} --force",
        "run -a other.py:Other -s sinusoid-10s --budget smoke --force",
        "verify RUN --level spot",
    ),
]
ONCE = "new Thing --dir made"  # a second time it is refused
FOLDERS = ["runs", "data", "lib", "."]
OTHER = "import baselines.chance\n\nclass Other(baselines.chance.Chance):\n    pass\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, bench_data: Path) -> Path:
    """A working directory: a finished run, prepared data, a loose learner."""
    folder = tmp_path_factory.mktemp("surroundings")
    (folder / "lib").mkdir()
    for place in (folder, folder / "lib"):
        (place / "other.py").write_text(OTHER)
    finish_here(["chance"], "sinusoid-10s", folder / "runs", budget="smoke")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, bench_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, where BENCH_DATA points to."""
    folder = tmp_path / "work"
    shutil.copytree(made, folder)
    shutil.copytree(bench_data, folder / "data")
    monkeypatch.setenv("BENCH_DATA", str(folder / "data"))
    return folder


def commands(folder: Path, lines: list[str]) -> list[list[str]]:
    """Typed lines as words; KEY and RUN are those of the finished run."""
    (record,) = folder.glob("runs/*/*/*/record.json")
    named = {"KEY": record.parent.name[:12], "RUN": str(record.parent)}
    return [[named.get(word, word) for word in line.split()] for line in lines]


def looks_well(line: str, ended: Ended) -> list[str]:
    """What is wrong with how a command ended."""
    said = (ended.out + ended.err).decode(errors="replace")
    faults = [word for word in ("Traceback", "Exception ignored") if word in said]
    if ended.code not in (0, 1, 2, 3, 4):
        faults.append(f"exit code {ended.code}")
    if len(ended.err.splitlines()) > 40:
        faults.append(f"{len(ended.err.splitlines())} lines of trouble")
    return [f"{line}: {', '.join(faults)}\n{said[-1500:]}"] if faults else []


def all_well(ended: dict[str, Ended]) -> None:
    """By what was typed, and where."""
    found = [fault for line, end in ended.items() for fault in looks_well(line, end)]
    assert not found, "\n\n".join(found)


LONG = [pytest.mark.slow, pytest.mark.timeout(3600)]  # seven hundred commands, each a process
SIZES = [
    pytest.param(QUICK, id="quick"),
    pytest.param(LIGHT, id="light", marks=LONG),
    pytest.param(HEAVY, id="heavy", marks=LONG),
]


@pytest.mark.parametrize("lines", SIZES)
def test_every_surrounding(folder: Path, lines: list[str]) -> None:
    found = type_all(commands(folder, lines), folder, QUICK_PLACES if lines is QUICK else list(SURROUNDINGS))
    all_well({f"{name}: {line}": end for name, ended in found.items() for line, end in zip(lines, ended, strict=True)})
    if lines is HEAVY:
        return
    again = [i for i, line in enumerate(lines) if line != ONCE]
    for i in again:
        full = found["stdout full"][i]
        assert not found["quiet"][i].out or (b"No space left on device" in full.err and full.code), lines[i]
    assert all(end.out.isascii() for end in found["ascii"])
    codes = {name: [(lines[i], ended[i].code) for i in again] for name, ended in found.items()}
    for name in ("both closed", "ascii", "no HOME"):
        assert codes[name] == codes["quiet"], name
    if lines is QUICK:
        assert b"+-" in found["ascii"][0].out
        return
    for name in ("ascii", "latin-1", "TMPDIR nowhere", "notebook", "stderr closed"):
        for line, quiet, other in zip(lines, found["quiet"], found[name], strict=True):
            assert "--json" not in line or other.out == quiet.out, f"JSON is the same everywhere: {name}, {line}"


@pytest.mark.skipif(ROOT and not DENIED, reason="root reads everything, and there is no setpriv to forgo that")
@pytest.mark.parametrize("lines", SIZES[1:])
@pytest.mark.parametrize("mode", [0o000, 0o500])
@pytest.mark.parametrize("place", FOLDERS)
def test_folders_without_permission(folder: Path, place: str, mode: int, lines: list[str]) -> None:
    if place == "lib":
        lines = [*lines, "info lib/other.py:Other", "run -a lib/other.py:Other -s sinusoid-10s --dry-run"]
    typed, closed = commands(folder, lines), folder / place
    if place == "." and mode == 0:
        pytest.skip("nothing can be typed there")
    closed.chmod(mode)
    try:
        found = type_all(typed, folder, ["quiet"], denied=True)["quiet"]
    finally:
        closed.chmod(0o755)
    all_well(dict(zip(lines, found, strict=True)))


def test_every_verb_is_typed() -> None:
    from typer.main import get_command

    from bench.cli.app import app

    verbs = {line.split()[0] for line in (*QUICK, *LIGHT, *HEAVY)}
    assert set(get_command(app).commands) <= verbs  # type: ignore[attr-defined]
