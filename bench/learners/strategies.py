"""How per-task work is spread over a batch of tasks: one after the other, vectorised, or vectorised and compiled.

Measured, not guessed (docs/performance.md): on a CPU, grouped convolutions make vmap slower than a loop, while small
MLPs gain most from one compiled meta-gradient; on a GPU kernel launches dominate and vmap wins.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import torch
from torch import Tensor

from bench import remembered
from bench.errors import BenchError

Strategy = Literal["loop", "vmap", "compiled"]
Parameters = dict[str, Tensor]
TaskLoss = Callable[..., Tensor]


def meta_gradient(
    task_loss: TaskLoss, parameters: Parameters, tasks: tuple[Tensor, ...], strategy: Strategy
) -> tuple[Tensor, Parameters]:
    """Mean loss over tasks and its gradient with respect to `parameters`.

    task_loss : (parameters, *one task's tensors) -> scalar; must be a fixed function or bound method
    tasks : tensors with a leading task dimension B
    strategy : "loop" holds one task's graph at a time; "compiled" compiles the whole gradient, so that no autograd
        graph is built outside it

    Returns the loss (scalar) and a gradient per parameter, both detached.
    """
    parameters = {name: value.detach() for name, value in parameters.items()}  # autograd would record all of it again
    if strategy != "loop":
        return _batched_gradient(task_loss, strategy == "compiled")(parameters, *tasks)
    one_task = torch.func.grad_and_value(task_loss)
    n = len(tasks[0])
    total_loss = torch.zeros((), dtype=next(iter(parameters.values())).dtype, device=tasks[0].device)
    total = {name: torch.zeros_like(value) for name, value in parameters.items()}
    for task in zip(*tasks, strict=True):
        gradient, loss = one_task(parameters, *task)
        total_loss += loss
        for name, value in gradient.items():
            total[name] += value
    return total_loss / n, {name: value / n for name, value in total.items()}


def map_tasks(function: Callable[..., Any], tasks: tuple[Tensor, ...], strategy: Strategy) -> Any:
    """`function(*one task's tensors)` for every task, results stacked along a new leading dimension.

    Results may be tensors or dicts of tensors. Not compiled: evaluation meets every shape once or twice.
    """
    if strategy != "loop":
        return torch.func.vmap(function)(*tasks)
    results = [function(*task) for task in zip(*tasks, strict=True)]
    if isinstance(results[0], dict):
        return {key: torch.stack([result[key] for result in results]) for key in results[0]}
    return torch.stack(results)


@lru_cache(maxsize=8)
def _batched_gradient(task_loss: TaskLoss, compiled: bool) -> Callable[..., tuple[Tensor, Parameters]]:
    def mean_loss(parameters: Parameters, *tasks: Tensor) -> Tensor:
        in_dims = (None, *(0 for _ in tasks))
        losses: Tensor = torch.func.vmap(task_loss, in_dims=in_dims)(parameters, *tasks)
        return losses.mean()

    gradient = torch.func.grad_and_value(mean_loss)

    def run(parameters: Parameters, *tasks: Tensor) -> tuple[Tensor, Parameters]:
        grads, loss = gradient(parameters, *tasks)
        return loss, grads

    if not compiled:
        return run
    _keep_compiled()
    quick = torch.compile(run, fullgraph=True, dynamic=False)

    def run_compiled(parameters: Parameters, *tasks: Tensor) -> tuple[Tensor, Parameters]:
        try:
            result: tuple[Tensor, Parameters] = quick(parameters, *tasks)
        except torch._dynamo.exc.BackendCompilerFailed as error:
            raise BenchError(
                f"The strategy 'compiled' needs a working C++ compiler: {str(error).splitlines()[0]}",
                "Install one (g++), or run with --strategy vmap.",
            ) from error
        return result

    return run_compiled


def _keep_compiled() -> None:
    """Have the compiler's results kept for later processes, also after a restart of the machine.

    torch's own place for them is the machine's temporary folder. $TORCHINDUCTOR_CACHE_DIR names another.
    """
    folder = remembered.folder("compiled")
    if folder is not None:
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(folder))
