"""A device that is not there: tensors that say they lie on it, and compute on the CPU.

An operation over tensors of both devices raises as CUDA would, so that a tensor made on the wrong device is found
without a GPU. Values are real: learners may look at them, and every look is counted, because on a GPU each one waits
for all work before it.

    with SecondDevice() as device:
        x = torch.ones(3, device=device.name)   # there
        x + torch.ones(3)                       # RuntimeError: two devices

The device is called "meta", the only one besides the CPU that autograd takes without a driver.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map_only

NAME = torch.device("meta")
_CPU = torch.device("cpu")
_LOOKS = {"aten::_local_scalar_dense", "aten::equal", "aten::is_nonzero", "aten::nonzero", "aten::masked_select"}
_CPU_INDICES = {"aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_"}  # CUDA takes them


class Placed(Tensor):
    """A tensor on the second device. `inner` holds its values."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor, requires_grad: bool = False) -> Placed:
        made: Placed = Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=NAME,
            requires_grad=requires_grad,
        )
        made.inner = inner
        return made

    def __repr__(self) -> str:  # type: ignore[override]
        return f"Placed({self.inner!r})"

    @classmethod
    def __torch_dispatch__(cls, op: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(op, args, kwargs or {})


class SecondDevice(TorchDispatchMode):
    """Within it, what is made for or moved to `name` is there. looks : operations that made the host wait"""

    name = NAME

    def __init__(self) -> None:
        super().__init__()
        self.looks: list[str] = []

    def __torch_dispatch__(self, op: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = tree_flatten((args, kwargs or {}))[0]
        if op.name().partition(".")[0] in _LOOKS and any(isinstance(value, Placed) for value in given):
            self.looks.append(op.name())
        return _run(op, args, kwargs or {})


def _run(op: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    name = op.name().partition(".")[0]
    given = tree_flatten((args, kwargs))[0]
    there = [value for value in given if isinstance(value, Placed)]
    here = [value for value in given if isinstance(value, Tensor) and not isinstance(value, Placed) and value.ndim]
    asked = kwargs.get("device")
    copied = name in ("aten::copy_", "aten::_to_copy", "aten::set_")
    if there and here and not copied:
        indices_only = name in _CPU_INDICES and isinstance(args[0], Placed)
        values = args[2:] if name != "aten::index" else ()
        if not indices_only or any(value is one for value in values for one in here):
            raise RuntimeError(f"{op.name()}: two devices, {NAME} and cpu, of shapes {[list(v.shape) for v in here]}")
    if asked is not None:
        kwargs = {**kwargs, "device": _CPU}
    inner_args, inner_kwargs = tree_map_only(Placed, lambda value: value.inner, (args, kwargs))
    found = op(*inner_args, **inner_kwargs)
    if name == "aten::copy_":
        return args[0]
    place = torch.device(asked) == NAME if asked is not None else bool(there)
    if not place:
        return found
    mutated = {id(value.inner): value for value in there}

    def wrapped(value: Tensor) -> Tensor:
        if id(value) in mutated:  # in place: the same tensor comes back
            return mutated[id(value)]
        return value if isinstance(value, Placed) else Placed(value)

    found = tree_map_only(Tensor, wrapped, found)
    return return_and_correct_aliasing(op, args, kwargs, found) if there and asked is None else found


def place(module: nn.Module) -> None:
    """Move parameters and buffers there, as `module.to(device)` does with one that exists."""
    for part in module.modules():
        for name, value in part._parameters.items():
            if value is not None:
                part._parameters[name] = nn.Parameter(Placed(value.detach().clone()), value.requires_grad)
        for name, value in part._buffers.items():
            if value is not None:
                part._buffers[name] = Placed(value.clone())
