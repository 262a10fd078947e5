"""Mean scores of a few tiny runs, which belong to one `bench.identity.PROTOCOL`.

python -m tests.runs.golden_scores    # write golden_scores.json anew, after PROTOCOL was raised
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

FILE = Path(__file__).with_suffix(".json")
RUNS = [
    ("protonet", "glyphs-5w1s"),
    ("maml", "glyphs-5w1s"),
    ("maml", "sinusoid-5s"),
    ("cnp", "gp1d-rbf"),
    ("rl2", "bandit-n10k5"),
    ("gittins", "bandit-n10k5"),
]


def score(algo: str, suite: str, runs: Path) -> float:
    """Mean of the ranked metric over 60 episodes after 20 steps."""
    from bench.runs.job import Settings
    from tests.inprocess import resolve_here, run_here

    (job,) = resolve_here(algo, suite, [0], Settings(budget="smoke", device="cpu", episodes=60, runs=runs))
    record = run_here(job, Console(quiet=True)).record
    assert record is not None and record.status == "ok", record and record.reason
    return record.metrics[0].mean


def stored() -> dict[str, Any]:
    """protocol : the number that they belong to; scores : by "algo on suite"."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def main() -> None:
    from bench.data import fetch
    from bench.identity import PROTOCOL

    with tempfile.TemporaryDirectory() as folder:
        os.environ["BENCH_DATA"] = str(Path(folder) / "data")
        fetch("glyphs", Path(folder) / "data")
        scores = {f"{algo} on {suite}": score(algo, suite, Path(folder) / "runs") for algo, suite in RUNS}
    FILE.write_text(json.dumps({"protocol": PROTOCOL, "scores": scores}, indent=1) + "\n")


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    main()
