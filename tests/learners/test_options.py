"""Options from recipes and `--set`: converted to the declared types, refused with the name and the value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest

import bench
from bench.learners.options import parse_settings, resolve_options


class Probe(bench.Learner):
    family = "reference"

    @dataclass
    class Options:
        hidden: int = 64
        rate: float = 0.1
        norm: Literal["support", "batch"] = "support"
        first_order: bool = False
        steps: tuple[int, ...] = ()
        backbone: str = "conv4"


def test_defaults() -> None:
    assert resolve_options(Probe, {}) == Probe.Options()


@pytest.mark.parametrize(
    "name, text, value",
    [
        ("hidden", "128", 128),
        ("rate", "1e-3", 1e-3),
        ("norm", "batch", "batch"),
        ("first_order", "true", True),
        ("steps", [0, 1, 5], (0, 1, 5)),
        ("backbone", "timm:resnet18", "timm:resnet18"),
    ],
)
def test_values_are_converted_to_the_declared_types(name: str, text: Any, value: Any) -> None:
    found = getattr(resolve_options(Probe, {name: text}), name)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    "name, value, said",
    [
        ("hidden", "many", "integer"),
        ("hidden", "1.5", "integer"),
        ("rate", "fast", "number"),
        ("norm", "layer", "'support' or 'batch'"),
        ("first_order", "maybe", "boolean"),
    ],
)
def test_a_wrong_value_names_option_expectation_and_value(name: str, value: str, said: str) -> None:
    with pytest.raises(bench.UsageError) as caught:
        resolve_options(Probe, {name: value})
    assert f"Option {name} of Probe" in caught.value.message
    assert said in caught.value.message and repr(value) in caught.value.message


def test_an_unknown_option_lists_the_near_one_and_all() -> None:
    with pytest.raises(bench.UsageError, match=r"Unknown option of Probe 'hiden'. Did you mean 'hidden'") as caught:
        resolve_options(Probe, {"hiden": "3"})
    assert "first_order" in caught.value.fix


def test_settings_are_split_at_the_first_equals_sign() -> None:
    assert parse_settings(["a=1", "b = x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}


@pytest.mark.parametrize("setting", ["norm", "=batch", ""])
def test_settings_need_a_key_and_an_equals_sign(setting: str) -> None:
    with pytest.raises(bench.UsageError, match="key=value"):
        parse_settings([setting])
