"""A real sweep on a Ray cluster to which everything happens, against the same sweep on one machine.

bench sweep FILE --runs CALM
python -m tests.faults.real_sweep FILE CALM DISTURBED

The head goes down in the middle of it; the command is repeated on a new cluster of two nodes, on which a worker is
killed, then a node, and a third node joins late. Prints how many cells differ from CALM in any episode or weight.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.sweeps import scores
from tests.sweeps.ray_nodes import RayNodes, ray_nodes

_HEAD_DIES_S, _WORKER_DIES_S, _NODE_DIES_S, _NODE_JOINS_S = 60.0, 30.0, 90.0, 150.0  # after a cluster's start


def main(file: str, calm: str, disturbed: str) -> int:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        with ray_nodes(Path(place)) as nodes:
            nodes.start(), nodes.start()
            sweep = _sweep(nodes, file, disturbed)
            time.sleep(_HEAD_DIES_S)
            nodes.kill(nodes.nodes[0])
            _say("head killed", _ended(sweep))
        with ray_nodes(Path(place)) as nodes:
            nodes.start(), nodes.start()
            sweep = _sweep(nodes, file, disturbed)
            time.sleep(_WORKER_DIES_S)
            _say("worker killed", nodes.kill_worker())
            time.sleep(_NODE_DIES_S - _WORKER_DIES_S)
            nodes.kill(nodes.nodes[1])
            _say("node killed")
            time.sleep(_NODE_JOINS_S - _NODE_DIES_S)
            nodes.start()
            _say("node joined")
            _say("sweep ended", _ended(sweep))
    expected, found = scores(Path(calm)), scores(Path(disturbed))
    differ = [key for key, value in expected.items() if found.get(key) != value]
    _say(f"{len(expected)} cells, {len(differ)} differ or are missing, {time.monotonic() - began:.0f} s", *differ)
    return int(bool(differ) or expected.keys() != found.keys())


def _sweep(nodes: RayNodes, file: str, runs: str) -> subprocess.Popen[str]:
    words = ["sweep", file, "--runs", runs, "--engine", "ray", "--address", nodes.address]
    environment = os.environ | nodes.environment
    return subprocess.Popen([sys.executable, "-m", "bench", *words], env=environment, stderr=subprocess.PIPE, text=True)


def _ended(sweep: subprocess.Popen[str]) -> str:
    said = sweep.communicate()[1]
    return f"exit {sweep.returncode}: {said.strip().splitlines()[-1] if said.strip() else ''}"


def _say(*what: object) -> None:
    sys.stdout.write(time.strftime("%H:%M:%S ") + " ".join(map(str, what)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
