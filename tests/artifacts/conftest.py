"""Runs with weights, and a web server that takes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.records import Checkpoint, RunStore
from bench.records.files import file_sha256
from tests.data.conftest import web
from tests.records.factory import accuracy_scores, make_record

__all__ = ["web"]

SCORES = accuracy_scores(20)


def run_with_weights(root: Path, content: bytes, **changes: object) -> Path:
    """A stored run whose weights are these bytes."""
    file = root.parent / "new-weights"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    recorded = Checkpoint(sha256=file_sha256(file), bytes=len(content))
    path = RunStore(root).write(make_record(SCORES, checkpoint=recorded, **changes), SCORES, None, None, file)
    file.unlink()
    return path


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Three runs: seeds 0 and 1 of one learner, and another one."""
    root = tmp_path / "runs"
    for seed in (0, 1):
        run_with_weights(root, b"weights of %d" % seed * 5_000, seed=seed)
    run_with_weights(root, b"maml" * 5_000, algorithm__name="maml")
    return root
