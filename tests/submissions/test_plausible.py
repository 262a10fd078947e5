"""Invented and copied vectors are flagged; what honest runs give is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.submissions.consistent import verify_consistent
from bench.submissions.plausible import (
    Floats,
    Known,
    check_duplicates,
    check_plausible,
    correlation_threshold,
    known_results,
)
from bench.tasks.registry import find_suite

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
