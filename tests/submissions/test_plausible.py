"""Invented and copied vectors are flagged; what honest runs give is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bench.submissions.consistent import verify_consistent
from bench.submissions.entry import read_entry
from bench.submissions.plausible import (
    Floats,
    Known,
    check_duplicates,
    check_plausible,
    correlation_threshold,
    known_results,
)
from bench.submissions.regular import check_regular
from bench.tasks.registry import find_suite
from tests.records.factory import accuracy_scores, make_record

from .conftest import Cheat, Packed


def _suspicions(folder: Path, runs: Path) -> set[str]:
    return {finding.check for finding in verify_consistent(folder, [runs]).of("suspicious")}


def _submit(cheat: Cheat, correct: np.ndarray) -> None:
    """Make the bundle claim these counts, with everything else mended to fit."""
    scores = cheat.scores()
    scores["n_correct"] = correct
    scores["score"] = correct / 75
    cheat.write_scores(scores)
    cheat.fix_metrics()
    cheat.edit_record(lambda fields: fields.update(key="0" * 16))
    cheat.fix_bundle()


@pytest.mark.parametrize("seed", range(5))
def test_invented_with_the_right_mean_and_spread(cheat: Cheat, images: Packed, seed: int) -> None:
    real = cheat.scores()["n_correct"].to_numpy()
    invented = np.random.default_rng(seed).permutation(real)  # the very distribution, on the wrong episodes
    _submit(cheat, invented)
    assert "correlation" in _suspicions(cheat.folder, images.runs)


def test_invented_by_independent_queries(cheat: Cheat, images: Packed) -> None:
    p = float(cheat.scores()["score"].mean())
    _submit(cheat, np.random.default_rng(0).binomial(75, p, 2_000) - np.tile([0, 1], 1_000))
    too_even = np.clip(np.round(np.random.default_rng(0).normal(75 * p, 1.5, 2_000)), 0, 75).astype(int)
    assert "correlation" in _suspicions(cheat.folder, images.runs)
    _submit(cheat, too_even)
    assert {"correlation", "spread"} <= _suspicions(cheat.folder, images.runs)


def test_the_share_of_inventions_that_is_flagged(images: Packed) -> None:
    """Null correlations are normal with standard error 1 / sqrt(n): three of them catch nearly all, per reference."""
    suite = find_suite("glyphs-5w1s")
    known = _known(images)
    reference = [k for k in known if k.record.algorithm.name == "nearest_centroid"]
    entry = next(k for k in known if k.record.algorithm.name == "protonet")
    rng = np.random.default_rng(1)
    flagged = sum(
        any(
            f.verdict == "suspicious" and f.check == "correlation"
            for f in check_plausible(suite, entry.record, rng.permutation(entry.scores), reference)
        )
        for _ in range(300)
    )
    assert flagged >= 297
    honest = list(check_plausible(suite, entry.record, entry.scores, reference))
    assert all(finding.verdict == "ok" for finding in honest), honest


def test_a_drifting_and_a_smooth_vector(images: Packed) -> None:
    suite = find_suite("glyphs-5w1s")
    entry = next(k for k in _known(images) if k.record.algorithm.name == "protonet")
    smooth: Floats = np.convolve(entry.scores, np.ones(3) / 3, mode="same")
    drifting: Floats = np.clip(entry.scores - np.linspace(0, 0.2, len(entry.scores)), 0, 1)
    for scores, check in ((smooth, "autocorrelation"), (drifting, "drift")):
        found = {f.check for f in check_plausible(suite, entry.record, scores, []) if f.verdict == "suspicious"}
        assert check in found


def test_a_copy_of_another_result(cheat: Cheat, images: Packed) -> None:
    other = next(k for k in _known(images) if k.record.algorithm.name == "nearest_centroid")
    _submit(cheat, np.round(other.scores * 75).astype(int))
    wrong = verify_consistent(cheat.folder, [images.runs]).of("mismatch")
    assert any(f.check == "duplicate" and "nearest_centroid" in f.text for f in wrong)
    nearly = np.round(other.scores * 75).astype(int)
    nearly[0] += 1 if nearly[0] < 75 else -1
    _submit(cheat, nearly)
    assert "duplicate" in _suspicions(cheat.folder, images.runs)


def test_the_same_training_under_another_key_is_no_copy(images: Packed) -> None:
    entry = next(k for k in _known(images) if k.record.algorithm.name == "protonet")
    renamed = entry.record.model_copy(update={"key": "1" * 16})
    assert [f.verdict for f in check_duplicates(renamed, entry.scores, [entry])] == ["note"]
    assert [f.verdict for f in check_duplicates(entry.record, entry.scores, [entry])] == []
    changed = entry.scores[::-1].copy()
    assert [f.verdict for f in check_duplicates(entry.record, changed, [entry])] == ["suspicious"]


def test_thresholds_shrink_with_episodes_and_never_exceed_the_weakest_honest_result() -> None:
    thresholds = [correlation_threshold(n) for n in (100, 600, 2_000, 10_000)]
    assert thresholds == sorted(thresholds, reverse=True) and thresholds[0] == 0.1 and thresholds[-1] == 0.03


def _known(images: Packed) -> list[Known]:
    return known_results(Cheat(images.folder).record, [images.runs])


def _remarks(suite: str, scores: np.ndarray) -> set[str]:
    record = make_record(accuracy_scores(100))
    found = check_plausible(find_suite(suite), record, np.asarray(scores, dtype=np.float64), [])
    return {finding.check for finding in found if finding.verdict == "suspicious"}


def _counts(n: int = 2_000, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.binomial(75, np.clip(rng.normal(0.7, 0.1, n), 0, 1))


@pytest.mark.parametrize(
    ("invent", "check"),
    [
        (lambda x: np.full(len(x), 75), "perfect"),
        (lambda x: np.full(len(x), 60), "constant"),
        (lambda x: np.tile(x[:97], 21)[:2_000], "lag"),
        (lambda x: np.clip(x + np.round(12 * np.sin(np.arange(2_000) / 7)), 0, 75), "period"),
        (lambda x: 30 + (np.arange(2_000) * 17) % 31, "lag"),
        (lambda x: np.concatenate([x[:1_000], x[:1_000][::-1]]), "mirror"),
        (lambda x: np.concatenate([x[:1_000], x[:1_000]]), "lag"),
        (lambda x: np.concatenate([np.sort(x)[::100][np.argsort(block)] for block in x.reshape(100, 20)]), "quota"),
    ],
)  # fmt: skip
def test_too_good_or_too_regular(invent: Callable[[np.ndarray], np.ndarray], check: str) -> None:
    assert check in _remarks("glyphs-5w1s", invent(_counts()) / 75)


def test_typed_numbers_and_repeated_ones() -> None:
    errors = np.random.default_rng(0).lognormal(-1, 1, 2_000)
    assert _remarks("sinusoid-10s", errors) == set()
    assert _remarks("sinusoid-10s", np.round(errors, 4)) >= {"digits"}
    assert _remarks("sinusoid-10s", np.random.default_rng(1).permutation(np.tile(errors[:1_000], 2))) == {"digits"}


def test_one_answer_to_every_query_is_no_suspicion() -> None:
    assert _remarks("glyphs-5w1s", np.full(2_000, 0.2)) == set()


@pytest.mark.parametrize("n", [100, 600, 2_000])
def test_exchangeable_scores_are_not_remarked(n: int) -> None:
    """In the middle, near the ceiling, with heavy tails; docs/submitting.md has the larger simulation."""
    flagged = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        for scores in (
            rng.binomial(75, 0.7, n),
            rng.binomial(75, 0.996, n),
            75 - np.where(rng.random(n) < 0.25, np.minimum(20, rng.geometric(0.2, n)), 0),
        ):
            flagged += any(f.verdict == "suspicious" for f in check_regular(scores.astype(np.float64)))
    assert flagged == 0


@pytest.mark.slow
def test_no_published_record_is_remarked() -> None:
    root = Path(__file__).parents[2] / "leaderboards" / "results"
    for path in sorted(root.glob("*/*/*/record.json")):
        entry = read_entry(path.parent)
        scores = entry.scores()["score"].to_numpy(dtype=np.float64)
        known = known_results(entry.record, [root])
        found = check_plausible(find_suite(entry.record.suite.name), entry.record, scores, known)
        assert [f for f in found if f.verdict not in ("ok", "note")] == [], path


def test_options_without_effect_are_no_copy_where_nothing_is_trained(images: Packed) -> None:
    """ucb1 with 10 pulls of 10 arms: another constant, the very same arms."""
    entry = next(k for k in _known(images) if k.record.algorithm.name == "nearest_centroid")
    changed = entry.record.algorithm.model_copy(update={"options": {"another": 1}})
    other = entry.record.model_copy(update={"key": "1" * 16, "algorithm": changed})
    assert [f.verdict for f in check_duplicates(other, entry.scores, [entry])] == ["note"]
    foreign = other.model_copy(update={"algorithm": changed.model_copy(update={"source_sha256": "0" * 64})})
    assert [f.verdict for f in check_duplicates(foreign, entry.scores, [entry])] == ["mismatch"]
