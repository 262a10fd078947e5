"""Training state on disk: enough to continue after a kill with exactly the same result. Tensors and JSON, no pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bench.learners.weights import Tensors, load_weights, read_tensors, write_tensors


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


def file_sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _below(tensors: Tensors, prefix: str) -> Tensors:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
