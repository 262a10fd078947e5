"""The quick form: the leak checks alone, before a learner's first run. A pass is remembered beside the records."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from bench.checks.battery import LEAK_CHECKS, examine, shapes_and_finiteness
from bench.learners.contract import Learner, TaskSpec

_FOLDER = ".checks"


def find_leak(learner: type[Learner], options: Any, spec: TaskSpec, source_sha256: str, runs: Path) -> str | None:
    """Why this learner may not run as declared ("leaks: queries_alone ..."), or None.

    Only differences between answers count: a learner that raises, or answers with wrong shapes, fails in its own run,
    with its own reason.
    """
    identity = [source_sha256, dataclasses.asdict(options), dataclasses.asdict(spec)]
    name = hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()[:16]
    passed = runs / _FOLDER / f"{name}.json"
    if passed.exists():
        return None
    try:
        shapes, *results = examine(learner, options, spec, (shapes_and_finiteness, *LEAK_CHECKS))
    except Exception:  # it can't even be built: the run will say so
        return None
    if shapes.raised:
        return None
    for result in results:
        if result.state == "failed" and not result.raised:
            return f"leaks: {result.check}: {result.detail}"
    passed.parent.mkdir(parents=True, exist_ok=True)
    passed.write_text(
        json.dumps({"learner": learner.__name__, "checks": [dataclasses.asdict(r) for r in results]}, indent=1)
    )
    return None
