"""What a board takes, what it leaves out, and that it says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.boards import Board, build_boards
from bench.records import Timing
from bench.stats import crossed_difference, crossed_interval
from tests.records.factory import accuracy_scores, make_record, regression_scores, store_run


def board(root: Path) -> Board:
    (only,) = build_boards(root)
    return only


def test_every_run_is_on_the_board_or_left_out_with_a_reason(results: Path) -> None:
    boards = build_boards(results)
    shown = [key for b in boards for row in b.rows for key in row.keys]
    hidden = [item.key for b in boards for item in b.left_out]
    stored = [path.parent.name for path in results.glob("*/*/*/record.json")]
    assert sorted(shown + hidden) == sorted(stored)
    assert all(item.reason for b in boards for item in b.left_out)


def test_the_score_is_over_all_seeds_of_exactly_the_official_prefix(tmp_path: Path) -> None:
    runs = [accuracy_scores(n, 0.9, seed) for seed, n in enumerate((2000, 2300, 5000))]
    for seed, scores in enumerate(runs):
        store_run(tmp_path, scores, seed=seed)
    (row,) = board(tmp_path).rows
    expected = crossed_interval(np.stack([scores["score"][:2000] for scores in runs]))
    assert row.score == expected and row.score.n == 2000
    assert row.score_label == "closed, new seeds" and row.label == "" and row.seeds == (0, 1, 2)


def test_editing_the_means_of_a_record_changes_no_board(tmp_path: Path) -> None:
    path = store_run(tmp_path, accuracy_scores(2000)) / "record.json"
    before = board(tmp_path)
    mean = make_record(accuracy_scores(2000)).metrics[0].mean
    path.write_text(path.read_text().replace(f'"mean": {mean!r}', '"mean": 0.999'))
    assert "0.999" in path.read_text() and board(tmp_path) == before


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"budget": "short"}, "budget short"),
        ({"status": "interrupted", "reason": "Ctrl-C"}, "interrupted: Ctrl-C"),
        ({"status": "timeout"}, "timeout"),
    ],
)
def test_inadmissible_runs_are_left_out(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    store_run(tmp_path, accuracy_scores(2000), **changes)
    found = board(tmp_path)
    assert found.rows == () and found.metric is None
    assert found.left_out[0].reason.startswith(reason)


def test_an_unpinned_suite_has_a_board_and_its_rows_say_so(tmp_path: Path) -> None:
    store_run(tmp_path, accuracy_scores(2000), suite__pinned=False)
    assert board(tmp_path).rows[0].flags == ("unpinned",)


def test_an_unpinned_run_stands_beside_no_pinned_one(tmp_path: Path) -> None:
    store_run(tmp_path, accuracy_scores(2000))
    store_run(tmp_path, accuracy_scores(2000), seed=1, suite__pinned=False, finished="2027-02-01T00:00:00Z")
    found = board(tmp_path)
    assert found.rows[0].seeds == (0,) and found.rows[0].flags == ()
    assert found.left_out[0].reason.startswith("unpinned")


def test_too_few_episodes_are_left_out(tmp_path: Path) -> None:
    store_run(tmp_path, accuracy_scores(1999))
    assert board(tmp_path).left_out[0].reason == "1,999 episodes: boards take at least 2,000"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"suite__version": 2}, "suite version 1: the board shows version 2"),
        ({"suite__manifest_sha256": "f" * 64}, "other episodes: manifest a1a1a1a1a1a1"),
        ({"suite__data_fingerprint": "f" * 64}, "other data: fingerprint b2b2b2b2b2b2"),
    ],
)
def test_other_episodes_never_mix(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    store_run(tmp_path, accuracy_scores(2000))
    store_run(tmp_path, accuracy_scores(2000), seed=1, finished="2026-02-01T00:00:00Z", **change)
    found = board(tmp_path)
    assert [row.seeds for row in found.rows] == [(1,)]
    assert found.left_out[0].reason.startswith(reason)


def test_tampered_and_damaged_runs_are_left_out_without_local_paths(tmp_path: Path) -> None:
    tampered = store_run(tmp_path, accuracy_scores(2000), seed=0)
    accuracy_scores(2000, seed=9).to_parquet(tampered / "scores.parquet")
    damaged = store_run(tmp_path, accuracy_scores(2000), seed=1)
    (damaged / "record.json").write_text("{")
    (tmp_path / "glyphs-5w1s/protonet/half").mkdir()
    store_run(tmp_path, accuracy_scores(2000), seed=2)
    found = board(tmp_path)
    reasons = {item.key: item.reason for item in found.left_out}
    assert [row.seeds for row in found.rows] == [(2,)]
    assert "expected sha256" in reasons[tampered.name]
    assert "not valid JSON" in reasons[damaged.name] and "half-written" in reasons["half"]
    assert not any(str(tmp_path) in reason for reason in reasons.values())


@pytest.mark.parametrize(("count", "label"), [(1, "checkpoint"), (2, "2 checkpoints"), (3, ""), (5, "")])
def test_few_seeds_are_checkpoints(tmp_path: Path, count: int, label: str) -> None:
    for seed in range(count):
        store_run(tmp_path, accuracy_scores(2000, seed=seed), seed=seed)
    (row,) = board(tmp_path).rows
    assert row.label == label and row.seeds == tuple(range(count))


def test_a_seed_that_failed_is_told_on_the_row(tmp_path: Path) -> None:
    store_run(tmp_path, accuracy_scores(2000), seed=0)
    store_run(tmp_path, None, seed=1)
    store_run(tmp_path, None, seed=2, algorithm__name="maml")
    (row,) = board(tmp_path).rows
    assert row.flags == ("seed 1 failed",)


def test_a_newer_source_flags_the_older_rows_on_every_suite(tmp_path: Path) -> None:
    for seed in range(3):
        store_run(tmp_path, accuracy_scores(2000, seed=seed), seed=seed)
    store_run(tmp_path, regression_scores(2000))
    later = {"algorithm__source_sha256": "f" * 64, "finished": "2026-03-01T00:00:00Z"}
    store_run(tmp_path, accuracy_scores(2000, 0.8), **later)
    glyphs, sinusoid = build_boards(tmp_path)
    flags = {row.seeds: row.flags for row in glyphs.rows}
    assert flags == {(0, 1, 2): ("older source",), (0,): ()}, "seeds of two sources are never averaged"
    assert sinusoid.rows[0].flags == ("older source",)


def test_seeds_of_two_resolved_recipes_are_never_averaged(tmp_path: Path) -> None:
    from bench.records import RunStore

    store = RunStore(tmp_path)
    for seed, steps in enumerate((100, 100, 200)):
        scores = accuracy_scores(2000, seed=seed)
        record = make_record(scores, seed=seed, finished=f"2026-01-0{seed + 1}T00:00:00Z")
        store.write(record, scores, None, {"steps": steps, "seed": seed, "strategy": f"s{seed}"}, None)
    flags = {row.seeds: row.flags for row in board(tmp_path).rows}
    assert flags == {(0, 1): ("older recipe",), (2,): ()}


def test_the_best_of_two_runs_can_not_be_chosen(tmp_path: Path) -> None:
    first = store_run(tmp_path, accuracy_scores(2000, 0.8), key="aaaa")
    store_run(tmp_path, accuracy_scores(2000, 0.99), key="bbbb", finished="2026-02-01T00:00:00Z")
    found = board(tmp_path)
    assert found.rows[0].keys == (first.name,)
    assert found.left_out[0].reason.startswith("repeats aaaa")


def test_options_precision_and_mode_make_different_rows(tmp_path: Path) -> None:
    store_run(tmp_path, accuracy_scores(2000))
    store_run(tmp_path, accuracy_scores(2000), seed=1, algorithm__options={"backbone": "resnet12"})
    store_run(tmp_path, accuracy_scores(2000), seed=2, precision="bf16")
    store_run(tmp_path, accuracy_scores(2000), seed=3, protocol__transductive=True)
    store_run(tmp_path, accuracy_scores(2000), seed=4, protocol__saw_test_classes=True)
    found = board(tmp_path)
    assert sorted((row.section, row.seeds) for row in found.rows) == [
        ("external data", (4,)), ("inductive", (0,)), ("inductive", (1,)), ("inductive", (2,)), ("transductive", (3,)),
    ]  # fmt: skip
    assert found.section("external data")[0].flags == ("saw test classes",)


def test_speed_comes_from_uncontended_measurements_of_one_hardware_class(tmp_path: Path) -> None:
    date = "2026-01-03T00:00:00Z"
    timings: list[dict[str, Any]] = [
        {"eval_episodes_per_s": 100.0, "measured": date},
        {"eval_episodes_per_s": 300.0, "measured": date, "hardware_class": "a"},
        {"eval_episodes_per_s": 9000.0, "measured": date, "hardware_class": "b"},
        {"eval_episodes_per_s": 1.0, "measured": date, "contended": True},
        {"eval_episodes_per_s": 2.0},
        {"measured": date},
    ]
    for seed, timing in enumerate(timings):
        store_run(tmp_path, accuracy_scores(2000), seed=seed, timing=Timing(**timing), environment__hardware_class="a")
    (row,) = board(tmp_path).rows
    assert row.speed is not None and (row.speed.episodes_per_s, row.speed.hardware_class) == (200.0, "a")


def test_a_run_that_only_clocked_itself_has_a_cost_and_no_speed(tmp_path: Path) -> None:
    store_run(tmp_path, accuracy_scores(2000), timing=Timing(train_s=60.0, eval_episodes_per_s=410.0))
    (row,) = board(tmp_path).rows
    assert row.speed is None and row.cost is not None and row.cost.train_s == 60.0


def test_hardware_is_that_of_the_measurement_not_of_the_run(tmp_path: Path) -> None:
    timing = Timing(eval_episodes_per_s=410.0, measured="2026-01-03T00:00:00Z", hardware_class="b")
    store_run(tmp_path, accuracy_scores(2000), timing=timing, environment__hardware_class="a")
    (row,) = board(tmp_path).rows
    assert row.speed is not None and row.speed.hardware_class == "b"


def test_lower_mse_stands_first_and_the_gap_is_paired_to_the_bound(results: Path) -> None:
    sinusoid = build_boards(results)[1]
    assert [row.algorithm for row in sinusoid.rows] == ["gp_oracle", "maml"]
    oracle, maml = sinusoid.rows
    assert oracle.label == "bound: knows the kernel" and oracle.gap is None and sinusoid.bound == "gp_oracle"
    logs = np.log([regression_scores(2000, 0.2, seed)["score"] for seed in range(3)])
    expected = crossed_difference(logs, np.log(regression_scores(2000, 0.05, 0)["score"]))
    found = (maml.gap.mean, maml.gap.low, maml.gap.high)
    assert found == pytest.approx(np.exp([expected.mean, expected.low, expected.high])) and maml.gap.low > 1
    assert set(maml.extras) == {"mse@step0", "mse@step1"}


def test_the_first_root_wins_and_an_empty_one_is_no_error(tmp_path: Path) -> None:
    store_run(tmp_path / "a", accuracy_scores(2000))
    store_run(tmp_path / "b", accuracy_scores(2000))
    (found,) = build_boards(tmp_path / "a", tmp_path / "b", tmp_path / "nothing")
    assert found.left_out == () and len(found.rows) == 1
    assert build_boards(tmp_path / "nothing") == []
