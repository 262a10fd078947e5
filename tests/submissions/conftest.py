"""Real smoke runs, made once a session and packed, and what a cheat does to a copy of them."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest
import yaml
from rich.console import Console

from bench.records import Record, describe_scores
from bench.records.compact import read_scores_file
from bench.records.files import RECORD, read_record, record_bytes
from bench.records.parquet import parquet_bytes
from bench.records.scores import normal_scores
from bench.records.store import RECIPE, SCORES
from bench.submissions.bundle import BUNDLE, BundleFile, file_entry, read_bundle_file, record_entry
from bench.submissions.container import files_below
from bench.submissions.entry import read_entry
from bench.submissions.identity import key_of
from bench.submissions.pack import bundle_bytes, default_checklist, pack


@dataclass(frozen=True)
class Packed:
    """A bundle, the store its run lies in, and the images it was measured on."""

    folder: Path
    runs: Path
    data: Path


@dataclass(frozen=True)
class Cheat:
    """A copy of a bundle to tamper with."""

    folder: Path

    @property
    def record(self) -> Record:
        return read_record(self.folder / RECORD)

    def scores(self) -> pd.DataFrame:
        return read_scores_file(self.folder / SCORES)

    def write_scores(self, scores: pd.DataFrame) -> None:
        (self.folder / SCORES).write_bytes(parquet_bytes(normal_scores(scores)))

    def write_record(self, record: Record) -> None:
        (self.folder / RECORD).write_bytes(record_bytes(record))

    def edit_record(self, change: Callable[[dict[str, Any]], None]) -> None:
        fields = json.loads((self.folder / RECORD).read_bytes())
        change(fields)
        self.write_record(Record.model_validate(fields))

    def edit_recipe(self, change: Callable[[dict[str, Any]], None]) -> None:
        recipe = yaml.safe_load((self.folder / RECIPE).read_bytes())
        change(recipe)
        (self.folder / RECIPE).write_text(yaml.safe_dump(recipe, sort_keys=True))

    def fix_metrics(self) -> None:
        """Recompute everything in the record that follows from the scores, hash included."""
        from bench.runs.metrics import metrics
        from bench.tasks.registry import find_suite

        scores, record = normal_scores(self.scores()), self.record
        update = {"scores": describe_scores(scores), "metrics": metrics(find_suite(record.suite.name), scores)}
        self.write_record(record.model_copy(update=update))

    def fix_key(self) -> None:
        key = key_of(read_entry(self.folder))
        self.write_record(self.record.model_copy(update={"key": key}))

    def fix_bundle(self) -> None:
        """Hash every file anew, as somebody who has read this code would."""
        bundle = read_bundle_file(self.folder)
        assert bundle is not None
        found = files_below(self.folder)
        found.pop(BUNDLE)
        record = self.record
        files = {n: record_entry(p) if n == RECORD else file_entry(p) for n, p in found.items()}
        fixed = BundleFile.model_validate({**bundle.model_dump(by_alias=True), "key": record.key, "files": files})
        (self.folder / BUNDLE).write_bytes(bundle_bytes(fixed))


def measure(
    algo: str, suite: str, runs: Path, data: Path, episodes: int, budget: Literal["smoke", "full"] = "smoke"
) -> Path:
    from bench.runs.job import Settings
    from tests.inprocess import resolve_here, run_here

    settings = Settings(budget=budget, episodes=episodes, device="cpu", data_dir=data, runs=runs, command="bench run")
    outcome = run_here(resolve_here(algo, suite, [0], settings)[0], Console(file=io.StringIO()))
    assert outcome.record is not None and outcome.record.status == "ok", outcome.record.reason
    return outcome.path


def _pack(path: Path, out: Path, batch_norm: str) -> Path:
    return pack(path, default_checklist(read_record(path / RECORD), "tester", batch_norm, None, ""), out)


@pytest.fixture(scope="session")
def images(bench_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """ProtoNet on glyphs, 20 steps, 2,000 test episodes; nearest_centroid lies in the same store."""
    root = tmp_path_factory.mktemp("images")
    measure("nearest_centroid", "glyphs-5w1s", root / "runs", bench_data, 2_000)
    path = measure("protonet", "glyphs-5w1s", root / "runs", bench_data, 2_000)
    return Packed(_pack(path, root / "bundle", "running"), root / "runs", bench_data)


@pytest.fixture(scope="session")
def functions(bench_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """MAML on sinusoids, 20 steps, 100 test episodes."""
    root = tmp_path_factory.mktemp("functions")
    path = measure("maml", "sinusoid-10s", root / "runs", bench_data, 100)
    return Packed(_pack(path, root / "bundle", "none"), root / "runs", bench_data)


@pytest.fixture
def cheat(images: Packed, tmp_path: Path) -> Cheat:
    return Cheat(Path(shutil.copytree(images.folder, tmp_path / "copy")))


@pytest.fixture
def function_cheat(functions: Packed, tmp_path: Path) -> Cheat:
    return Cheat(Path(shutil.copytree(functions.folder, tmp_path / "copy")))
