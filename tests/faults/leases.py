"""Who holds a run, when its holder is dead, silent, or lives by another clock."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from bench.records import lease as leases
from bench.records.lease import SILENT_S, Owner, is_free
from tests.faults.trial import Row, Tally, Trial
from tests.records.holder import holder


def signed(file: Path, age: float) -> None:
    """The lease of another host whose owner touched it `age` seconds ago."""
    file.write_text(json.dumps(asdict(Owner("elsewhere", 4711, "2026-01-01T00:00:00+00:00"))))
    os.utime(file, (time.time() - age,) * 2)


def holder_gone(trial: Trial, times: int, draw: random.Random) -> Row:
    """The process that holds a lease is killed; while it lives, nobody gets it."""
    tally, file = Tally(), trial.folder / ".lease-held"
    for _ in range(times):
        with holder(file) as process:
            for _ in range(3):
                time.sleep(draw.uniform(0, 0.05))
                tally.changed += is_free(file)
            process.send_signal(signal.SIGKILL)
            process.wait()
            tally.lost += not is_free(file)
        tally.times += 1
    how = "SIGKILL of the holder; asked three times before, once after"
    return tally.row("the holder of a lease dies", how, "nothing: the next one gets the run at once")


def host_silent(trial: Trial, times: int, draw: random.Random) -> Row:
    """Where locks don't reach other machines: a heartbeat of another host, more or less old."""
    tally, file = Tally(), trial.folder / ".lease-far"
    for _ in range(times):
        age = draw.choice([draw.uniform(0, SILENT_S - 5), draw.uniform(SILENT_S + 5, 10 * SILENT_S)])
        signed(file, age)
        free = is_free(file)
        tally.changed += free and age < SILENT_S
        tally.lost += not free and age > SILENT_S
        tally.times += 1
    how = "a lease of another host, its heartbeat 0 to 600 s old"
    return tally.row(
        "another host is silent", how, "“process 4711 on elsewhere works on it; --wait waits for it”, for a minute"
    )


def clock_back(trial: Trial, times: int, draw: random.Random) -> Row:
    """A heartbeat from the future, and a host whose own clock jumps."""
    tally, file = Tally(), trial.folder / ".lease-future"
    for number in range(times):
        jump = draw.uniform(120, 1e7)
        with pytest.MonkeyPatch.context() as patch:
            if number % 2:  # our clock jumps forwards: a living owner must not seem silent
                patch.setattr(leases.time, "time", lambda jump=jump: time.monotonic() + 1e9 + jump)
                signed(file, 5)
                os.utime(file)
                tally.changed += is_free(file)
            else:  # the clock of the disk was set back: the dead must not hold it until then
                signed(file, -jump)
                tally.changed += is_free(file)
                os.utime(file, (file.stat().st_atime, file.stat().st_mtime - SILENT_S - 1))  # a minute later
                tally.lost += not is_free(file)
        tally.times += 1
    how = "a heartbeat up to 115 days in the future; or the host's clock ahead by as much"
    return tally.row("clocks jump", how, "the same: a living owner keeps its run, a dead one's is free after a minute")
