"""Arithmetic of a run: fp32 unless the recipe or the command says otherwise; never changed silently."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal

import torch

Precision = Literal["fp32", "tf32", "bf16"]


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[Any]:
    """bfloat16 autocast where asked for, else nothing."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()


@contextmanager
def matmul_precision(precision: Precision) -> Iterator[None]:
    """TF32 products for `tf32`, full float32 otherwise; the previous setting comes back afterwards."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    convolutions = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
        torch.backends.cudnn.allow_tf32 = convolutions
