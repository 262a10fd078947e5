"""The key of a run: sixteen hex digits over everything that can change its scores."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def run_key(
    *,
    suite: tuple[str, int],
    manifest: str,
    fingerprint: str | None,
    algorithm: str,
    source: str,
    recipe: dict[str, Any],
    budget: str | None,
    seed: int | None,
    precision: str,
    strategy: str,
    checkpoint: str | None,
) -> str:
    """First sixteen hex digits of the SHA-256 over the parts, as JSON with sorted keys.

    The number of episodes is no part of it: it changes no score, and a longer request appends.

    suite : name and version
    source : `source_sha256` of the learner
    recipe : what recipe.yaml holds: resolved recipe and options, or the options alone where nothing was trained
    budget : None where nothing was trained
    checkpoint : SHA-256 of the file that the run started from, None where it started from scratch
    """
    identity = {
        "suite": list(suite),
        "manifest": manifest,
        "fingerprint": fingerprint,
        "algorithm": algorithm,
        "source": source,
        "recipe": recipe,
        "budget": budget,
        "seed": seed,
        "precision": precision,
        "strategy": strategy,
        "checkpoint": checkpoint,
    }
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
