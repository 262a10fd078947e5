"""Streams and sources of a suite, on the CPU."""

from __future__ import annotations

from typing import Any

import torch

from bench.tasks.suites import Suite

CPU = torch.device("cpu")


def frozen_stream(suite: Suite, split: str = "test", **how: Any) -> Any:
    """The frozen problems of a split as arrays."""
    return suite.domain.stream(suite, split, **how)


def frozen_episodes(suite: Suite, data: Any = None) -> Any:
    """The frozen test problems as tensors."""
    return suite.domain.frozen(suite, "test", CPU, data)


def training_source(suite: Suite, seed: int = 0, data: Any = None) -> Any:
    """What training draws from."""
    return suite.domain.training(suite, seed, CPU, data)
