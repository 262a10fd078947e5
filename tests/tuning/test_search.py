"""Which configurations a search tries, with values that the test makes up."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import pytest

from bench.errors import UsageError
from bench.tuning.search import batches
from bench.tuning.tunefile import Configuration, TuneFile

GRID = TuneFile.model_validate(
    {"algo": "a", "suite": "s", "set": {"x": [1, 2], "y": ["p", "q", "r"], "z": 5}, "train": {"steps": 7}}
)
FIXED = {"set.z": "5", "train.steps": "7"}
RANGE = TuneFile.model_validate(
    {"algo": "a", "suite": "s", "train": {"lr": {"from": 1e-4, "to": 1, "log": True}}, "trials": 60, "at_once": 3}
)


def _all(
    file: TuneFile, value: Callable[[Configuration], float | None], higher: bool = True
) -> list[list[Configuration]]:
    search, made = batches(file, higher), []
    batch = next(search)
    while True:
        made.append(batch)
        try:
            batch = search.send([value(configuration) for configuration in batch])
        except StopIteration:
            return made


def _near(configuration: Configuration) -> float:
    """Best at .03."""
    return -abs(math.log10(float(configuration.get("train.lr", 1))) + 1.5)


def test_a_grid_is_the_recipe_as_it_is_and_every_combination_once() -> None:
    first, rest = _all(GRID, lambda configuration: 0.0)
    assert first == [FIXED]
    assert rest == [FIXED | {"set.x": x, "set.y": y} for x in "12" for y in "pqr"]


def test_a_sampler_makes_as_many_trials_as_the_file_says_and_learns_from_their_values() -> None:
    pytest.importorskip("optuna")
    first, *rest = _all(RANGE, _near)
    assert first == [{}] and [len(batch) for batch in rest] == [3] * 20
    drawn = [float(configuration["train.lr"]) for batch in rest for configuration in batch]
    assert all(1e-4 <= rate <= 1 for rate in drawn)
    early, late = [[-_near({"train.lr": str(rate)}) for rate in part] for part in (drawn[:20], drawn[-20:])]
    assert sum(late) < 0.75 * sum(early)  # .35 to .71 with eight other seeds of the sampler


def test_the_same_file_and_values_ask_for_the_same_trials() -> None:
    pytest.importorskip("optuna")
    assert _all(RANGE, _near) == _all(RANGE, _near)
    other = RANGE.model_copy(update={"sampler_seed": 1})
    assert _all(RANGE, _near) != _all(other, _near)


def test_the_sampler_knows_which_direction_is_better() -> None:
    pytest.importorskip("optuna")
    assert _all(RANGE, _near) == _all(RANGE, lambda found: -_near(found), higher=False)


def test_trials_without_a_value_are_no_end() -> None:
    pytest.importorskip("optuna")
    assert len(_all(RANGE, lambda configuration: None)) == 21


def test_without_optuna_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UsageError, match="not installed") as caught:
        _all(RANGE, _near)
    assert "meta-bench[tune]" in caught.value.fix
