"""Write golden files for newly released suites; what is already there is never overwritten.

    python -m tests.tasks.golden.write

`<suite>.npz` holds the first 32 test episodes of a suite of functions, or the first trials of one of exploration;
`released.json` everything about every released suite that can move a score.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from bench.domains.exploration.trials import BanditStream, MDPStream, gumbel_noise
from bench.domains.functions.stream import Functions, GPStream, SinusoidStream
from bench.tasks.registry import find_suite
from bench.tasks.suites import Suite, parse_suites
from tests.streams import frozen_stream

FOLDER = Path(__file__).parent
RELEASED = FOLDER / "released.json"
FUNCTION_SUITES = (
    "sinusoid-10s",
    "gp1d-rbf",
    "gp1d-matern52",
    "gp1d-periodic",
    "gp1d-matern52-id",
    "gp1d-periodic-id",
)
TRIAL_SUITES = ("bandit-n10k10", "mdp-n10")
EPISODES, BATCH, TRIALS = 32, 16, 4


def blocks(name: str) -> list[Functions]:
    """The first 32 test episodes as two blocks of 16."""
    stream = frozen_stream(find_suite(name), "test")
    assert isinstance(stream, SinusoidStream | GPStream)
    return list(stream.blocks(0, EPISODES, BATCH))


def arrays(name: str) -> dict[str, np.ndarray]:
    """What the golden file of a suite holds: "support_y.16" is the support_y of the block that starts at episode 16;
    of trials every array, and the noise of the actions.
    """
    if name in TRIAL_SUITES:
        stream = frozen_stream(find_suite(name), "test")
        assert isinstance(stream, BanditStream | MDPStream)
        trials = {field: value for field, value in vars(stream.block(0, TRIALS)).items() if field != "first"}
        return trials | {"gumbel": gumbel_noise(stream.stream, stream.task, 0, TRIALS)}
    fields = ("support_x", "support_y", "query_x", "query_y")
    return {f"{field}.{block.first}": getattr(block, field) for block in blocks(name) for field in fields}


def released(suite: Suite) -> dict[str, Any]:
    """Everything about a suite that can move a score; its title can't."""
    return suite.model_dump(mode="json", include={"version", "task", "metric", "validation", "pin"})


def main() -> None:
    for name in (*FUNCTION_SUITES, *TRIAL_SUITES):
        if not (FOLDER / f"{name}.npz").exists():
            golden: dict[str, Any] = arrays(name)
            np.savez_compressed(FOLDER / f"{name}.npz", **golden)
    known = json.loads(RELEASED.read_text()) if RELEASED.exists() else {}
    for name, suite in parse_suites(Path(__file__).parents[3] / "tasks.yaml").items():
        known.setdefault(f"{name}@{suite.version}", released(suite))
    RELEASED.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
