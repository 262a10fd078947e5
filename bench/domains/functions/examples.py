"""Generated functions for the checks: sinusoids, the same in every process."""

from __future__ import annotations

import numpy as np
import torch

from bench.domains.episodes import Episodes
from bench.domains.functions.task import FunctionSpec
from bench.philox import uniform, words

_POINTS = (5, 10)  # support and query points where a task's sizes vary
_HIDDEN = {
    "amplitude": (0.1, 5.0),
    "phase": (0.0, 3.0),
    "length": (0.1, 0.6),
    "scale": (0.1, 1.0),
    "period": (0.1, 0.5),
}


def generated(spec: FunctionSpec, first: int, n: int) -> Episodes:
    """Episodes first .. first + n - 1, float64, with every parameter that an oracle of the standard suites asks for."""
    support, query = spec.support or _POINTS[0], spec.query or _POINTS[1]
    x = torch.from_numpy(uniform(words(("checks", "x"), first, n, (support + query) * spec.x_dim), -2, 2))
    x = x.view(n, support + query, spec.x_dim)
    drawn: dict[str, np.ndarray] = {
        name: uniform(words(("checks", name), first, n, 1)[:, 0], low, high) for name, (low, high) in _HIDDEN.items()
    }
    parameters = {name: torch.from_numpy(value) for name, value in drawn.items()}
    amplitude, phase = (parameters[name][:, None, None] for name in ("amplitude", "phase"))
    y = (amplitude * torch.sin(x.sum(-1, keepdim=True) - phase)).expand(-1, -1, spec.y_dim)
    return Episodes(x[:, :support], y[:, :support], x[:, support:], y[:, support:], first, parameters=parameters)
