"""A learner's weights on disk: safetensors files, written whole or not at all, loaded with the prediction noise."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from bench.errors import DataInvalid, StoreError
from bench.learners.contract import Learner
from bench.records.files import explain

Tensors = dict[str, Tensor]


def write_tensors(file: Path, tensors: Tensors, meta: dict[str, str] | None = None) -> None:
    """A safetensors file, written beside and renamed, so that a kill leaves the old one whole.

    Raises StoreError when the disk refuses; the old file stays.
    """
    aside = file.with_name(f".{file.name}.part")
    copies = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    try:
        save_file(copies, aside, meta)
        with aside.open("rb") as handle:
            os.fsync(handle.fileno())
        aside.replace(file)
    except SafetensorError as error:  # wraps the system's error as text
        aside.unlink(missing_ok=True)
        raise StoreError(f"{file} can't be written: {error}.", "Choose another disk with --runs DIR.") from error
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise explain(error, file) from error


def read_tensors(file: Path) -> tuple[Tensors, dict[str, str]]:
    """Raises DataInvalid for a missing or damaged file."""
    try:
        with safe_open(file, framework="pt") as opened:
            return {name: opened.get_tensor(name) for name in opened.keys()}, opened.metadata() or {}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise DataInvalid(
            f"{file} is not a readable safetensors file: {error}", "Name another file, or train again."
        ) from None


def load_weights(model: nn.Module, tensors: Tensors) -> None:
    """Load a state dict. Raises DataInvalid on a misfit.

    Noise is drawn when prediction first asks for it: the model's may have other shapes or names by now. The loaded
    one takes its place, and what it does not hold is drawn again, the same, when asked for.
    """
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    if isinstance(model, Learner):
        model.drop_noise()
        own = model.state_dict().keys()
        for name, value in tensors.items():
            if name.startswith("noise_") and name not in own:
                model.keep_noise(name, value.to(device))
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        lines = str(error).splitlines()
        raise DataInvalid(
            f"The checkpoint does not fit {type(model).__name__}: {' '.join(line.strip() for line in lines[1:3])}",
            "Give the options it was trained with (`bench show RUN` prints them).",
        ) from None
