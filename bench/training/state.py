"""Training state on disk: enough to continue after a kill with exactly the same result. Tensors and JSON, no pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bench.errors import DataInvalid
from bench.learners.weights import Tensors, load_weights, read_tensors, write_tensors

Modules = dict[str, nn.Module]  # by name; the learner is "model"


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
        self, modules: Modules, best: Tensors, optimizer: torch.optim.Optimizer | None, progress: Progress
    ) -> None:
        tensors = {f"best.{name}": value for name, value in best.items()}
        for part, module in modules.items():
            tensors |= {f"{part}.{name}": value for name, value in module.state_dict().items()}
        plain: dict[str, Any] = {}
        for index, values in optimizer.state_dict()["state"].items() if optimizer else ():
            for name, value in values.items():
                if isinstance(value, Tensor):
                    tensors[f"optimizer.{index}.{name}"] = value
                else:
                    plain[f"{index}.{name}"] = value
        meta = {"progress": json.dumps(asdict(progress)), "optimizer": json.dumps(plain)}
        meta["sha256"] = _sha256(tensors, meta)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_tensors(self.file, tensors, meta)

    def progress(self) -> Progress | None:
        """How far a former attempt came, None where there was none.

        A file that is not as it was written is put away: what it held is lost, and failing over it would gain nothing.
        """
        found = self._read()
        return found and found[2]

    def load(self, modules: Modules, optimizer: torch.optim.Optimizer | None) -> tuple[Tensors, Progress] | None:
        """Restore in place; returns the best state so far and the progress, or None where nothing was saved."""
        found = self._read()
        if found is None:
            return None
        tensors, plain, progress = found
        for part, module in modules.items():
            load_weights(module, _below(tensors, f"{part}."))
        if optimizer:
            state: dict[int, dict[str, Any]] = {}
            for key, value in [*_below(tensors, "optimizer.").items(), *plain.items()]:
                index, _, name = key.partition(".")
                state.setdefault(int(index), {})[name] = value
            optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
            _as_parameters_lie(optimizer)
        return _below(tensors, "best."), progress

    def _read(self) -> tuple[Tensors, dict[str, Any], Progress] | None:
        """Tensors, plain values of the optimiser, and progress."""
        if not self.file.exists():
            return None
        try:
            tensors, meta = read_tensors(self.file)
            if meta.pop("sha256", None) != _sha256(tensors, meta):
                raise DataInvalid(f"{self.file} is not as it was written")
            return tensors, json.loads(meta["optimizer"]), Progress(**json.loads(meta["progress"]))
        except (DataInvalid, KeyError, TypeError, ValueError):
            self.file.unlink(missing_ok=True)
            return None


def _sha256(tensors: Tensors, meta: dict[str, str]) -> str:
    """Over everything that a training goes on from: safetensors files have no checksum of their own."""
    digest = hashlib.sha256(json.dumps(meta, sort_keys=True).encode())
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {value.dtype} {list(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _as_parameters_lie(optimizer: torch.optim.Optimizer) -> None:
    """Give each state tensor the memory format of its parameter, as the optimiser itself would have made it.

    Fused kernels walk over memory: a moment in another format than its weights is read in another order.
    """
    for parameter, values in optimizer.state.items():
        for name, value in values.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                values[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)


def _below(tensors: Tensors, prefix: str) -> Tensors:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
