"""The key of a run: sixteen hex digits over everything that can change its scores, and nothing else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Final

PROTOCOL: Final = 2
"""The harness's own part in every score, raised when a change of bench moves one. Records without one are of 1."""


@dataclass(frozen=True)
class RunIdentity:
    """What two runs must have in common to be one run. The number of episodes is no part: a longer request appends.

    suite_sha256 : of the suite's definition (`Suite.definition_sha256`)
    manifest, fingerprint : of the test episodes and of the images, None for generated tasks
    learner : what `learner_identity` says
    source_sha256 : of the learner's code (`bench.identity.code`)
    recipe : what recipe.yaml holds: resolved recipe and options, or the options alone where nothing was trained
    budget, seed : None where nothing was trained, or nothing is random
    checkpoint : SHA-256 of the file that the run started from, None where it started from scratch
    protocol : the harness's number
    """

    suite_sha256: str
    manifest: str
    fingerprint: str | None
    learner: str
    source_sha256: str
    recipe: dict[str, Any]
    budget: str | None
    seed: int | None
    precision: str
    strategy: str
    checkpoint: str | None
    protocol: int = PROTOCOL

    @property
    def key(self) -> str:
        """First sixteen hex digits of the SHA-256 over the parts, as JSON with sorted keys."""
        return _digest(asdict(self))


def learner_identity(origin: str) -> str:
    """Which learner an origin names: an installed one by its package, a loose one by its class, wherever it lies.

    What tells loose classes of one name apart is their code, which is hashed beside.

    >>> learner_identity("baselines/maml.py"), learner_identity("mine.py:Maml")
    ('baselines/maml.py', 'Maml')
    """
    if origin.startswith(("entry point: ", "registered: ")):
        return origin
    return origin.rpartition(":")[2]


def former_key(
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
    """The key of protocol 1, by which published records are still checked against their parts."""
    return _digest(
        {
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
    )


def _digest(parts: dict[str, Any]) -> str:
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
