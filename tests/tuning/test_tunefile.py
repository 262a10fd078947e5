"""Files of a search: how they may be written, and what is said of those that can't be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.tuning.tunefile import Range, TuneFile, load_tune_file

WHOLE = """
algo: protonet
suite: glyphs-5w1s
seeds: 0-2
budget: short
set: {temperature: [1, 16], flip: true, norm: [batch, running]}
train: {lr: {from: 3.0e-4, to: 3.0e-3, log: true}, way: {from: 5, to: 20, whole: true}, steps: 500}
trials: 12
at_once: 3
sampler_seed: 5
"""


def _file(folder: Path, text: str) -> TuneFile:
    path = folder / "search.yaml"
    path.write_text(text)
    return load_tune_file(path)


def test_lists_and_ranges_are_searched_and_values_are_fixed(tmp_path: Path) -> None:
    file = _file(tmp_path, WHOLE)
    assert file.space == {
        "set.temperature": ("1", "16"),
        "set.norm": ("batch", "running"),
        "train.lr": Range(low=3e-4, high=3e-3, log=True),
        "train.way": Range(low=5, high=20, whole=True),
    }
    assert file.fixed == {"set.flip": "True", "train.steps": "500"}
    assert (file.seeds, file.trials, file.at_once, file.sampler_seed) == ((0, 1, 2), 12, 3, 5)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.00123456, "0.00123"), (0.0003, "0.0003"), (0.00299999, "0.003"), (1234.0, "1230"), (3000.1, "3000")],
)
def test_values_are_drawn_to_three_digits_and_stay_between_the_ends(value: float, text: str) -> None:
    assert Range(low=3e-4, high=3000).text(value) == text
    assert Range(low=-1, high=1).text(0.0) == "0"
    assert Range(low=1, high=8, whole=True).text(3.0) == "3"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("set: {temperature: [1, 16], flip: true, norm: [batch, running]}", "set: {flip: true}"), None),
        (("trials: 12\n", ""), r"search.yaml:7: train.lr: a range has no end of values: say how many `trials`"),
        (("to: 3.0e-3", "to: 3.0e-4"), r"search.yaml:7: .*expected `from` below `to`, found 0.0003 and 0.0003"),
        (("from: 3.0e-4", "from: 0"), r"search.yaml:7: .*a logarithmic range lies above 0"),
        (("from: 5,", "from: 5.5,"), r"search.yaml:7: .*a range of whole numbers has whole ends"),
        (("algo: protonet\n", ""), r"algo: Field required"),
        (("trials: 12", "trials: 0"), r"search.yaml:8: trials"),
        (("seeds: 0-2", "seeds: few"), r"search.yaml:4: seeds: .*Expected seeds like 0, 0-2"),
        (("steps: 500", "optimizer.lr: 1"), r"--train gives optimizer.lr twice"),
        (("[1, 16]", "[]"), r"search.yaml:6: set.temperature"),
    ],
)
def test_what_can_not_be_meant(tmp_path: Path, change: tuple[str, str], says: str | None) -> None:
    text = WHOLE.replace(*change)
    assert text != WHOLE
    if says is None:
        assert "set.temperature" not in _file(tmp_path, text).space
        return
    with pytest.raises(UsageError, match=says):
        _file(tmp_path, text)


def test_a_search_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing is searched"):
        _file(tmp_path, "algo: protonet\nsuite: glyphs-5w1s\nset: {temperature: 1}\n")
