"""Where to compute."""

from __future__ import annotations

from typing import Literal

import torch

from bench.errors import UsageError


def choose_device(wanted: Literal["auto", "cpu", "cuda"]) -> torch.device:
    """The device by name; auto takes CUDA where there is some. Raises UsageError for CUDA that is not there."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: torch sees no CUDA device.", "Use --device cpu, or `bench doctor` to see why.")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)
