"""What cells will probably cost: the numbers by hand, from made records."""

from __future__ import annotations

from typing import Any

import pytest

from bench.records import Memory, Record, Timing
from bench.runs.job import Job, Settings
from bench.sweeps.costs import Costs
from tests.inprocess import resolve_here
from tests.records.factory import make_record, regression_scores
from tests.sweeps.conftest import Sweeps

HERE, ELSEWHERE = "cpu-here", "gpu-there"


@pytest.fixture
def job(sweeps: Sweeps) -> Job:
    """tiny.py:Latent on sinusoid-10s: 40 steps of 5 episodes."""
    (sweeps.folder / "recipes.yaml").write_text("latent: {fast: {'*': {steps: 40, batch: 5}}}\n")
    asked = Settings(runs=sweeps.runs, device="cpu")
    return resolve_here(str(sweeps.folder / "tiny.py") + ":Latent", "sinusoid-10s", [0], asked)[0]


def _record(job: Job, minutes: int = 2, rate: float | None = None, mib: float | None = None, **changes: Any) -> Record:
    """Of the job, from 03:00 on."""
    record = make_record(regression_scores(20), algorithm__name="x", seed=0, started="2026-01-02T03:00:00Z",
                         finished=f"2026-01-02T03:{minutes:02}:00Z")  # fmt: skip
    algorithm = record.algorithm.model_copy(update={"origin": job.info.origin, "options": job.facts.options})
    environment = record.environment.model_copy(update={"hardware_class": changes.pop("hardware", HERE)})
    suite = record.suite.model_copy(update={"name": changes.pop("suite", "sinusoid-10s")})
    algorithm = algorithm.model_copy(update={"origin": changes.pop("origin", job.info.origin)})
    fields = {"timing": Timing(train_episodes_per_s=rate), "memory": Memory(peak_host_mib=mib)}
    fields |= {"algorithm": algorithm, "environment": environment, "suite": suite, "recipe": "fast"}
    return record.model_copy(update=fields | changes)


def test_nothing_is_known(job: Job) -> None:
    found = Costs([], HERE).estimate(job)
    assert (found.seconds, found.memory_mib) == (40 * 5 * 0.02 + 10, 700)
    assert found.basis == "the recipe"


def test_the_same_cell_before_counts_by_its_median_and_its_largest_memory(job: Job) -> None:
    records = [
        _record(job, minutes, mib=mib, seed=seed) for minutes, mib, seed in ((2, 300, 1), (9, 800, 2), (4, 1, 3))
    ]
    found = Costs(records, HERE).estimate(job)
    assert (found.seconds, found.memory_mib, found.basis) == (240, 800, "its earlier runs")


def test_a_continued_training_took_what_all_its_attempts_did(job: Job) -> None:
    found = Costs([_record(job, 2, timing=Timing(train_s=500, eval_s=60))], HERE).estimate(job)
    assert found.seconds == 560


@pytest.mark.parametrize(
    "other", [{"budget": "short"}, {"recipe": "paper"}, {"suite": "sinusoid-5s"}, {"status": "failed"}]
)
def test_another_cell_is_not_the_same(job: Job, other: dict[str, Any]) -> None:
    assert Costs([_record(job, **other)], HERE).estimate(job).basis != "its earlier runs"


def test_on_another_suite_its_speed_counts(job: Job) -> None:
    records = [_record(job, rate=rate, mib=450, suite="sinusoid-5s") for rate in (4.0, 20.0, 8.0)]
    found = Costs(records, HERE).estimate(job)
    assert (found.seconds, found.memory_mib) == (40 * 5 / 8 + 10, 450)
    assert found.basis == "its speed on other suites"


def test_other_learners_speeds_count_where_its_own_is_not_known(job: Job) -> None:
    found = Costs([_record(job, rate=50.0, origin="baselines/np.py")], HERE).estimate(job)
    assert found.seconds == 40 * 5 / 50 + 10 and "other learners" in found.basis


def test_this_machines_records_go_first_and_others_are_named(job: Job) -> None:
    there = [_record(job, 20, hardware=ELSEWHERE), _record(job, 40, hardware=ELSEWHERE, seed=1)]
    found = Costs(there, HERE).estimate(job)
    assert (found.seconds, found.basis) == (30 * 60, "its earlier runs, on other hardware")
    found = Costs([*there, _record(job, 3, seed=2)], HERE).estimate(job)
    assert (found.seconds, found.basis) == (180, "its earlier runs")


def test_a_learner_with_nothing_to_train_takes_what_it_took_elsewhere(sweeps: Sweeps) -> None:
    asked = Settings(runs=sweeps.runs, device="cpu")
    (chance,) = resolve_here("chance", "sinusoid-10s", [0], asked)
    nothing = Costs([], HERE).estimate(chance)
    assert (nothing.seconds, nothing.basis) == (10, "a guess")
    known = _record(chance, 1, suite="sinusoid-5s")
    known = known.model_copy(update={"algorithm": known.algorithm.model_copy(update={"trains": False})})
    found = Costs([known], HERE).estimate(chance)
    assert (found.seconds, found.basis) == (60, "its runs on other suites")
