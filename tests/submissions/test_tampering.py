"""Somebody edits a packed result: level consistent says what, whatever else was mended to hide it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.errors import Mismatch, StoreError
from bench.records.compact import read_scores_file
from bench.records.files import json_bytes
from bench.submissions.bundle import file_entry
from bench.submissions.consistent import verify_consistent
from bench.submissions.report import Report

from .conftest import Cheat, Packed


def _names(report: Report, *parts: str) -> None:
    """The report fails, and one of its mismatches says all of `parts`."""
    texts = [f"{finding.check}: {finding.text}" for finding in report.of("mismatch")]
    assert any(all(part in text for part in parts) for text in texts), texts
    with pytest.raises(Mismatch) as error:
        report.demand()
    assert error.value.exit_code == 3


@pytest.mark.parametrize("kind", ["images", "functions"])
def test_an_honest_bundle_agrees(kind: str, request: pytest.FixtureRequest) -> None:
    packed: Packed = request.getfixturevalue(kind)
    report = verify_consistent(packed.folder, [packed.runs], submitted=True)
    report.demand()
    assert report.of("suspicious") == [] and report.k == report.agree


def test_an_honest_stored_run_agrees(images: Packed) -> None:
    for path in sorted(images.runs.glob("*/*/*/record.json")):
        verify_consistent(path.parent, [images.runs]).demand()


def test_one_score(cheat: Cheat) -> None:
    scores = cheat.scores()
    scores.loc[17, "score"] += 1 / 75
    cheat.write_scores(scores)
    report = verify_consistent(cheat.folder)
    _names(report, "score: episode 17")
    _names(report, "scores hash")
    _names(report, "files: scores.parquet")
    cheat.fix_bundle()
    cheat.fix_metrics()
    _names(verify_consistent(cheat.folder), "score: episode 17")


def test_one_score_and_its_count(cheat: Cheat) -> None:
    scores = cheat.scores()
    row = int(scores["n_correct"].to_numpy().argmin())
    scores.loc[row, "n_correct"] += 1
    scores.loc[row, "score"] = scores.loc[row, "n_correct"] / 75
    cheat.write_scores(scores)
    cheat.fix_bundle()
    report = verify_consistent(cheat.folder)
    _names(report, "scores hash")
    _names(report, "metrics: mean of accuracy")


def test_one_score_of_a_regression(function_cheat: Cheat) -> None:
    scores = function_cheat.scores()
    scores.loc[3, "score"] *= 0.5
    function_cheat.write_scores(scores)
    function_cheat.fix_bundle()
    report = verify_consistent(function_cheat.folder)
    _names(report, "scores hash")
    _names(report, "metrics: mean of mse")


def test_a_count_that_no_episode_has(cheat: Cheat) -> None:
    scores = cheat.scores()
    scores.loc[5, ["n_correct", "score"]] = [76, 76 / 75]
    cheat.write_scores(scores)
    cheat.fix_metrics()
    cheat.fix_bundle()
    _names(verify_consistent(cheat.folder), "n_correct: episode 5 has 76 correct of 75")


def test_one_class_id(cheat: Cheat) -> None:
    scores = cheat.scores()
    classes = np.array(scores.loc[123, "classes"])
    classes[2] = next(c for c in range(60) if c not in classes)
    scores.at[123, "classes"] = classes
    cheat.write_scores(scores)
    cheat.fix_metrics()
    cheat.fix_bundle()
    _names(verify_consistent(cheat.folder), "class ids: episode 123")


def test_episodes_in_another_order(cheat: Cheat) -> None:
    scores = cheat.scores().sort_values("score", ignore_index=True)
    scores["episode"] = np.arange(len(scores))
    cheat.write_scores(scores)
    cheat.fix_metrics()
    cheat.fix_bundle()
    report = verify_consistent(cheat.folder)
    _names(report, "class ids: episode")
    assert {"autocorrelation", "drift"} <= {finding.check for finding in report.of("suspicious")}


def _set(*path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(fields: dict[str, Any]) -> None:
        for name in path[:-1]:
            fields = fields[int(name)] if isinstance(fields, list) else fields[name]
        fields[path[-1]] = value

    return change


@pytest.mark.parametrize("where", ["record", "recipe", "both"])
def test_one_option(cheat: Cheat, where: str) -> None:
    if where in ("record", "both"):
        cheat.edit_record(_set("algorithm", "options", "backbone", value="resnet12"))
    if where in ("recipe", "both"):
        cheat.edit_recipe(_set("options", "backbone", value="resnet12"))
    _names(verify_consistent(cheat.folder), "files", "was changed after packing")
    cheat.fix_bundle()
    report = verify_consistent(cheat.folder)
    if where == "both":
        _names(report, "key:", "one of them was changed")
    else:
        _names(report, "option backbone", "'resnet12'")


def test_an_option_and_its_key(cheat: Cheat, images: Packed) -> None:
    """Who mends the key too has another run's name on these weights: they do not fit what the options build."""
    cheat.edit_record(_set("algorithm", "options", "backbone", value="no-such-network"))
    cheat.edit_recipe(_set("options", "backbone", value="no-such-network"))
    cheat.fix_key()
    cheat.fix_bundle()
    verify_consistent(cheat.folder).demand()  # nothing that is computed without the learner contradicts itself

    import torch

    from bench.errors import BenchError
    from bench.submissions.entry import read_entry
    from bench.submissions.replay import Site
    from bench.submissions.spot import verify_spot

    with pytest.raises(BenchError, match="no-such-network"):
        verify_spot(read_entry(cheat.folder), "nonce", Site(torch.device("cpu"), images.data), k=2)


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("suite", "manifest_sha256"), "0" * 64, ("manifest hash: the pinned one is", "found 0000")),
        (("suite", "data_fingerprint"), "0" * 64, ("data fingerprint", "found 0000")),
        (("suite", "version"), 2, ("suite: glyphs-5w1s@2",)),
        (("suite", "name"), "glyphs-5w9s", ("suite: Unknown suite 'glyphs-5w9s'",)),
        (("suite", "pinned"), False, ("suite: the record says pinned: False",)),
        (("metrics", "0", "mean"), 0.99, ("metrics: mean of accuracy is 0.99 in the record",)),
        (("metrics", "0", "sd"), 0.01, ("metrics: sd of accuracy",)),
        (("metrics", "0", "median"), 0.99, ("metrics: median of accuracy",)),
        (("metrics", "0", "ci95"), [0.98, 1.0], ("metrics: ci95 of accuracy",)),
        (("metrics", "0", "n"), 10_000, ("metrics: n of accuracy",)),
        (("episodes",), 10_000, ("scores: expected 10,000 episodes",)),
        (("seed",), 7, ("key:", "one of them was changed")),
        (("budget",), "full", ("key:", "one of them was changed")),
        (("precision",), "bf16", ("recipe field precision",)),
        (("algorithm", "source_sha256"), "0" * 64, ("adapter: the source is not the one that ran",)),
        (("algorithm", "family"), "model", ("adapter: the source declares family metric",)),
        (("size", "parameters"), 10**9, ("checkpoint:", "can't hold 1,000,000,000 parameters")),
        (("protocol", "external_data"), ["imagenet"], ("checklist: external_data",)),
        (("protocol", "train_way"), 5, ("recipe", "train_way")),
        (("validation", "mean"), 0.99, ("curve:", "says 0.99")),
        (("verification",), [{"level": "spot"}], ("verification: a new submission carries none",)),
    ],
)
def test_one_field_of_the_record(cheat: Cheat, path: tuple[str, ...], value: object, named: tuple[str, ...]) -> None:
    cheat.edit_record(_set(*path, value=value))
    cheat.fix_bundle()
    _names(verify_consistent(cheat.folder, submitted=True), *named)


@pytest.mark.parametrize("pair", [("scores.parquet", "curve.parquet"), ("recipe.yaml", "checklist.yaml")])
def test_two_files_swapped(cheat: Cheat, pair: tuple[str, str]) -> None:
    first, second = (cheat.folder / name for name in pair)
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    report = verify_consistent(cheat.folder)
    assert not report.passed
    texts = " ".join(finding.text for finding in report.of("mismatch"))
    assert any(name in texts for name in pair), texts


def test_checkpoint_of_another_run(cheat: Cheat) -> None:
    path = cheat.folder / "checkpoint.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    cheat.fix_bundle()
    _names(verify_consistent(cheat.folder), "checkpoint: not the weights that were scored")


def test_edited_adapter(cheat: Cheat) -> None:
    path = cheat.folder / "adapter" / "baselines" / "protonet.py"
    path.write_text(path.read_text() + "\nAFTERTHOUGHT = 1\n")
    _names(verify_consistent(cheat.folder), "adapter/baselines/protonet.py was changed after packing")
    cheat.fix_bundle()
    _names(verify_consistent(cheat.folder), "adapter: the source is not the one that ran")


def test_query_statistics_under_an_inductive_flag(cheat: Cheat) -> None:
    checklist = cheat.folder / "checklist.yaml"
    checklist.write_text(checklist.read_text().replace("running", "query"))
    cheat.fix_bundle()
    _names(verify_consistent(cheat.folder), "checklist: batch_norm")


@pytest.mark.parametrize("text", ["1: 2\nsteps: 3\n", "options: {1: a, b: 2}\n", "steps: 2026-11-26\n", "a: &a [*a]\n"])
def test_a_recipe_that_no_run_wrote_is_refused(cheat: Cheat, text: str) -> None:
    (cheat.folder / "recipe.yaml").write_text(text)
    _names(verify_consistent(cheat.folder), "schema:", "recipe.yaml is not readable YAML")


def test_unknown_fields_are_refused(cheat: Cheat) -> None:
    for name in ("record.json", "bundle.json"):
        path = cheat.folder / name
        before = path.read_bytes()
        path.write_text(json.dumps({**json.loads(before), "surprise": 1}))
        _names(verify_consistent(cheat.folder), "schema:", "surprise")
        path.write_bytes(before)
    checklist = cheat.folder / "checklist.yaml"
    checklist.write_text(checklist.read_text() + "surprise: 1\n")
    _names(verify_consistent(cheat.folder), "schema:", "surprise")


def test_an_unpacked_run_is_no_submission(images: Packed) -> None:
    run: Path = next(images.runs.glob("*/protonet/*/record.json")).parent
    _names(verify_consistent(run, submitted=True), "not a packed bundle")


def test_a_bundle_from_before_a_field_was_added(cheat: Cheat) -> None:
    path = cheat.folder / "record.json"
    fields = json.loads(path.read_bytes())
    del fields["traceback"]
    path.write_bytes(json_bytes(fields))
    bundle = json.loads((cheat.folder / "bundle.json").read_bytes())
    bundle["files"]["record.json"] = file_entry(path).model_dump()
    (cheat.folder / "bundle.json").write_bytes(json_bytes(bundle))
    assert verify_consistent(cheat.folder).passed
    cheat.edit_record(lambda fields: fields.update(seed=7))
    _names(verify_consistent(cheat.folder), "files: record.json was changed")


def test_a_bundle_holds_its_class_ids_and_a_stored_run_need_not(cheat: Cheat, images: Packed) -> None:
    (stored,) = images.runs.glob("*/protonet/*/scores.parquet")
    assert "classes" in read_scores_file(cheat.folder / "scores.parquet")
    with pytest.raises(StoreError, match="its class ids lie outside"):
        read_scores_file(stored)
    assert verify_consistent(stored.parent).passed
    shutil.copy(stored, cheat.folder)
    cheat.fix_bundle()
    _names(verify_consistent(cheat.folder), "scores: scores.parquet is damaged: its class ids lie outside")


def test_weights_may_be_fetched_into_a_bundle_that_left_them_elsewhere(cheat: Cheat) -> None:
    weights = cheat.folder / "checkpoint.safetensors"
    content, entry = weights.read_bytes(), file_entry(weights)
    weights.unlink()
    cheat.fix_bundle()
    bundle = json.loads((cheat.folder / "bundle.json").read_bytes())
    bundle["checkpoint"] = {"uri": "https://example.org/w.safetensors", **entry.model_dump()}
    (cheat.folder / "bundle.json").write_bytes(json_bytes(bundle))
    assert verify_consistent(cheat.folder).passed
    weights.write_bytes(content)
    assert verify_consistent(cheat.folder).passed
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    _names(verify_consistent(cheat.folder), "checkpoint: not the weights that were scored")
