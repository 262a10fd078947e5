"""Learners and episodes for the tests of baselines: float64, small, weights moved away from their start."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

import bench
from bench.domains.episodes import Episodes
from bench.learners.options import resolve_options
from bench.learners.registry import find_learner, load

SPECS = {
    "images": bench.ImageSpec(5, 2, 3, (1, 28, 28), n_train_classes=30),
    "colour": bench.ImageSpec(3, 1, 2, (3, 32, 32), n_train_classes=30),
    "sinusoid": bench.FunctionSpec(5, 9),
    "gp-rbf": bench.FunctionSpec(0, 0, kernel="rbf", noise=0.02),
    "gp-matern52": bench.FunctionSpec(0, 0, kernel="matern52", noise=0.02),
    "gp-periodic": bench.FunctionSpec(0, 0, kernel="periodic", noise=0.02),
    "bandit": bench.ExplorationSpec("bandit", actions=3, steps=8),
    "mdp": bench.ExplorationSpec("mdp", actions=3, steps=8, horizon=4, states=4),
}


def make(name: str, task: str, **options: Any) -> Any:
    """A baseline in eval mode, float64, every parameter and running statistic perturbed; the same at every call."""
    torch.manual_seed(0)
    learner_class = load(find_learner(name))
    learner = learner_class(SPECS[task], resolve_options(learner_class, options)).double()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in (*learner.parameters(), *learner.buffers()):
            if tensor.is_floating_point():
                tensor.add_(0.1 * torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype) - 0.05)
    return learner.eval()


def episodes(task: str, b: int = 3, seed: int = 0) -> Episodes:
    """Random episodes in a task's shape, float64; queries in random order."""
    spec, generator = SPECS[task], torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator, dtype=torch.float64)

    if spec.kind == "classification":
        labels = torch.arange(spec.way)
        order = torch.stack([torch.randperm(spec.way * spec.query, generator=generator) for _ in range(b)])
        return Episodes(
            draw(b, spec.way * spec.shot, *spec.x_shape),
            labels.repeat_interleave(spec.shot).expand(b, -1).contiguous(),
            draw(b, spec.way * spec.query, *spec.x_shape),
            order // spec.query,
            first=0,
            way=spec.way,
        )
    s, q = spec.support or 6, spec.query or 8
    x = 4 * draw(b, s + q, 1) - 2
    y = torch.sin(3 * x) + 0.1 * draw(b, s + q, 1)
    hidden = {"length": 0.1 + 0.5 * draw(b), "scale": 0.1 + 0.9 * draw(b), "period": 0.1 + 0.4 * draw(b)}
    return Episodes(x[:, :s], y[:, :s], x[:, s:], y[:, s:], first=0, parameters=hidden)


def answer(learner: bench.Learner, part: Episodes) -> Any:
    """The ranked prediction, as the harness asks for it."""
    told = {"parameters": part.parameters} if learner.privileged else {}
    with torch.no_grad():
        found = learner.predict(part.support_x, part.support_y, part.query_x, **told)
    return found["final"] if isinstance(found, dict) else found


def tensors(prediction: Any) -> dict[str, Tensor]:
    """The tensors of a prediction by name, queries on dimension -2 (a covariance is reduced to its diagonal)."""
    if isinstance(prediction, Tensor):
        return {"logits": prediction}
    parts = dict(vars(prediction))
    if "cov" in parts:
        parts["variance"] = torch.diagonal(parts.pop("cov"), dim1=1, dim2=2)[..., None]
    return parts


def with_queries(part: Episodes, keep: Tensor | slice) -> Episodes:
    """The same episodes with some of their queries, in the order given."""
    return Episodes(
        part.support_x,
        part.support_y,
        part.query_x[:, keep],
        part.query_y[:, keep],
        part.first,
        part.way,
        parameters=part.parameters,
    )
