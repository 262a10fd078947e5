"""Training state on disk: enough to continue after a kill with exactly the same result. Tensors and JSON, no pickle."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from bench.errors import DataInvalid, StoreError
from bench.records.files import explain

Tensors = dict[str, Tensor]


@dataclass
class Progress:
    """The part of the state that is not tensors. Scores are those of the validation metric."""

    step: int = 0  # optimiser steps done
    counters: dict[str, int] = field(default_factory=dict)  # of the training source
    curve: list[dict[str, float]] = field(default_factory=list)  # one row a check: step, loss, validation, seconds
    best_score: float | None = None
    best_step: int = 0
    seconds: float = 0.0  # wall-clock time in training, checks included, all attempts added
    step_seconds: float = 0.0  # the same without checks


class TrainingState:
    """One file, replaced as a whole: `state.safetensors` below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "state.safetensors"

    def save(
        self, model: nn.Module, best: Tensors, optimizer: torch.optim.Optimizer | None, progress: Progress
    ) -> None:
        tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in best.items()}
        plain: dict[str, Any] = {}
        for index, values in optimizer.state_dict()["state"].items() if optimizer else ():
            for name, value in values.items():
                if isinstance(value, Tensor):
                    tensors[f"optimizer.{index}.{name}"] = value
                else:
                    plain[f"{index}.{name}"] = value
        meta = {"progress": json.dumps(asdict(progress)), "optimizer": json.dumps(plain)}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_tensors(self.file, tensors, meta)

    def steps_done(self) -> int:
        """Optimiser steps that a former attempt saved, 0 where there was none."""
        return Progress(**json.loads(read_tensors(self.file)[1]["progress"])).step if self.file.exists() else 0

    def load(self, model: nn.Module, optimizer: torch.optim.Optimizer | None) -> tuple[Tensors, Progress] | None:
        """Restore in place; returns the best state so far and the progress, or None where nothing was saved."""
        if not self.file.exists():
            return None
        tensors, meta = read_tensors(self.file)
        load_weights(model, _below(tensors, "model."))
        if optimizer:
            state: dict[int, dict[str, Any]] = {}
            for key, value in [*_below(tensors, "optimizer.").items(), *json.loads(meta["optimizer"]).items()]:
                index, _, name = key.partition(".")
                state.setdefault(int(index), {})[name] = value
            optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
        return _below(tensors, "best."), Progress(**json.loads(meta["progress"]))


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
    for name in [name for name, _ in model.named_buffers(recurse=False) if name.startswith("noise_")]:
        delattr(model, name)
    for name, value in tensors.items():
        if name.startswith("noise_"):
            model.register_buffer(name, value.to(device))
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        lines = str(error).splitlines()
        raise DataInvalid(
            f"The checkpoint does not fit {type(model).__name__}: {' '.join(line.strip() for line in lines[1:3])}",
            "Give the options it was trained with (`bench show RUN` prints them).",
        ) from None


def file_sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _below(tensors: Tensors, prefix: str) -> Tensors:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
