"""Authors' files to a learner's state dict. Nothing in them is executed: only tensors are read."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bench.catalogue.entries import Entry
from bench.errors import DataInvalid
from bench.learners.loading import installed_module
from bench.learners.weights import Tensors, write_tensors

Converter = Callable[..., Tensors]  # one state dict per file, in the entry's order -> the learner's state dict


def convert(entry: Entry, files: Sequence[Path], target: Path) -> None:
    """Write the learner's state dict as safetensors.

    Raises DataInvalid for a file that holds anything but tensors by name, or other ones than the converter expects.
    """
    dicts = [_state_dict(entry, file.path, path) for file, path in zip(entry.files, files, strict=True)]
    try:
        tensors = converter(entry)(*dicts)
    except (KeyError, RuntimeError, ValueError) as error:
        raise DataInvalid(
            f"{entry.name}: {entry.converter} can't convert these files: {type(error).__name__}: {error}",
            "The catalogue's entry and its converter don't belong together.",
        ) from error
    write_tensors(target, tensors)


def converter(entry: Entry) -> Converter:
    """The function that an entry names."""
    path, _, function = entry.converter.partition(":")
    found: Converter = getattr(installed_module(path.removesuffix(".py").replace("/", ".")), function)
    return found


def _state_dict(entry: Entry, name: str, file: Path) -> Tensors:
    try:
        found: Any = torch.load(file, map_location="cpu", weights_only=True)  # the pickle's own code never runs
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        first = str(error).partition("\n")[0]
        raise DataInvalid(
            f"{entry.name}: {name} is not a file of tensors alone, and nothing else is loaded: {first}",
            "It has the hash that the catalogue names, so the catalogue's entry is wrong.",
        ) from error
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise DataInvalid(f"{entry.name}: {name} holds no tensors by name.", "The catalogue's entry is wrong.")
    return dict(found)
