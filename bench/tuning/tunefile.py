"""What is searched, as people write it: an entry of a sweep file whose values may be lists or ranges.

algo: protonet
suite: cifarfs-5w1s
seeds: 0                                       # a configuration's value is the mean over them
budget: short
set: {temperature: [1, 16, 64], flip: true}    # options of the learner: a list is searched, a value is fixed
train: {lr: {from: 3.0e-4, to: 3.0e-3, log: true}, steps: 500}    # fields of the recipe
trials: 12                                     # drawn by a sampler that learns; without it every combination of lists
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

from bench.errors import UsageError
from bench.ranges import seeds_field
from bench.training.recipe_changes import parse_changes
from bench.yamlfile import load_yaml

Configuration = Mapping[str, str]  # "set.NAME" or "train.FIELD" -> value as it would be typed
_FIX = "fix: algo, suite, and lists or ranges below `set` or `train`; docs/tuning.md has an example"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Range(_Part):
    """Numbers between two ends, both possible; `log`: every order of magnitude alike; `whole`: integers only."""

    low: float = Field(alias="from", allow_inf_nan=False)
    high: float = Field(alias="to", allow_inf_nan=False)
    log: bool = False
    whole: bool = False

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"expected `from` below `to`, found {self.low:g} and {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithmic range lies above 0, found from {self.low:g}")
        if self.whole and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError(f"a range of whole numbers has whole ends, found {self.low:g} and {self.high:g}")
        return self

    def text(self, value: float) -> str:
        """To three digits, which is more than any search can tell apart, and a name that can be read."""
        if self.whole:
            return str(round(value))
        digits = 2 - math.floor(math.log10(abs(value))) if value else 0
        return f"{min(max(round(value, digits), self.low), self.high):g}"


def _texts(values: Any) -> Any:
    """What YAML read as a number or a truth value, as it would be typed."""
    return [_text(value) for value in values] if isinstance(values, list) else values


def _text(value: Any) -> Any:
    return value if isinstance(value, dict | list) else str(value)


_Choices = Annotated[tuple[str, ...], BeforeValidator(_texts), Field(min_length=1)]
_Dimension = Annotated[Range | _Choices | Annotated[str, BeforeValidator(_text)], Field(union_mode="left_to_right")]


class TuneFile(_Part):
    """A search. at_once : trials that are drawn together, whatever the machine: it decides what a search finds."""

    algo: str
    suite: str
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], BeforeValidator(seeds_field), Field(min_length=1)] = (0,)
    recipe: str | None = None
    budget: Literal["full", "short", "smoke"] = "full"
    precision: Literal["fp32", "tf32", "bf16"] | None = None
    strategy: Literal["loop", "vmap", "compiled"] | None = None
    set: dict[str, _Dimension] = Field(default_factory=dict)
    train: dict[str, _Dimension] = Field(default_factory=dict)
    trials: Annotated[int, Field(ge=1)] | None = None
    at_once: Annotated[int, Field(ge=1)] = 4
    sampler_seed: Annotated[int, Field(ge=0)] = 0

    @property
    def space(self) -> dict[str, Range | tuple[str, ...]]:
        """What is searched, by "set.NAME" and "train.FIELD"."""
        return {name: values for name, values in self._dimensions.items() if not isinstance(values, str)}

    @property
    def fixed(self) -> Configuration:
        return {name: value for name, value in self._dimensions.items() if isinstance(value, str)}

    @property
    def _dimensions(self) -> dict[str, Range | tuple[str, ...] | str]:
        options = {f"set.{name}": values for name, values in self.set.items()}
        return options | {f"train.{name}": values for name, values in self.train.items()}


def load_tune_file(path: Path) -> TuneFile:
    """UsageError with file and line for what can't be meant."""
    if not path.is_file():
        raise UsageError(f"No such file: {path}", _FIX)
    found, mistake = load_yaml(path, TypeAdapter(TuneFile), _FIX)
    if not found.space:
        raise mistake(("set",), "nothing is searched: no value is a list or a range")
    ranges = [name for name, values in found.space.items() if isinstance(values, Range)]
    if ranges and found.trials is None:
        raise mistake(tuple(ranges[0].split(".")), "a range has no end of values: say how many `trials`")
    parse_changes(f"{name}=1" for name in found.train)  # names a field twice, by its short and its full name
    return found
