"""Every interval holds as often as it says; the page shows what the simulation gives."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench import stats
from bench.errors import UsageError
from bench.stats import coverage

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
ROWS = [
    line for line in PAGE.split(coverage.BEGIN)[1].split(coverage.END)[0].splitlines() if re.search(r"\d\.\d", line)
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "index", range(len(coverage.SCENARIOS)), ids=[f"{s.name}-{s.method}" for s in coverage.SCENARIOS]
)
def test_claim_holds_as_often_as_expected_and_as_documented(index):
    outcome = coverage.simulate(coverage.SCENARIOS[index])
    assert outcome.as_expected, f"held in {outcome.rate:.3f}"
    documented = float(ROWS[index].split("|")[3])
    assert abs(documented - outcome.rate) <= 2 * outcome.tolerance  # another NumPy may draw other numbers


@pytest.mark.slow
def test_another_seed_finds_the_same_for_the_crossed_intervals():
    crossed = [s for s in coverage.SCENARIOS if s.method.startswith("crossed")]
    assert all(coverage.simulate(scenario, seed=1).as_expected for scenario in crossed)


def test_the_page_shows_every_scenario_in_order():
    assert len(ROWS) == len(coverage.SCENARIOS)
    for row, scenario in zip(ROWS, coverage.SCENARIOS, strict=True):
        rate = float(row.split("|")[3])
        assert coverage.table([coverage.Outcome(scenario, rate)]).splitlines()[-1] == row
        assert coverage.Outcome(scenario, rate).as_expected


def test_every_interval_and_test_has_a_scenario():
    simulated = " ".join(s.method for s in coverage.SCENARIOS)
    no_claims = {
        "PREFIXES",
        "compare_to",
        "holm",
        "log_errors",
        "needed_to_decide",
        "pilot_variances",
        "variance_split",
    }
    claims = set(stats.__all__) - no_claims
    assert [name for name in sorted(claims) if name[0].islower() and name not in simulated] == []


def test_a_broken_method_would_be_noticed():
    honest = coverage.Scenario(
        "a claim that holds half the time", "t_interval", lambda rng: rng.random() < 0.5, 0.95, 0.95, 100
    )
    assert not coverage.simulate(honest).as_expected


def test_a_scenario_draws_the_same_alone_and_among_others():
    scenario = coverage.Scenario("coin", "coin", lambda rng: rng.random() < 0.5, 0.5, 0.5, 200)
    assert coverage.simulate(scenario) == coverage.simulate(scenario)
    assert coverage.simulate(scenario).rate != coverage.simulate(scenario, seed=1).rate


def test_a_page_without_markers_is_refused_before_the_simulation(tmp_path):
    with pytest.raises(UsageError, match="markers"):
        coverage.insert("no table here\n", "table")
    page = tmp_path / "page.md"
    page.write_text("no table here\n")
    command = [sys.executable, "-m", "bench.stats.coverage", "--write", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=20)
    assert done.returncode == 2 and "markers" in done.stderr and "Traceback" not in done.stderr
    assert page.read_text() == "no table here\n"
