"""Random state of a training step: the same whether the training was ever interrupted or not."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def seed_step(seed: int, step: int) -> None:
    """Seed torch's, numpy's and Python's global generators for one step: dropout, latent samples, augmentation."""
    digest = hashlib.blake2b(f"{seed}:{step}".encode(), digest_size=7).digest()
    value = int.from_bytes(digest, "little")
    torch.default_generator.manual_seed(value)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(value)
    np.random.seed(value % 2**32)  # noqa: NPY002  # the legacy generator is the one that learners' code may use
    random.seed(value)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed all of these generators for the length of the block; afterwards they are as they were."""
    others = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            np.random.seed(seed % 2**32)  # noqa: NPY002
            random.seed(seed)
            yield
    finally:
        np.random.set_state(others[0])  # noqa: NPY002
        random.setstate(others[1])
