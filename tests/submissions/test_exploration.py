"""Every level of verification on records of exploration."""

from __future__ import annotations

import dataclasses
import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

import bench
from bench.errors import Mismatch
from bench.learners import registry
from bench.submissions import spot
from bench.submissions.consistent import verify_consistent
from bench.submissions.entry import read_entry
from bench.submissions.fresh import verify_fresh
from bench.submissions.replay import Site
from bench.submissions.rerun import verify_rerun
from bench.submissions.spot import verify_spot
from tests.runs.tiny import Walker

from .conftest import Cheat, Packed, _pack, measure

EPISODES = 300


@pytest.fixture(scope="module")
def walked(bench_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packed]:
    """A linear policy on bandits, 20 steps, with a uniformly random one in the same store."""
    bench.register("walker", Walker)
    root = tmp_path_factory.mktemp("walked")
    measure("random_policy", "bandit-n10k5", root / "runs", bench_data, EPISODES)
    path = measure("walker", "bandit-n10k5", root / "runs", bench_data, EPISODES)
    yield Packed(_pack(path, root / "bundle", "none"), root / "runs", bench_data)
    registry._registered.pop("walker")


@pytest.fixture
def forged(walked: Packed, tmp_path: Path) -> Cheat:
    return Cheat(Path(shutil.copytree(walked.folder, tmp_path / "copy")))


def site(packed: Packed) -> Site:
    return Site(torch.device("cpu"), packed.data)


def alter(forged: Cheat, column: str, rows: np.ndarray, by: float) -> None:
    scores = forged.scores()
    scores.loc[rows, column] += by
    forged.write_scores(scores)
    forged.fix_metrics()
    forged.fix_bundle()


def test_an_honest_record_is_consistent_and_correlates_with_random_actions(walked: Packed) -> None:
    report = verify_consistent(walked.folder, [walked.runs], submitted=True)
    report.demand()
    (found,) = [finding for finding in report.findings if finding.check == "correlation"]
    assert found.verdict == "ok" and "random_policy" in found.text


@pytest.mark.parametrize(
    ("column", "by", "said"),
    [("score", 0.5, "can't give"), ("score", 11.0, "can't give"), ("regret", -20.0, "has regret -")],
)
def test_scores_that_no_bandit_pays_are_found(forged: Cheat, column: str, by: float, said: str) -> None:
    alter(forged, column, np.arange(3), by)
    report = verify_consistent(forged.folder)
    assert any(said in finding.text for finding in report.findings if finding.verdict == "mismatch")


def test_spot_finds_the_very_rewards_again(walked: Packed, forged: Cheat) -> None:
    verify_spot(read_entry(walked.folder), "nonce", site(walked), k=30).demand()
    alter(forged, "score", np.flatnonzero(forged.scores()["score"] < 10)[::3], 1.0)
    with pytest.raises(Mismatch, match=r"episodes differ \(episode \d+: submitted"):
        verify_spot(read_entry(forged.folder), "nonce", site(walked), k=30).demand()


def test_elsewhere_a_tenth_of_the_trials_may_take_another_turn(
    walked: Packed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = spot.replay
    monkeypatch.setattr(spot, "replay", lambda *a: dataclasses.replace(replay(*a), exact=False))
    chosen = np.arange(0, EPISODES, 10)
    monkeypatch.setattr(spot, "chosen_episodes", lambda *a: chosen)
    for changed, passes in ((3, True), (4, False)):
        copy = Cheat(Path(shutil.copytree(walked.folder, tmp_path / str(changed))))
        alter(copy, "score", chosen[:changed], -1.0)
        report = verify_spot(read_entry(copy.folder), "nonce", site(walked), k=30)
        assert report.agree == 30 - changed
        if passes:
            report.demand()
        else:
            with pytest.raises(Mismatch, match="4 of 30 episodes differ"):
                report.demand()


def test_fresh_trials_are_compared_with_random_actions(walked: Packed, forged: Cheat) -> None:
    report = verify_fresh(read_entry(walked.folder), "nonce", site(walked), n=300)
    report.demand()
    assert "walker - random_policy in reward" in report.findings[-1].text
    alter(forged, "score", np.arange(EPISODES), 2.0)
    with pytest.raises(Mismatch, match="fresh: walker - random_policy"):
        verify_fresh(read_entry(forged.folder), "nonce", site(walked), n=300).demand()


def test_training_again_agrees(walked: Packed, tmp_path: Path) -> None:
    console = Console(file=io.StringIO())
    verify_rerun(read_entry(walked.folder), [7], site(walked), tmp_path, console).demand()
