"""Build the wheel, install it for every Python that this machine has, and use it: `python -m tests.wheel [3.12 ...]`.

Each Python gets an environment of its own in a temporary folder, the dependencies from the package index (minutes), and
the commands of a person who has no clone. Exit code 1 if one of them failed; a Python that is absent is left out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13")
BOARD = "leaderboard --published --suite omniglot-5w1s --format csv"
COMMANDS = (
    "--version",
    "doctor",
    "list",
    "run --algo nearest_centroid,chance --suite glyphs-5w1s --budget smoke",
    "leaderboard",
    "leaderboard --published",
    "show a2ab --published",
    "compare protonet relnet --suite omniglot-5w1s --published",
    "leaderboard --published --suite omniglot-5w1s,sinusoid-10s --format html --write site",
    "cite relnet omniglot-5w1s",
    "new MyLearner",
    "check my_learner.py:MyLearner --quick",
    "run --algo my_learner.py:MyLearner --suite sinusoid-10s --budget smoke",
)


class Failed(Exception):
    """A step that did not do what a person expects of it."""


def interpreter(version: str) -> str | None:
    """A Python of this version: on the PATH, or the newest one that pyenv has installed."""
    installed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = sorted(installed.glob(f"{version}.*/bin/python"), key=lambda path: int(path.parents[1].name.split(".")[2]))
    return str(found[-1]) if found else shutil.which(f"python{version}")


def build(folder: Path) -> Path:
    run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(REPOSITORY)])
    (wheel,) = folder.glob("*.whl")
    return wheel


def use(python: str, wheel: Path, folder: Path) -> None:
    """Install the wheel into a fresh environment and type the commands in an empty directory. Raises Failed."""
    run([python, "-m", "venv", str(folder / "venv")])
    run([str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet", str(wheel)])
    bench, place = str(folder / "venv" / "bin" / "bench"), folder / "place"
    place.mkdir()
    for command in COMMANDS:
        run([bench, *command.split()], place)
    here = run([sys.executable, "-m", "bench", *BOARD.split()], REPOSITORY)
    if run([bench, *BOARD.split()], place) != here:
        raise Failed(f"bench {BOARD}: the wheel prints another board than the checkout")


def run(command: list[str], place: Path = REPOSITORY) -> str:
    """What a command prints; nothing of this process's environment tells it where the checkout is."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "BENCH_"))}
    clean |= {"BENCH_DATA": str(place / "data"), "BENCH_CACHE": str(place / "cache")} if place != REPOSITORY else {}
    done = subprocess.run(command, cwd=place, env=clean, capture_output=True, text=True)
    if done.returncode != 0 or "Traceback" in done.stderr or "Warning" in done.stderr:
        raise Failed(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def main(versions: list[str]) -> int:
    failed = 0
    with tempfile.TemporaryDirectory(prefix="bench-wheel-") as place:
        wheel = build(Path(place))
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB", flush=True)
        for version in versions or PYTHONS:
            python = interpreter(version)
            if python is None:
                print(f"{version}: left out, this machine has no such Python", flush=True)
                continue
            folder, began = Path(place) / version, time.monotonic()
            folder.mkdir()
            try:
                use(python, wheel, folder)
                said = "fine"
            except Failed as failure:
                failed, said = 1, str(failure)
            print(f"{version}: {said} ({time.monotonic() - began:.0f} s)", flush=True)
            shutil.rmtree(folder)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
