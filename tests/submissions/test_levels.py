"""The levels that run the learner: spot, fresh and rerun, on real smoke runs."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from bench.errors import Mismatch, StoreError, UsageError
from bench.submissions.entry import read_entry
from bench.submissions.fresh import POWER, detectable, verify_fresh
from bench.submissions.replay import Site, adapter
from bench.submissions.rerun import verify_rerun
from bench.submissions.spot import verify_spot
from bench.submissions.spot_sampling import chosen_episodes

from .conftest import Cheat, Packed


def _site(packed: Packed, **options: object) -> Site:
    return Site(torch.device("cpu"), packed.data, **options)  # type: ignore[arg-type]


def _alter(cheat: Cheat, rows: np.ndarray) -> None:
    """Better counts on some episodes, everything else mended: only running the learner can tell."""
    scores = cheat.scores()
    correct = scores["n_correct"].to_numpy().copy()
    correct[rows] = np.where(correct[rows] < 75, correct[rows] + 1, correct[rows] - 1)
    scores["n_correct"], scores["score"] = correct, correct / 75
    cheat.write_scores(scores)
    cheat.fix_metrics()
    cheat.fix_bundle()


def test_spot_confirms_an_honest_result(images: Packed) -> None:
    report = verify_spot(read_entry(images.folder), "nonce", _site(images), k=10)
    report.demand()
    assert (report.k, report.agree, report.max_abs_diff, report.nonce) == (10, 10, 0.0, "nonce")


def test_spot_confirms_an_honest_regression(functions: Packed) -> None:
    report = verify_spot(read_entry(functions.folder), "nonce", _site(functions), k=10)
    report.demand()
    assert report.agree == 10


def test_spot_names_an_altered_episode(cheat: Cheat, images: Packed) -> None:
    altered = np.arange(0, 2_000, 20)
    _alter(cheat, altered)
    entry = read_entry(cheat.folder)
    assert entry.record.scores is not None
    sha = entry.record.scores.sha256
    nonce, hits = next(
        (str(t), met)
        for t in range(200)
        if len(met := np.intersect1d(chosen_episodes(sha, str(t), 2_000, 8), altered)) == 1
    )
    report = verify_spot(entry, nonce, _site(images), k=8)
    assert report.agree == 7
    with pytest.raises(Mismatch, match=f"episode {hits[0]}: submitted"):
        report.demand()


def test_spot_tolerates_little_where_arithmetic_differs(cheat: Cheat, images: Packed) -> None:
    cheat.edit_record(lambda fields: fields["environment"].update(hardware_class="cpu-other"))
    _alter(cheat, np.array([0]))
    scores = cheat.record.scores
    assert scores is not None
    nonce = next(str(t) for t in range(5_000) if chosen_episodes(scores.sha256, str(t), 2_000, 10)[0] == 0)
    report = verify_spot(read_entry(cheat.folder), nonce, _site(images), k=10)
    assert report.passed and report.agree == 9
    _alter(cheat, np.arange(2_000))
    assert not verify_spot(read_entry(cheat.folder), nonce, _site(images), k=10).passed


def test_spot_needs_scores_and_weights_of_the_record(cheat: Cheat, images: Packed) -> None:
    weights = cheat.folder / "checkpoint.safetensors"
    copy = shutil.copy(weights, cheat.folder.parent / "copy.safetensors")
    weights.unlink()
    with pytest.raises(StoreError, match="are not here"):
        verify_spot(read_entry(cheat.folder), "nonce", _site(images), k=2)
    verify_spot(read_entry(cheat.folder), "nonce", _site(images, checkpoint=copy), k=2).demand()
    Path(copy).write_bytes(b"0" * 100)
    with pytest.raises(Mismatch, match="not the checkpoint that was scored"):
        verify_spot(read_entry(cheat.folder), "nonce", _site(images, checkpoint=copy), k=2)
    scores = cheat.scores()
    cheat.write_scores(scores.iloc[::-1].reset_index(drop=True))
    with pytest.raises(Mismatch, match=r"scores\.parquet is not"):
        verify_spot(read_entry(cheat.folder), "nonce", _site(images), k=2)


def test_submitted_code_runs_only_when_allowed(cheat: Cheat) -> None:
    path = cheat.folder / "adapter" / "baselines" / "protonet.py"
    path.write_text(path.read_text() + "\nVARIANT = 1\n")
    from bench.identity import code_sha256

    cheat.edit_record(lambda fields: fields["algorithm"].update(name="variant", source_sha256=code_sha256(path)))
    entry = read_entry(cheat.folder)
    with pytest.raises(UsageError, match="--allow-code"):
        adapter(entry, allow_code=False)
    info, finding = adapter(entry, allow_code=True)
    assert info.file == path.resolve() and "SUBMITTED CODE" in finding.text
    path.write_text(path.read_text() + "\nANOTHER = 1\n")
    with pytest.raises(Mismatch, match="not the source that ran"):
        adapter(entry, allow_code=True)


def test_fresh_episodes_agree_with_an_honest_result(images: Packed) -> None:
    report = verify_fresh(read_entry(images.folder), "nonce", _site(images), n=300)
    report.demand()
    text = report.findings[-1].text
    assert report.k == report.agree == 300 and "published episodes" in text
    assert re.search(r"would have seen an inflation of [\d.]+ points with 80% power$", text)
    numbers = json.loads(report.as_json())["numbers"]
    assert numbers["power"] == 0.8 and numbers["detectable"] == pytest.approx(3.4174 * numbers["sharpened"]["se"], 1e-3)


def test_fresh_is_sharpened_by_others_who_can_answer(images: Packed, tmp_path: Path) -> None:
    """nearest_centroid, its published scores known from a record, beside chance as the reference."""
    from tests.submissions.conftest import measure

    measure("nearest_centroid", "glyphs-5w1s", tmp_path / "others", images.data, 2_000, budget="full")
    entry = read_entry(images.folder)
    alone = verify_fresh(entry, "nonce", _site(images), n=300, reference="chance")
    beside = verify_fresh(entry, "nonce", _site(images), n=300, reference="chance", roots=[tmp_path / "others"])
    beside.demand()
    assert alone.numbers["plain"] == beside.numbers["plain"]
    assert "nearest_centroid" in beside.numbers["controls"] and "nearest_centroid" not in alone.numbers["controls"]
    assert beside.numbers["detectable"] < alone.numbers["detectable"]
    assert "(sharpened by " in beside.findings[-1].text


def test_the_fresh_level_finds_what_it_says_it_would(images: Packed) -> None:
    """Two-sided 99 %: an inflation of the size named lies 3.4 standard errors off, of which chance takes 2.6."""
    from statistics import NormalDist

    assert NormalDist().cdf(detectable(1.0) - NormalDist().inv_cdf(0.995)) == pytest.approx(POWER)


def test_an_error_published_too_low_is_named_as_a_part_of_it(functions: Packed) -> None:
    report = verify_fresh(read_entry(functions.folder), "nonce", _site(functions), n=100)
    assert re.search(r"would have seen errors published [\d.]+ % too low with 80% power$", report.findings[-1].text)
    assert report.numbers["unit"] == "log mse"


def test_fresh_episodes_refute_an_inflated_result(cheat: Cheat, images: Packed) -> None:
    """Eight points more on every published episode: tuned on them, or invented."""
    scores = cheat.scores()
    scores["n_correct"] = np.minimum(75, scores["n_correct"] + 6)
    scores["score"] = scores["n_correct"] / 75
    cheat.write_scores(scores)
    cheat.fix_metrics()
    report = verify_fresh(read_entry(cheat.folder), "nonce", _site(images), n=300)
    with pytest.raises(Mismatch, match="fresh: protonet - nearest_centroid"):
        report.demand()


def test_fresh_refuses_a_reference_that_has_to_be_trained(functions: Packed) -> None:
    entry, site = read_entry(functions.folder), _site(functions)
    for name in ("maml", "nearest_centroid"):
        with pytest.raises(UsageError, match="can't be the reference"):
            verify_fresh(entry, "nonce", site, n=30, reference=name)
    verify_fresh(entry, "nonce", site, n=100, reference="chance").demand()


def test_rerun_trains_the_resolved_recipe_again(functions: Packed, tmp_path: Path) -> None:
    entry, site = read_entry(functions.folder), _site(functions)
    report = verify_rerun(entry, [1000], site, tmp_path / "reruns", Console(file=io.StringIO()), [functions.runs])
    report.demand()
    assert report.k == 1 and len(list((tmp_path / "reruns").glob("*/*/*/record.json"))) == 1
    with pytest.raises(UsageError, match="no new seed"):
        verify_rerun(entry, [0], site, tmp_path / "reruns", Console(file=io.StringIO()))
