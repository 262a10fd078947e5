"""A folder with tiny learners, their recipes and their records, and runs in this process."""

from __future__ import annotations

import io
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from rich.console import Console

from bench.records import RunStore
from bench.runs.job import Job, Settings
from bench.runs.many import run_all
from bench.runs.outcome import Outcome
from tests.inprocess import resolve_here, run_here

TINY = Path(__file__).with_name("tiny.py")


@dataclass
class Workshop:
    """`folder` holds tiny.py, recipes.yaml and runs/."""

    folder: Path
    said: io.StringIO = field(default_factory=io.StringIO)

    def algo(self, name: str) -> str:
        """The --algo of a class of tiny.py; lower-case names are those of baselines."""
        return name if name.islower() or ":" in name else f"{self.folder / 'tiny.py'}:{name}"

    def recipe(self, learner: str, **fields: Any) -> None:
        """Give a tiny learner one recipe, `fast`, for all suites."""
        (self.folder / "recipes.yaml").write_text(yaml.safe_dump({learner.lower(): {"fast": {"*": fields}}}))

    def job(self, algo: str, suite: str, seed: int = 0, runs: str = "runs", **settings: Any) -> Job:
        asked = Settings(**{"budget": "smoke", "device": "cpu", "runs": self.folder / runs} | settings)
        (job,) = resolve_here(self.algo(algo), suite, [seed], asked)
        return job

    def run(self, algo: str, suite: str, seed: int = 0, runs: str = "runs", **settings: Any) -> Outcome:
        console = Console(file=self.said, width=200)
        os.environ["ROGUE_MET"] = "0"  # the fixture puts it back
        (outcome,) = run_all([self.job(algo, suite, seed, runs, **settings)], console, run_here)
        return outcome

    def scores(self, outcome: Outcome) -> pd.DataFrame:
        return RunStore(self.folder / "runs").read_scores(outcome.path, outcome.record)


@pytest.fixture
def workshop(tmp_path: Path, bench_data: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    monkeypatch.setenv("BENCH_DATA", str(bench_data))
    monkeypatch.setenv("ROGUE_MET", "0")
    shutil.copy(TINY, tmp_path / "tiny.py")
    return Workshop(tmp_path)
