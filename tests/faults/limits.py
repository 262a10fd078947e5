"""A process that may not have the memory it asks for."""

from __future__ import annotations

import random
import resource

from tests.faults.trial import Row, Tally, Trial

_MIB = 1 << 20


def memory(trial: Trial, times: int, draw: random.Random) -> Row:
    """The address space of the command and of all that it starts, from hardly enough for Python on."""
    tally, failed = Tally(), 0
    for number in range(times):
        size = int(draw.uniform(100, 4000)) * _MIB

        def limit(size: int = size) -> None:
            resource.setrlimit(resource.RLIMIT_AS, (size, size))

        runs = f"memory{number}"
        done = trial.type(*trial.words(runs), preexec_fn=limit)
        assert done.code in (0, 1), (size // _MIB, done.code, done.said)
        assert done.code == 0 or len(done.said.splitlines()) < 25, done.said
        failed += done.code
        tally.seen.append(f"{size // _MIB} MiB: {done.said[-300:]}")
        trial.again(tally, runs)
    how = f"RLIMIT_AS of 100 to 4,000 MiB ({failed} of {times} did not fit), the same command without"
    return tally.row("memory runs out", how, "exit 1 and a sentence")
