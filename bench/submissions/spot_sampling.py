"""Which episodes to run again. Drawn from the scores' hash and a nonce that is published after the scores are fixed:
nobody can know them beforehand, and everybody can draw them again.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np

from bench.philox import words
from bench.tasks.draws import Integers


def chosen_episodes(scores_sha256: str, nonce: str, n: int, k: int) -> Integers:
    """`k` distinct episodes of 0 .. n-1, sorted: int64 [min(k, n)].

    >>> chosen_episodes("ab" * 32, "nonce", 2_000, 4).tolist() == chosen_episodes("ab" * 32, "nonce", 2_000, 4).tolist()
    True
    """
    order = np.argsort(words(("spot", scores_sha256, nonce), 0, 1, n)[0], kind="stable")
    return np.sort(order[:k]).astype(np.int64)


def salt(nonce: str) -> int:
    """Salt of an unpublished stream: never 0, which is the published one."""
    return 1 + int.from_bytes(hashlib.sha256(f"fresh:{nonce}".encode()).digest()[:7], "little")


def detection_probability(n: int, altered: int, k: int) -> float:
    """Probability that at least one of `altered` episodes is among `k` drawn from `n` without replacement.

    1 - C(n - altered, k) / C(n, k), the hypergeometric tail.

    >>> round(detection_probability(2_000, 100, 60), 3)
    0.956
    """
    k = min(k, n)
    if altered > n - k:
        return 1.0
    log_none = sum(math.log1p(-altered / (n - i)) for i in range(k))
    return -math.expm1(log_none)
