"""Files that are not what was written: cut short, overwritten, a bit turned."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from bench.records import RunStore
from tests.faults.trial import Row, Tally, Trial, end


def _cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content))]


def _turn(content: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :]


def _blank(content: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(content))
    return content[:at] + bytes(len(content) - at)


DAMAGES: list[Callable[[bytes, random.Random], bytes]] = [_cut, _turn, _blank]


def training_state(trial: Trial, times: int, draw: random.Random) -> Row:
    """The newest state of a training, after a kill."""
    tally = Tally()
    process = trial.start(*trial.words("stopped"), pause=0.2)
    while not (files := list((trial.folder / "stopped").glob("*/*/.training-*/state.safetensors"))):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)
    end(process)
    content, place = files[0].read_bytes(), files[0].relative_to(trial.folder / "stopped")
    for number in range(times):
        runs = trial.folder / f"state{number}"
        shutil.copytree(trial.folder / "stopped", runs)
        damage = DAMAGES[number % len(DAMAGES)]
        (runs / place).write_bytes(damage(content, draw))
        done = trial.again(tally, runs.name)
        tally.seen.append("continued" if "continuing at" in done.said else "anew")
    anew = tally.seen.count("anew")
    how = "state.safetensors cut, zeroed from a place on, or one bit turned; the same command"
    return tally.row("the training state is damaged", how, f"the training starts again ({anew} of {times})")


def stored_run(trial: Trial, times: int, draw: random.Random) -> Row:
    """The files of a finished run."""
    tally, unharmed = Tally(), 0
    trial.quiet  # noqa: B018  # made where it is first asked for
    for number in range(times):
        runs = trial.folder / f"stored{number}"
        shutil.copytree(trial.folder / "undisturbed", runs)
        (stored,) = RunStore(runs).runs()
        file: Path = stored.path / ("record.json", "scores.parquet")[number % 2]
        file.write_bytes(DAMAGES[number // 2 % len(DAMAGES)](file.read_bytes(), draw))
        shown = trial.type("show", str(stored.path))
        longer = trial.type(*trial.words(runs.name, "--episodes", "120"))
        assert shown.code in (0, 1, 3) and longer.code in (0, 1, 3), shown.said + longer.said
        unharmed += longer.code == 0
        if longer.code:
            assert file.name in longer.said, longer.said
        trial.again(tally, runs.name, "--force")
    seen = "exit 1 or 3: the file, the field or the hashes, and “restore the file, or delete the run's directory”"
    how = f"record.json or scores.parquet damaged, a longer request ({unharmed} were not met by it), then `--force`"
    return tally.row("a stored run is damaged", how, seen)
