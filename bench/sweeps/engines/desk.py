"""A worker that is told cell by cell what to do, for engines that decide themselves what runs where.

It is a process of its own, `bench work SWEEP --desk`: keys come in by its standard input, a line each, and a line goes
out when that cell needs no more of it. So an engine's own process never loads torch or a learner, and the next cell
finds the server warm that cells are forked from.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from bench.sweeps.engines.local import one_thread
from bench.sweeps.work import Share, Worker

OVER = "over"


class Desk:
    """The other end, in the engine's process. One at a time is kept open for a sweep."""

    def __init__(self, folder: str, data_dir: str, environment: dict[str, str]) -> None:
        self.serves = (folder, data_dir, environment)
        command = [sys.executable, "-m", "bench", "work", folder, "--desk", "--driver", str(os.getpid())]
        command += ["--data-dir", data_dir] if data_dir else []
        log = Path(folder) / "logs" / f"desk-{socket.gethostname()}-{os.getpid()}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=os.environ | environment,
                text=True,
                start_new_session=True,
            )

    def carry_out(self, key: str) -> bool:
        """Have a cell carried out; False where the desk is gone."""
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(key + "\n")
            self._process.stdin.flush()
            return self._process.stdout.readline().strip() == OVER
        except OSError:
            return False


_desk: Desk | None = None  # of this process, where it is an engine's


def carry_out(folder: str, key: str, data_dir: str, gpu: bool) -> None:
    """Have a cell carried out by this process's desk: what an engine's task does. Strings in, nothing out.

    Raises RuntimeError where the desk was lost meanwhile; the engine then hands the cell out again.
    """
    global _desk
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "") if gpu else ""
    environment = one_thread() | {"CUDA_VISIBLE_DEVICES": visible}
    if _desk is None or _desk.serves != (folder, data_dir, environment):
        _desk = Desk(folder, data_dir, environment)
    if not _desk.carry_out(key):
        _desk = None
        raise RuntimeError("the worker was lost")


def serve(worker: Worker) -> None:
    """Carry out the cells whose keys come in, waiting where somebody else is at one, until there are no more."""
    for line in sys.stdin:
        worker.work(Share(keys=frozenset([line.strip()])))
        print(OVER, flush=True)  # noqa: T201  # to the engine
