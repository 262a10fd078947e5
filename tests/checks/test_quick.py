"""The quick form before a first run: what it refuses, what it remembers, what it leaves alone."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import torch

import bench
from bench.boards import build_boards
from bench.checks import QUICK_CHECKS, examine, find_leak, quick
from bench.domains import all_examples
from bench.learners.contract import unfit
from bench.learners.options import resolve_options
from bench.learners.registry import all_learners, load
from bench.records import RunStore
from bench.runs.job import Budget, Settings
from bench.runs.many import run_all
from bench.runs.outcome import Outcome
from tests.checks import cheats
from tests.inprocess import resolve_here, run_here

EXAMPLES = all_examples()

IMAGES = EXAMPLES["classification"]
CPU = torch.device("cpu")


def leak(learner: type[bench.Learner], runs: Path, spec: bench.TaskSpec = IMAGES, **options: str) -> str | None:
    return find_leak(learner, resolve_options(learner, options), spec, "source", runs, CPU)


@pytest.mark.parametrize("living", [cheats.InductiveRelationNet, cheats.InductiveMAML])
def test_a_leak_is_named_with_its_numbers_and_not_remembered(living: type[bench.Learner], tmp_path: Path) -> None:
    reason = leak(living, tmp_path, norm="batch")
    assert reason is not None and reason.startswith("leaks: queries_alone: relative difference ")
    assert "(at most 1e-06)" in reason and "queries_in_sevens" in reason
    assert leak(living, tmp_path, norm="batch") == reason and not list(tmp_path.iterdir())


def test_state_between_episodes_is_refused(tmp_path: Path) -> None:
    reason = leak(cheats.CarriesState, tmp_path)
    assert reason is not None and reason.startswith("leaks: no_state_between_episodes: ")


def test_random_answers_are_refused(tmp_path: Path) -> None:
    reason = leak(cheats.Random, tmp_path)
    assert reason is not None and reason.startswith("determinism: ")


def test_a_pass_is_remembered_for_source_options_and_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert leak(cheats.Honest, tmp_path) is None
    (file,) = (tmp_path / ".checks").iterdir()
    stored = json.loads(file.read_text())
    assert stored["learner"] == "Honest" and {result["state"] for result in stored["results"]} == {"passed", "skipped"}
    asked: list[object] = []
    monkeypatch.setattr(quick, "examine", lambda *a, **k: asked.append(a) or examine(*a, **k))
    wide = bench.ImageSpec(20, 5, 15, (1, 28, 28), n_train_classes=9)
    assert leak(cheats.Honest, tmp_path, wide) is None and asked == []
    assert find_leak(cheats.Honest, cheats.Honest.Options(), IMAGES, "another source", tmp_path, CPU) is None
    assert len(asked) == 1


class OnlyLarge(cheats.CentresQueries):
    """Has no answer for the built-in task's images."""

    def __init__(self, task: bench.TaskSpec, options: bench.Learner.Options) -> None:
        if task.x_shape[-1] != 32:
            raise ValueError("wants 32 pixels")
        super().__init__(task, options)


def test_who_can_not_answer_the_built_in_task_is_asked_the_suites_own(tmp_path: Path) -> None:
    spec = bench.ImageSpec(5, 1, 3, (1, 32, 32), n_train_classes=9)
    reason = leak(OnlyLarge, tmp_path, spec)
    assert reason is not None and reason.startswith("leaks: queries_alone")


def test_who_can_not_answer_at_all_is_left_to_its_run(tmp_path: Path) -> None:
    assert leak(cheats.WrongShape, tmp_path) is None and not list(tmp_path.iterdir())
    assert leak(cheats.NotFinite, tmp_path) is None and not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(all_learners()))
def test_the_quick_form_is_cheap(name: str) -> None:
    learner = load(all_learners()[name])
    for spec in EXAMPLES.values():
        if unfit(learner, spec) is None:
            examine(learner, learner.Options(), spec, QUICK_CHECKS[:1])  # first use imports parts of torch
            began = time.process_time()
            examine(learner, learner.Options(), spec, QUICK_CHECKS)
            assert time.process_time() - began < 4


def _run(algo: str, suite: str, runs: Path, budget: Budget = "smoke", **overrides: str) -> Outcome:
    from rich.console import Console

    settings = Settings(budget=budget, device="cpu", runs=runs, overrides=overrides)
    (outcome,) = run_all(resolve_here(algo, suite, [0], settings), Console(quiet=True), run_here)
    return outcome


@pytest.mark.parametrize("living", ["InductiveRelationNet", "InductiveMAML", "CentresQueries"])
def test_a_leaking_run_is_a_failed_record_and_on_no_board(
    living: str, tmp_path: Path, bench_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_DATA", str(bench_data))
    overrides = {"norm": "batch"} if living.startswith("Inductive") else {}
    outcome = _run(f"{cheats.__file__}:{living}", "glyphs-5w1s", tmp_path, "full", **overrides)
    record = RunStore(tmp_path).read(outcome.path)
    assert record.status == "failed" and record.reason is not None and record.reason.startswith("leaks: queries_alone")
    assert record.metrics == [] and record.timing.train_s is None, "it was not trained"
    assert not record.protocol.transductive
    (board,) = build_boards(tmp_path)
    assert board.rows == () and "leaks: queries_alone" in str(board.left_out)


def test_a_run_is_the_same_whether_examined_before_it_or_not(tmp_path: Path) -> None:
    first = _run("cnp", "gp1d-rbf", tmp_path / "a")
    assert list((tmp_path / "a" / ".checks").iterdir())
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / ".checks").rename(tmp_path / "b" / ".checks")
    second = _run("cnp", "gp1d-rbf", tmp_path / "b")
    assert first.record.scores == second.record.scores and first.record.checkpoint == second.record.checkpoint
    assert [run.record for run in RunStore(tmp_path / "a").runs()] == [first.record], "the memory is no run"
