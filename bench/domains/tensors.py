"""Dataclasses of tensors whose leading dimension counts problems: in another precision or place, or some of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

P = TypeVar("P")


def tensors(part: Any) -> dict[str, Tensor]:
    """Every tensor by name; those of a mapping under their own names."""
    found: dict[str, Tensor] = {}
    for name, value in vars(part).items():
        found |= {name: value} if isinstance(value, Tensor) else value if isinstance(value, dict) else {}
    return found


def precision_of(part: Any) -> torch.dtype:
    """Of its first tensor that is not of integers."""
    return next(value.dtype for value in tensors(part).values() if value.is_floating_point())


def moved(part: P, dtype: torch.dtype, device: torch.device) -> P:
    """A copy in another precision and place; integers stay integers."""
    return _each(
        part, lambda _, value: value.to(device, dtype if value.is_floating_point() else value.dtype, copy=True)
    )


def chosen(part: P, which: list[int]) -> P:
    """Some of the problems, in the order given."""
    return _each(part, lambda _, value: value[which])


def together(parts: list[P]) -> P:
    """Problems of one shape as one batch."""
    found = [tensors(part) for part in parts]
    return _each(parts[0], lambda name, _: torch.cat([one[name] for one in found]))


def _each(part: P, change: Callable[[str, Tensor], Tensor]) -> P:
    """The same with every tensor changed, of which `change` is told the name that `tensors` gives it."""
    changed: dict[str, Any] = {}
    for name, value in vars(part).items():
        if isinstance(value, Tensor):
            changed[name] = change(name, value)
        elif isinstance(value, dict):
            changed[name] = {key: change(key, entry) for key, entry in value.items()}
    return dataclasses.replace(part, **changed)  # type: ignore[type-var]  # a dataclass, as `Domain.example` promises
