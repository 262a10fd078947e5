"""The search over cells of a sweep: trials ask no test episode, failures have no value, restarts read again."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.records import Record, RunStore, Validation
from bench.sweeps.sweepfile import Entry
from bench.tuning.tune import tune
from bench.tuning.tunefile import TuneFile
from tests.conftest import Cli
from tests.records.factory import make_record

TINY = Path(__file__).parents[1] / "runs" / "tiny.py"
FILE = TuneFile.model_validate({"algo": "a", "suite": "s", "set": {"x": [1, 2, 3]}, "seeds": [0, 1]})


def _validated(entry: Entry, value: float, seed: int) -> Record:
    validation = Validation(metric="accuracy", mean=value, n=200, step=100, checks=20)
    return make_record(status="validated", reason=None, seed=seed, validation=validation)


def test_the_best_mean_over_seeds_wins_and_failures_have_no_value() -> None:
    values = {"": (0.5, 0.5), "1": (0.9, 0.2), "2": (0.6, 0.6), "3": None}
    asked: list[Entry] = []

    def carry_out(entries: Sequence[Entry]) -> list[dict[int, Record | str]]:
        asked.extend(entries)
        found = [values[entry.set.get("x", "")] for entry in entries]
        return [
            {seed: "its loss is not finite" if pair is None else _validated(entry, pair[seed], seed) for seed in (0, 1)}
            for entry, pair in zip(entries, found, strict=True)
        ]

    tuned = tune(FILE, True, carry_out)
    assert [trial.configuration.get("set.x") for trial in tuned.ranked] == ["2", "1", None, "3"]
    assert tuned.best and tuned.best.value == 0.6
    assert tuned.trials[3].reason == "seed 0: its loss is not finite; seed 1: its loss is not finite"
    assert not any(entry.test for entry in asked)
    final = tuned.entry_to_test(tuned.best)
    assert (final.test, final.configs_tried, final.set) == (True, 4, {"x": "2"})
    assert [trial.value for trial in tune(FILE, False, carry_out).ranked] == [0.5, 0.55, 0.6, None]


@pytest.mark.slow  # sixteen seconds
def test_as_typed(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three trials, one of which can't be; the best is tested, and its record says how many were tried."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(TINY, tmp_path / "tiny.py")
    (tmp_path / "widths.yaml").write_text(
        "algo: tiny.py:Dropped\nsuite: glyphs-5w1s\nbudget: smoke\nset: {width: [4, none]}\ntrain: {steps: 3}\n"
    )
    done = cli("tune", "widths.yaml", "--test", "--json", "--workers", "1")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    recipe, narrow, impossible = found["trials"]
    assert recipe["configuration"] == {"train.steps": "3"} and recipe["value"] is not None
    assert narrow["configuration"] == {"set.width": "4", "train.steps": "3"} and narrow["value"] is not None
    assert impossible["value"] is None and "width" in impossible["reason"]
    (tested,) = found["tested"].values()
    assert (tested["status"], tested["protocol"]["n_configs_tried"]) == ("ok", 3)
    assert tested["key"] in recipe["keys"] + narrow["keys"]  # trained once
    runs = [run.record for run in RunStore(tmp_path / "runs").runs() if run.record]
    others = [record for record in runs if record.key != tested["key"]]
    assert [(other.status, other.episodes) for other in others] == [("validated", 0)]

    again = cli("tune", "widths.yaml")
    assert again.code == 0 and "begun" not in again.err
    assert re.search(rf"^ +0  recipe +{100 * recipe['value']:.2f} %  {recipe['keys'][0][:8]}$", again.out, re.MULTILINE)
    assert "best of 3 by validation" in again.out
    assert "--configs-tried 3" in again.out and "trial 2: " in again.out
