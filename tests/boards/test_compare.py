"""`bench compare`: its numbers are those of bench.stats, its names find the right rows, its warnings are told."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.boards.compare.comparison import compare
from bench.boards.render.comparison import comparison_json, comparison_rows
from bench.errors import Mismatch, UsageError
from bench.stats import compare_all, crossed_difference, crossed_interval, rank_intervals, variance_split
from tests.boards.test_formats import same_as_golden
from tests.conftest import Cli
from tests.records.factory import accuracy_scores, regression_scores, store_run

REFERENCE: dict[str, Any] = {"seed": None, "algorithm__trains": False, "recipe": "defaults"}
BATCH = {"algorithm__options": {"norm": "batch"}, "algorithm__overrides": {"norm": "batch"}}
SUITE = "glyphs-5w1s"


def seeds_of(mean: float, first: int, n: int = 2000) -> list[pd.DataFrame]:
    return [accuracy_scores(n, mean, first + seed) for seed in range(3)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two learners that are close, one checkpoint that is transductive, one with nothing to train."""
    root = tmp_path_factory.mktemp("compare")
    for seed, scores in enumerate(seeds_of(0.95, 0)):
        store_run(root, scores, seed=seed)
    for seed, scores in enumerate(seeds_of(0.9501, 20, 2100)):
        store_run(root, scores, seed=seed, algorithm__name="relnet")
    store_run(root, accuracy_scores(2000, 0.9, 5), algorithm__name="maml", **BATCH, protocol__transductive=True)
    store_run(root, accuracy_scores(2000, 0.6, 8), algorithm__name="nearest_centroid", **REFERENCE)
    return root


def matrix(frames: list[pd.DataFrame]) -> np.ndarray:
    return np.stack([frame["score"][:2000] for frame in frames])


def test_numbers_are_those_of_bench_stats(root: Path) -> None:
    report = compare([root], SUITE, ["protonet", "relnet", "nearest_centroid"])
    column = {
        "relnet": matrix(seeds_of(0.9501, 20, 2100)),
        "protonet": matrix(seeds_of(0.95, 0)),
        "nearest_centroid": accuracy_scores(2000, 0.6, 8)["score"].to_numpy(),
    }
    expected = compare_all(column)
    assert [pair.comparison for pair in report.pairs] == expected
    assert {s.compared.name: s.rank for s in report.placed} == rank_intervals(expected, higher_is_better=True)
    protonet = report.placed[1]
    assert protonet.score == crossed_interval(column["protonet"])
    classes = np.stack(seeds_of(0.95, 0)[0]["classes"])
    assert protonet.variance == variance_split(column["protonet"], classes).of_mean
    assert report.placed[2].variance is None and report.warnings == () and report.episodes == 2000


def test_the_terminal_at_a_fixed_width(root: Path, cli: Cli) -> None:
    done = cli("compare", "protonet", "relnet", "maml", "nearest_centroid", "--suite", SUITE, "--runs", root)
    assert done.code == 0
    same_as_golden("compare.txt", "\n".join(line.rstrip() for line in done.out.splitlines()) + "\n")


def test_json_and_csv_hold_the_same_numbers(root: Path, cli: Cli) -> None:
    command = ("compare", "protonet", "relnet", "maml", "--suite", SUITE, "--runs", root)
    found = json.loads(cli(*command, "--json").out)
    table = pd.read_csv(io.StringIO(cli(*command, "--csv").out))
    assert [(pair["a"], pair["b"]) for pair in found["differences"]] == list(zip(table["a"], table["b"], strict=True))
    assert table["p_holm"].tolist() == pytest.approx([pair["p_holm"] for pair in found["differences"]])
    assert found["scores"][2]["name"] == "maml:norm=batch" and found["scores"][2]["checkpoints"] is True
    assert sum("Checkpoints, not algorithms: maml:norm=batch (1)" in text for text in found["warnings"]) == 1
    assert sum("Inductive and transductive" in text for text in found["warnings"]) == 1
    assert cli(*command, "--json", "--csv").code == 2


def test_advice_names_what_to_add(tmp_path: Path) -> None:
    """Trainings that differ by points on thousands of alike episodes want seeds, like trainings want episodes."""
    rng = np.random.default_rng(0)
    spread = {"seeds": (0.05, 0.0), "episodes": (0.0, 0.05)}
    for source, (by_seed, by_episode) in spread.items():
        root = tmp_path / source
        for name in ("a", "b"):
            episode = rng.normal(0, by_episode, 600)
            for seed in range(3):
                frame = accuracy_scores(600, 0.8, seed)
                frame["score"] = 0.8 + episode + by_seed * [-1, 0, 1][seed] + rng.normal(0, 0.001, 600)
                frame["score"] -= frame["score"].mean() - 0.8 - by_seed * [-1, 0, 1][seed]
                frame["classes"] = [rng.permutation(300)[:5].astype(np.int32) for _ in range(600)]
                store_run(root, frame, seed=seed, algorithm__name=name)
        report = compare([root], SUITE, ["a", "b"])
        assert f"Add {source}: " in report.advice and "bench plan" in report.advice
        assert report.warnings == ("600 common episodes; boards take 2,000.",)


def test_few_seeds_are_told_to_be_added(root: Path) -> None:
    first = [path.name for path in sorted((root / SUITE / "protonet").iterdir())]
    report = compare([root], SUITE, first[:2])
    assert {s.compared.name for s in report.placed} == set(first[:2])
    assert all(s.compared.checkpoints for s in report.placed) and "Checkpoints" in report.warnings[0]
    assert "Add seeds to" in report.advice or "told apart at the 5 % level" in report.advice


def test_the_same_scores_are_no_difference(tmp_path: Path) -> None:
    for name in ("a", "b"):
        for seed in range(3):
            store_run(tmp_path, accuracy_scores(2000, seed=seed), seed=seed, algorithm__name=name)
    report = compare([tmp_path], SUITE, ["a", "b"])
    assert report.pairs[0].comparison.difference.mean == 0.0 and report.advice.endswith("Their scores are the same.")


def test_errors_come_with_the_ratio_of_their_geometric_means(tmp_path: Path) -> None:
    settings = {"maml": (0.2, 0), "cnp": (0.4, 9)}
    for name, (mean, first) in settings.items():
        for seed in range(3):
            store_run(tmp_path, regression_scores(2000, mean, first + seed), seed=seed, algorithm__name=name)
    report = compare([tmp_path], "sinusoid-10s", ["cnp", "maml"], metric="mse@step1")
    (pair,) = report.pairs
    assert (pair.comparison.a, pair.comparison.b) == ("maml", "cnp"), "the smaller error is the better one"
    logs = [
        np.log(np.stack([regression_scores(2000, mean, first + seed)["mse@step1"] for seed in range(3)]))
        for mean, first in settings.values()
    ]
    assert pair.ratio is not None and pair.ratio.mean == pytest.approx(np.exp(crossed_difference(*logs).mean))
    assert 0.45 < pair.ratio.low < pair.ratio.high < 0.55
    assert pair.comparison == compare_all({"maml": logs[0], "cnp": logs[1]})[0], "the p-value is that of the logarithms"
    found = comparison_json(report)
    assert found["ranked_by"] == "geometric mean" and found["differences"][0]["mean"] is None
    assert found["differences"][0]["ratio"]["mean"] == pair.ratio.mean
    assert found["scores"][0]["mean"] == pytest.approx(report.placed[0].compared.measured.mean())
    assert found["scores"][0]["geometric_mean"]["mean"] == pytest.approx(np.exp(logs[0].mean()))
    (row,) = comparison_rows(report)
    assert (row["difference"], row["ratio"], row["p"]) == (None, pair.ratio.mean, pair.comparison.difference.p)


def test_names_find_rows(tmp_path: Path) -> None:
    default = store_run(tmp_path, accuracy_scores(2000, 0.9), algorithm__name="maml")
    batch = store_run(tmp_path, accuracy_scores(2000, 0.8), algorithm__name="maml", **BATCH)
    store_run(tmp_path, accuracy_scores(100, 0.99), algorithm__name="maml", budget="smoke")
    store_run(tmp_path, accuracy_scores(2000, 0.7), algorithm__name="maml", algorithm__source_sha256="f" * 64,
              finished="2025-01-01T00:00:00Z")  # fmt: skip
    report = compare([tmp_path], SUITE, ["maml", "maml:norm=batch"])
    assert [s.compared.record.key for s in report.placed] == [default.name, batch.name]
    by_key = compare([tmp_path], SUITE, [default.name[:8], batch.name])
    assert [s.compared.records for s in by_key.placed] == [s.compared.records for s in report.placed]
    smoke = compare([tmp_path], SUITE, ["maml:budget=smoke", "maml norm=batch"])
    assert smoke.episodes == 100 and any("Not trained to the end" in text for text in smoke.warnings)


def test_a_name_means_fp32_where_another_precision_stands_beside_it(tmp_path: Path) -> None:
    fp32 = store_run(tmp_path, accuracy_scores(2000, 0.8), algorithm__name="maml")
    bf16 = store_run(tmp_path, accuracy_scores(2000, 0.9), algorithm__name="maml", precision="bf16")
    report = compare([tmp_path], SUITE, ["maml", "maml:precision=bf16"])
    assert {s.compared.record.key for s in report.placed} == {fp32.name, bf16.name}


def test_a_name_means_the_newest_source_also_where_older_ones_had_other_options(tmp_path: Path) -> None:
    old: dict[str, Any] = {"algorithm__source_sha256": "f" * 64, "finished": "2025-01-01T00:00:00Z"}
    store_run(tmp_path, accuracy_scores(2000, 0.7), algorithm__name="maml", algorithm__options={"before": 1}, **old)
    newest = store_run(tmp_path, accuracy_scores(2000, 0.9), algorithm__name="maml")
    store_run(tmp_path, accuracy_scores(2000, 0.8, 3), algorithm__name="relnet")
    report = compare([tmp_path], SUITE, ["maml", "relnet"])
    assert report.placed[0].compared.record.key == newest.name


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["protonet"], "at least two learners"),
        (["protonet", "protonet"], "compared already"),
        (["protonet", "relnt"], "Did you mean 'relnet'"),
        (["protonet", "maml:norm=x"], "No row of maml"),
        (["protonet", "maml:batch"], "option=value"),
        (["protonet", ""], "Unknown algo"),
    ],
)
def test_mistakes_are_told(root: Path, asked: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        compare([root], SUITE, asked)


def test_unknown_suites_metrics_and_seeds_are_told(root: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean 'glyphs-5w1s'"):
        compare([root], "glyphs-5w1", ["protonet", "relnet"])
    with pytest.raises(UsageError, match="Did you mean 'accuracy'"):
        compare([root], SUITE, ["protonet", "relnet"], metric="acuracy")
    with pytest.raises(UsageError, match="asked for 7 too") as caught:
        compare([root], SUITE, ["protonet", "relnet"], seeds=[0, 7])
    assert caught.value.fix == "bench run --algo protonet --suite glyphs-5w1s --seeds 7"


def test_two_recipes_of_a_name_have_to_be_told_apart(tmp_path: Path) -> None:
    store_run(tmp_path, accuracy_scores(2000, 0.9))
    store_run(tmp_path, accuracy_scores(2000, 0.91, 3), recipe="paper")
    with pytest.raises(UsageError, match="several rows") as caught:
        compare([tmp_path], SUITE, ["protonet", "relnet"])
    assert "protonet:recipe=fast  protonet:recipe=paper" in caught.value.fix
    report = compare([tmp_path], SUITE, ["protonet:recipe=fast", "protonet:recipe=paper"])
    assert {s.compared.name for s in report.placed} == {"protonet:recipe=fast", "protonet:recipe=paper"}


def test_seeds_can_be_chosen_and_that_is_said(root: Path) -> None:
    report = compare([root], SUITE, ["protonet", "relnet", "nearest_centroid"], seeds=[0, 2])
    assert [s.compared.seeds for s in report.placed if s.compared.trains] == [(0, 2), (0, 2)]
    assert "Seeds were chosen" in report.warnings[-1]


def test_other_episodes_and_tampered_scores_are_refused(tmp_path: Path) -> None:
    store_run(tmp_path, accuracy_scores(2000), suite__manifest_sha256="f" * 64)
    other = store_run(tmp_path, accuracy_scores(2000, 0.8), algorithm__name="relnet", finished="2026-05-01T00:00:00Z")
    with pytest.raises(UsageError, match="protonet can't be compared: other episodes"):
        compare([tmp_path], SUITE, ["protonet", "relnet"])
    store_run(tmp_path, accuracy_scores(2000, 0.7), algorithm__name="maml", finished="2026-05-01T00:00:00Z")
    accuracy_scores(2000, 0.99).to_parquet(other / "scores.parquet")
    with pytest.raises(Mismatch):
        compare([tmp_path], SUITE, ["maml", "relnet"])


def test_a_bound_and_external_data_are_warned_about(tmp_path: Path) -> None:
    store_run(tmp_path, accuracy_scores(2000))
    store_run(tmp_path, accuracy_scores(2000, 0.99, 1), algorithm__name="oracle", algorithm__privileged="the labels")
    store_run(tmp_path, accuracy_scores(2000, 0.95, 2), algorithm__name="frozen", protocol__external_data=["ImageNet"])
    warnings = " ".join(compare([tmp_path], SUITE, ["protonet", "oracle", "frozen"]).warnings)
    assert "oracle knows the labels" in warnings and "frozen saw data" in warnings


def test_json_has_only_plain_values(root: Path) -> None:
    found = comparison_json(compare([root], SUITE, ["protonet", "relnet"]))
    assert json.loads(json.dumps(found, allow_nan=False)) == json.loads(json.dumps(found))


def test_reading_verbs_import_no_torch() -> None:
    modules = "bench.cli.compare, bench.cli.leaderboard, bench.boards.render.comparison, bench.boards.compare.planning"
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
