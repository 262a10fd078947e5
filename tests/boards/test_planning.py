"""`bench plan`: episodes and seeds from the records are those of bench.stats, in the unit a person gave."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.boards.compare.planning import plan_from_runs, plan_from_sds
from bench.errors import UsageError
from bench.stats import episodes_needed, pilot_variances, plan
from tests.boards.test_formats import same_as_golden
from tests.conftest import Cli
from tests.records.factory import accuracy_scores, regression_scores, store_run

SUITE = "glyphs-5w1s"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("plan")
    for seed in range(3):
        store_run(root, accuracy_scores(2000, 0.95, seed), seed=seed)
        store_run(root, accuracy_scores(2000, 0.94, seed + 9), seed=seed, algorithm__name="relnet")
        store_run(root, regression_scores(2000, 0.2, seed), seed=seed, algorithm__name="maml")
        store_run(root, regression_scores(2000, 0.3, seed + 9), seed=seed, algorithm__name="cnp")
    store_run(root, accuracy_scores(2000, 0.9, 5), algorithm__name="maml")
    return root


def test_accuracies_are_planned_in_points(root: Path) -> None:
    found = plan_from_runs([root], SUITE, ["protonet", "relnet"], 0.2, 0.8, 0.95, None)
    a, b = (100 * np.stack([accuracy_scores(2000, m, s)["score"] for s in range(k, k + 3)])
            for m, k in ((0.95, 0), (0.94, 9)))  # fmt: skip
    pilot = pilot_variances(a, b)
    assert found.unit == "points" and found.algorithms == tuple(plan(pilot, 0.2))
    (checkpoint,) = found.checkpoints
    assert checkpoint.sd == pytest.approx((pilot.episode + pilot.interaction) ** 0.5)
    assert checkpoint.episodes == episodes_needed(checkpoint.sd, 0.2)


@pytest.mark.parametrize("ratio", [1.1, 1 / 1.1])
def test_errors_are_planned_as_ratios(root: Path, ratio: float) -> None:
    found = plan_from_runs([root], "sinusoid-10s", ["maml", "cnp"], ratio, 0.9, 0.95, None)
    a, b = (
        np.stack([regression_scores(2000, m, s)["score"] for s in range(k, k + 3)]) for m, k in ((0.2, 0), (0.3, 9))
    )
    assert found.unit == "times" and found.of_errors
    assert found.algorithms == tuple(plan(pilot_variances(np.log(a), np.log(b)), np.log(1.1), power=0.9))


@pytest.mark.parametrize("ratio", ["1", "0", "-0.5", "inf"])
def test_a_ratio_of_errors_is_positive_and_not_1(root: Path, cli: Cli, ratio: str) -> None:
    done = cli("plan", "maml", "cnp", "-s", "sinusoid-10s", "--delta", ratio, "--runs", root)
    assert done.code == 2 and "ratio of two errors" in done.err and "--delta 1.1" in done.err


def test_a_checkpoint_says_nothing_about_seeds(root: Path) -> None:
    found = plan_from_runs([root], SUITE, ["protonet", "maml"], 0.5, 0.8, 0.95, None)
    assert found.algorithms == () and found.pilot is None and found.note.startswith("maml: fewer than 3 seeds")


def test_usual_spreads_need_no_runs(cli: Cli) -> None:
    assert [row.episodes for row in plan_from_sds(0.5, 0.8, 0.95).checkpoints] == [283, 636, 1131]
    done = cli("plan", "--delta", "0.5")
    assert done.code == 0 and "1,131" in done.out


def test_the_terminal_at_a_fixed_width(root: Path, cli: Cli) -> None:
    done = cli("plan", "protonet", "relnet", "--suite", SUITE, "--delta", "0.2", "--runs", root)
    same_as_golden("plan.txt", "\n".join(line.rstrip() for line in done.out.splitlines()) + "\n")


def test_json_parses_and_seeds_beyond_reach_are_null(root: Path, cli: Cli) -> None:
    found = json.loads(cli("plan", "protonet", "relnet", "-s", SUITE, "--delta", "0.001", "--runs", root, "--json").out)
    assert found["algorithms"][0] == {"episodes": 600, "seeds": None} and found["pilot_sd"]["seed"] >= 0


@pytest.mark.parametrize(
    "arguments", [("protonet",), ("protonet", "relnet"), ("protonet", "relnet", "maml", "-s", SUITE), ("-s", SUITE)]
)
def test_mistakes_exit_with_2(root: Path, cli: Cli, arguments: tuple[str, ...]) -> None:
    assert cli("plan", *arguments, "--delta", "0.5", "--runs", root).code == 2


@pytest.mark.parametrize(("delta", "power"), [("0", "0.8"), ("-1", "0.8"), ("0.5", "1.5")])
def test_impossible_numbers_exit_with_2(cli: Cli, delta: str, power: str) -> None:
    assert cli("plan", "--delta", delta, "--power", power).code == 2


def test_equal_scores_leave_nothing_to_plan(tmp_path: Path) -> None:
    for name in ("a", "b"):
        store_run(tmp_path, accuracy_scores(2000), algorithm__name=name)
    with pytest.raises(UsageError, match="nothing to plan"):
        plan_from_runs([tmp_path], SUITE, ["a", "b"], 0.5, 0.8, 0.95, None)
