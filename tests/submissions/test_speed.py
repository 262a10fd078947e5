"""`bench time`: a speed goes into the record with date and hardware, and only where the answers are the record's."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from rich.console import Console

from bench.boards.board.build import _speed
from bench.errors import Mismatch
from bench.records import RunStore
from bench.records.lease import machine_shared
from bench.runs.device import choose_device
from bench.runs.job import Settings
from bench.submissions import speed
from bench.submissions.entry import read_entry
from bench.submissions.replay import Site
from tests.conftest import Cli
from tests.inprocess import resolve_here, run_here
from tests.submissions.conftest import Packed


@pytest.fixture
def run(functions: Packed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a finished run of a hundred episodes, on a machine of the test's own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    shutil.copytree(functions.runs, tmp_path / "runs")
    (found,) = RunStore(tmp_path / "runs").runs("sinusoid-10s", "maml")
    return found.path


def _site() -> Site:
    return Site(choose_device("cpu"), None, None)


def test_the_record_gets_date_hardware_and_speed_and_nothing_else_changes(run: Path, cli: Cli) -> None:
    store = RunStore(run.parents[2])
    before = store.read(run)
    assert before.timing.measured is None and before.timing.adapt_ms_p50 is None
    done = cli("time", run, "--device", "cpu")
    assert done.code == 0 and "maml" in done.out, done.err
    after = store.read(run)
    timing = after.timing
    assert timing.measured is not None and timing.hardware_class == before.environment.hardware_class
    assert timing.adapt_ms_p50 and timing.adapt_ms_p95 and timing.adapt_ms_p50 <= timing.adapt_ms_p95
    assert timing.eval_episodes_per_s and timing.repeats == 50 and timing.train_s == before.timing.train_s
    assert after.model_copy(update={"timing": before.timing}) == before
    assert not list(run.parent.glob(".*"))


def test_a_run_that_answers_otherwise_is_refused(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published = speed.published_scores

    def altered(entry):
        scores = published(entry)
        scores.loc[3, "score"] += 1.0
        return scores

    monkeypatch.setattr(speed, "published_scores", altered)
    before = (run / "record.json").read_bytes()
    with pytest.raises(Mismatch, match="the scores are not those of the record"):
        speed.measure_speed(read_entry(run), _site(), lambda text: None)
    assert (run / "record.json").read_bytes() == before


def test_it_waits_for_runs_that_are_being_made(run: Path) -> None:
    said: list[str] = []
    waits = threading.Event()

    def say(text: str) -> None:
        said.append(text)
        waits.set()

    measuring = threading.Thread(target=lambda: speed.measure_speed(read_entry(run), _site(), say))
    with machine_shared():
        measuring.start()
        assert waits.wait(60)
        assert RunStore(run.parents[2]).read(run).timing.measured is None
    measuring.join(60)
    assert said == ["waiting for runs on this machine to end"]
    assert RunStore(run.parents[2]).read(run).timing.measured is not None


def test_the_board_takes_the_speed_that_was_measured_alone(run: Path) -> None:
    store = RunStore(run.parents[2])
    assert _speed([store.read(run)]) is None
    record = speed.measure_speed(read_entry(run), _site(), lambda text: None)
    quiet, disturbed = (
        record.model_copy(update={"timing": record.timing.model_copy(update={"contended": contended})})
        for contended in (False, True)
    )
    found = _speed([quiet])
    assert found is not None and found.episodes_per_s == quiet.timing.eval_episodes_per_s
    assert _speed([disturbed]) is None


def test_a_learner_that_is_not_installed_is_named(tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.learners.registry._registered", {})
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    file = Path(__file__).parents[1] / "runs" / "tiny.py"
    settings = Settings(budget="smoke", device="cpu", runs=tmp_path / "runs", overrides={"mode": "well"})
    outcome = run_here(resolve_here(f"{file}:Rogue", "sinusoid-10s", [0], settings)[0], Console(quiet=True))
    refused = cli("time", outcome.path, "--device", "cpu")
    assert refused.code == 2 and "--adapter" in refused.err
    assert cli("time", outcome.path, "--device", "cpu", "--adapter", f"{file}:Rogue").code == 0
    assert RunStore(tmp_path / "runs").read(outcome.path).timing.measured is not None
