"""A sweep as people write it: a YAML list of entries, each a block of cells.

- algo: protonet, maml          # names separated by commas, path/file.py:Class, or all
  suite: omniglot-*             # names or patterns
  seeds: 0-2                    # [default: 0]
  recipe: fast                  # recipe, budget, episodes, precision, strategy, set: as `bench run` has them
  set: {inner_lr: 0.1}
  train: {steps: 500, lr: 1.0e-3}    # fields of the recipe, as after --train
  why: every learner stands on this board    # for readers, as is `cost`
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from bench.errors import UsageError
from bench.ranges import seeds_field
from bench.yamlfile import load_yaml


def _names(value: Any) -> Any:
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


def _text(value: Any) -> Any:
    """What YAML read as a number or a truth value, as it would be typed after --set."""
    return {name: str(item) for name, item in value.items()} if isinstance(value, dict) else value


_Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_names), Field(min_length=1)]
_Seeds = Annotated[tuple[Annotated[int, Field(ge=0)], ...], BeforeValidator(seeds_field), Field(min_length=1)]


class Entry(BaseModel):
    """Every learner of `algo` on every suite of `suite`, each with every seed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    algo: _Names
    suite: _Names
    seeds: _Seeds = (0,)
    recipe: str | None = None
    budget: Literal["full", "short", "smoke"] = "full"
    episodes: int | None = None
    precision: Literal["fp32", "tf32", "bf16"] | None = None
    strategy: Literal["loop", "vmap", "compiled"] | None = None
    set: Annotated[dict[str, str], BeforeValidator(_text)] = Field(default_factory=dict)
    train: Annotated[dict[str, str], BeforeValidator(_text)] = Field(default_factory=dict)
    test: bool = True
    configs_tried: Annotated[int, Field(ge=1)] = 1
    cost: str = ""
    why: str = ""


def load_entries(path: Path) -> tuple[Entry, ...]:
    """The entries of a file. UsageError names line and field."""
    if not path.is_file():
        raise UsageError(f"No such sweep file: {path}", "Or give --algos and --suites.")
    entries = load_yaml(path, _ENTRIES, _FIX)[0]
    if not entries:
        raise UsageError(f"{path} has no entries.", _FIX)
    return entries


_ENTRIES = TypeAdapter(tuple[Entry, ...])
_FIX = "fix: a list of entries, each with algo and suite; docs/sweeps.md has an example"
