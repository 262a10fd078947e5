"""The generated tasks that learners are checked on: small, the same in every process, no data needed.

An image's class is a coarse pattern of 7 x 7 cells, its hand a grain over every pixel; functions are sinusoids. Nobody
is to learn anything from them: they are there to be answered twice. Trials of exploration are in `script`.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor

from bench.checks.script import Script, script
from bench.learners.contract import TaskSpec
from bench.philox import uniform, words
from bench.tasks.draws import permutations
from bench.tasks.episodes import Episodes

BUILT_IN = {
    "classification": TaskSpec("classification", 5, 1, 2, (1, 28, 28), n_train_classes=100),
    "regression": TaskSpec("regression", 0, 5, 10, (1,), y_dim=1, kernel="rbf", noise=0.02),
    "bandit": TaskSpec("exploration", 0, 0, 0, (1,), environment="bandit", actions=5, steps=12, horizon=1),
    "mdp": TaskSpec("exploration", 0, 0, 0, (4,), environment="mdp", actions=3, steps=12, horizon=4, states=4),
}
Part = Episodes | Script
_QUERIES = 8  # at least so many an episode: sevens must not be all of them
_CELLS = 7
_STEPS = 12  # of a trial, at least two inner episodes
_POINTS = (5, 10)  # support and query points where a task's sizes vary


def small(spec: TaskSpec) -> TaskSpec:
    """A suite's task with as few queries or inner episodes as the checks need; all other sizes stay."""
    if spec.kind == "classification":
        return dataclasses.replace(spec, query=min(spec.query, -(-_QUERIES // spec.way)))
    if spec.kind == "exploration":
        return dataclasses.replace(spec, steps=min(spec.steps, spec.horizon * max(2, _STEPS // spec.horizon)))
    return dataclasses.replace(spec, query=min(spec.query, _POINTS[1]))


def episodes(spec: TaskSpec, first: int, n: int, dtype: torch.dtype, device: torch.device) -> Episodes:
    """Generated episodes first .. first + n - 1 of a task, laid out as a run's: support by label, queries shuffled.

    Regression comes with every parameter that an oracle of the standard suites may ask for.
    """
    part = _images(spec, first, n) if spec.kind == "classification" else _functions(spec, first, n)
    return _moved(part, dtype, device)


def trials(spec: TaskSpec, first: int, n: int, dtype: torch.dtype, device: torch.device) -> Script:
    """Generated trials first .. first + n - 1 of a task of exploration."""
    return script(spec, first, n).moved(dtype, device)


def moved(part: Part, dtype: torch.dtype, device: torch.device) -> Part:
    """A copy in another precision and place; labels and actions stay integers."""
    return part.moved(dtype, device) if isinstance(part, Script) else _moved(part, dtype, device)


def _moved(part: Episodes, dtype: torch.dtype, device: torch.device) -> Episodes:
    def to(tensor: Tensor) -> Tensor:
        return tensor.to(device, dtype if tensor.is_floating_point() else tensor.dtype, copy=True)

    return dataclasses.replace(
        part,
        support_x=to(part.support_x),
        support_y=to(part.support_y),
        query_x=to(part.query_x),
        query_y=to(part.query_y),
        parameters={name: to(value) for name, value in part.parameters.items()},
    )


def with_queries(part: Episodes, keep: Tensor) -> Episodes:
    """The same episodes with some of their queries, in the order given by int64 [n]."""
    return dataclasses.replace(part, query_x=part.query_x[:, keep], query_y=part.query_y[:, keep])


def chosen(part: Part, which: list[int]) -> Part:
    """Some episodes or trials of a batch, in the order given."""
    if isinstance(part, Script):
        return part.chosen(which)
    return dataclasses.replace(
        part,
        support_x=part.support_x[which],
        support_y=part.support_y[which],
        query_x=part.query_x[which],
        query_y=part.query_y[which],
        parameters={name: value[which] for name, value in part.parameters.items()},
    )


def _images(spec: TaskSpec, first: int, n: int) -> Episodes:
    way, shot, query, (channels, height, width) = spec.way, spec.shot, spec.query, spec.x_shape
    raw = words(("checks", "classes", *spec.x_shape), first * way, n * way, channels * _CELLS**2)
    cells = torch.from_numpy(uniform(raw)).view(n * way, channels, _CELLS, _CELLS)
    pattern = torch.nn.functional.interpolate(cells, (height, width)).view(n, way, 1, channels, height, width)
    raw = words(("checks", "grain", *spec.x_shape), first * way, n * way, (shot + query) * channels * height * width)
    grain = torch.from_numpy(uniform(raw)).view(n, way, shot + query, channels, height, width)
    images = 0.6 * pattern + 0.4 * grain  # in [0, 1)
    order = torch.from_numpy(permutations(words(("checks", "order"), first, n, way * query)))
    labels = torch.arange(way).expand(n, way)
    pictures = images[:, :, shot:].flatten(1, 2)
    return Episodes(
        support_x=images[:, :, :shot].flatten(1, 2),
        support_y=labels.repeat_interleave(shot, 1),
        query_x=torch.stack([one[moved_to] for one, moved_to in zip(pictures, order, strict=True)]),
        query_y=order // query,
        first=first,
        way=way,
    )


def _functions(spec: TaskSpec, first: int, n: int) -> Episodes:
    dx, support, query = spec.x_shape[0], spec.shot or _POINTS[0], spec.query or _POINTS[1]
    x = torch.from_numpy(uniform(words(("checks", "x"), first, n, (support + query) * dx), -2, 2))
    x = x.view(n, support + query, dx)
    drawn: dict[str, np.ndarray] = {
        name: uniform(words(("checks", name), first, n, 1)[:, 0], low, high)
        for name, (low, high) in {
            "amplitude": (0.1, 5.0),
            "phase": (0.0, 3.0),
            "length": (0.1, 0.6),
            "scale": (0.1, 1.0),
            "period": (0.1, 0.5),
        }.items()
    }
    parameters = {name: torch.from_numpy(value) for name, value in drawn.items()}
    amplitude, phase = (parameters[name][:, None, None] for name in ("amplitude", "phase"))
    y = (amplitude * torch.sin(x.sum(-1, keepdim=True) - phase)).expand(-1, -1, spec.y_dim)
    return Episodes(x[:, :support], y[:, :support], x[:, support:], y[:, support:], first, parameters=parameters)
