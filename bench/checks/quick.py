"""The quick form, before a learner's first run: shapes, determinism, leaks. Passes are remembered."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import torch

from bench.checks.battery import LEAK_CHECKS, QUICK_CHECKS, examine
from bench.checks.leaks import FEWER, FIXED
from bench.checks.result import Result
from bench.domains import TaskSpec, find_domain
from bench.learners.contract import Learner

_FOLDER = ".checks"
_BATTERY = 3  # raised when a check gets stricter: what passed before is examined anew
_LEAKS = {check.__name__ for check in LEAK_CHECKS}


def find_leak(
    learner: type[Learner], options: Any, spec: TaskSpec, source_sha256: str, runs: Path, device: torch.device
) -> str | None:
    """Why this learner may not be measured as declared ("leaks: queries_alone: ..."), or None.

    Examined once for a source, its options and a kind of task, on the built-in task of that kind and the CPU; a
    learner that can't answer there is asked on the suite's own task and the run's device. One that can't answer there
    either, or not with finite numbers, fails in its own run, with its own reason. Random answers are refused, for
    nothing can be said about their leaks.
    """
    like = find_domain(spec.kind).like(spec)
    asked = f"{spec.kind}: {like}"
    identity = [_BATTERY, source_sha256, learner.__name__, dataclasses.asdict(options), asked]
    name = hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()[:16]
    passed = runs / _FOLDER / f"{name}.json"
    if passed.exists():
        return None
    results = examine(learner, options, like, QUICK_CHECKS)
    if not _answered(results):
        results = examine(learner, options, spec, QUICK_CHECKS, device)
    if not _answered(results):
        return None
    failed = [result for result in results if result.state == "failed"]
    leaks = [f"{result.check}: {_numbers(result)}" for result in failed if result.check in _LEAKS]
    if leaks and all(result.raised and result.check in FEWER for result in failed if result.check in _LEAKS):
        return f"{leaks[0]}; {FIXED}"
    if leaks:
        return f"leaks: {'; '.join(leaks)}"
    if any(result.check == "determinism" for result in failed):
        return "determinism: two answers to the same episode differ, so that leaks can't be ruled out"
    if not failed:
        content = {"learner": learner.__name__, "results": [dataclasses.asdict(result) for result in results]}
        with contextlib.suppress(OSError):  # a memory only; a disk that can't be written shows elsewhere
            passed.parent.mkdir(parents=True, exist_ok=True)
            passed.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return None


def _answered(results: tuple[Result, ...]) -> bool:
    shapes = results[0]
    return shapes.state != "skipped" and not shapes.raised


def _numbers(result: Result) -> str:
    return result.detail if result.limit is None else f"{result.detail} (at most {result.limit:g})"
