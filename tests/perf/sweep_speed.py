"""What a sweep costs beside its cells, and what two one-thread workers bring over one run of two threads.

python -m tests.perf.sweep_speed overhead
python -m tests.perf.sweep_speed threads [LEARNER ...]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.sweeps import follow

_TRIVIAL = ["-a", "chance,random_policy,ridge,greedy,thompson", "-s", "sinusoid-*,bandit-n10k*", "--budget", "smoke"]
_PAIRS = {  # learner and suite, by what bounds them
    "protonet": "glyphs-5w1s",
    "relnet": "glyphs-5w1s",
    "maml": "sinusoid-10s",
    "cnp": "gp1d-rbf",
    "convcnp": "gp1d-rbf",
    "rl2": "bandit-n10k5",
}
_BUDGET = ["--budget", "short", "--episodes", "200"]


def bench(*words: str, threads: int = 1) -> float:
    """Wall-clock seconds of a command."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "bench", *words], env=environment, capture_output=True, check=True)
    return time.perf_counter() - began


def overhead(folder: Path) -> None:
    """Seconds of a worker for each cell beyond those between the cell's claim and its record."""
    words = ["sweep", *_TRIVIAL, "--name", "s", "--runs", str(folder)]
    bench(*words, "--dry-run")  # resolves, which is asked once a learner and suite
    wall = bench(*words)
    events = list(follow(folder / ".sweeps" / "s"))
    inside = [event.values["seconds"] for event in events if event.event == "ended"]
    workers = len({event.worker for event in events if event.event == "started"})
    again = bench(*words)
    _say(
        cells=len(inside), workers=workers, wall_s=wall, mean_cell_s=sum(inside) / len(inside),
        overhead_s_a_cell=(wall * workers - sum(inside)) / len(inside), all_finished_s=again,
    )  # fmt: skip


def threads(folder: Path) -> None:
    """Two cells one after the other with two threads, against two workers of one thread."""
    for algo, suite in ((a, s) for a, s in _PAIRS.items() if a in sys.argv[2:] or not sys.argv[2:]):
        what = ["-a", algo, "-s", suite, "--seeds", "0-1", *_BUDGET]
        one = bench("run", *what, "--runs", str(folder / f"{algo}-2"), threads=2)
        two = bench("sweep", *what, "--workers", "2", "--name", "s", "--runs", str(folder / f"{algo}-1"))
        _say(algo=algo, suite=suite, two_threads_s=one, two_workers_s=two, ratio=one / two)


def _say(**values: object) -> None:
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in values.items()}
    sys.stdout.write(json.dumps(rounded) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        {"overhead": overhead, "threads": threads}[sys.argv[1]](Path(place))
