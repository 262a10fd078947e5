"""A run's repository: a store that bench reads, and a card whose numbers are those of the scores."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from huggingface_hub import ModelCard
from huggingface_hub.errors import RepositoryNotFoundError
from scipy import stats

from bench.publishing import files_of
from bench.records import RunStore
from bench.records.files import record_bytes
from tests.conftest import Cli
from tests.publishing.conftest import RECORDS, RUN, Hub
from tests.records.factory import accuracy_scores, store_run


def test_the_card_says_what_the_scores_say(model: Path, cli: Cli) -> None:
    card = ModelCard.load(model / "README.md")
    (result,) = card.data.eval_results
    scores = RunStore(RECORDS).read_scores(RUN)["score"].to_numpy()
    half = stats.t.ppf(0.975, len(scores) - 1) * scores.std(ddof=1) / np.sqrt(len(scores))
    assert result.metric_value == pytest.approx(scores.mean(), rel=1e-12)
    assert result.metric_args["interval_95"] == pytest.approx([scores.mean() - half, scores.mean() + half], rel=1e-9)
    assert (result.task_type, result.dataset_type, result.metric_type) == (
        *("image-classification", "omniglot-5w1s", "accuracy"),
    )
    assert result.source_url.startswith("https://huggingface.co/me/protonet/blob/main/omniglot-5w1s/protonet/a2ab")
    assert card.data.license == "mit" and f"{100 * scores.mean():.2f} ± {100 * half:.2f}" in card.text
    assert "nearest prototype" in card.text and "@inproceedings{snell2017" in card.text


def test_the_folder_is_a_store_and_holds_no_image(model: Path, cli: Cli) -> None:
    names = list(files_of(model))
    assert {Path(name).suffix for name in names} == {".md", ".parquet", ".safetensors", ".json", ".yaml"}
    assert not [path for path in model.rglob("*") if path.is_file() and path.name.startswith(".")]
    place = model / "omniglot-5w1s" / "protonet" / RUN.name
    assert (place / "checkpoint.safetensors").read_bytes() == (RUN / "checkpoint.safetensors").read_bytes()
    shown = cli("show", RUN.name, "--runs", model)
    assert shown.code == 0 and "98.39" in shown.out
    verified = f"bench verify published/{place.relative_to(model)}"
    assert f"{verified} --level rescored" in (model / "README.md").read_text()


def test_an_error_has_its_geometric_mean_and_intervals_over_units_that_are_independent(
    tmp_path: Path, cli: Cli
) -> None:
    found = {}
    for place in ("sinusoid-10s/maml", "gp1d-rbf/cnp"):
        run = next(path.parent for path in sorted((RECORDS / place).glob("*/checkpoint.safetensors")))
        assert cli("publish", run, "--write", tmp_path / run.name).code == 0
        found[place] = ModelCard.load(tmp_path / run.name / "README.md").data.eval_results[0].metric_args, run
    error, run = found["sinusoid-10s/maml"]
    scores = RunStore(RECORDS).read_scores(run)["score"].to_numpy()
    assert error["geometric_mean"] == pytest.approx(np.exp(np.log(scores).mean()), rel=1e-6)
    process, run = found["gp1d-rbf/cnp"]
    blocks = RunStore(RECORDS).read_scores(run)["score"].to_numpy().reshape(-1, 16).mean(1)
    half = stats.t.ppf(0.975, len(blocks) - 1) * blocks.std(ddof=1) / np.sqrt(len(blocks))
    assert process["interval_95"] == pytest.approx([blocks.mean() - half, blocks.mean() + half], rel=1e-9)


def test_what_is_not_what_it_says_is_not_published(tmp_path: Path, cli: Cli) -> None:
    run = tmp_path / "runs" / "omniglot-5w1s" / "protonet" / RUN.name
    shutil.copytree(RUN, run)
    shutil.copy(next(RUN.parents[1].glob("classes-*")), run.parents[1])
    record = json.loads((run / "record.json").read_text())
    record["metrics"][0]["mean"] = 0.99
    (run / "record.json").write_text(json.dumps(record))
    ended = cli("publish", run, "--write", tmp_path / "out")
    assert ended.code == 3 and "mean" in ended.err and "Nothing was uploaded" not in ended.out


def test_what_can_not_be_published_says_why(tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    scores, runs = accuracy_scores(20), tmp_path / "runs"
    untrained = store_run(runs, scores, algorithm__name="chance", checkpoint=None)
    failed = store_run(runs, None, algorithm__name="maml", seed=3)
    published = json.loads((RUN / "record.json").read_text())
    absent = tmp_path / "absent" / "omniglot-5w1s" / "protonet" / RUN.name
    shutil.copytree(RUN, absent, ignore=shutil.ignore_patterns("*.safetensors"))
    own = tmp_path / "own" / "omniglot-5w1s" / "mine" / RUN.name
    shutil.copytree(RUN, own)
    published["algorithm"] |= {"name": "mine", "origin": "mine.py:Mine"}
    (own / "record.json").write_text(json.dumps(published))
    authors = next(iter(sorted(RECORDS.glob("omniglot-5w1s/relnet/*/record.json"), key=_has_authors)), None)
    assert authors is not None
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    for typed, says in (
        ((untrained,), "no weights"),
        ((failed,), "the learner raised ValueError"),
        ((absent,), "bench weights fetch"),
        ((own,), "bench pack"),
        ((authors.parent,), "authors have published them"),
        (("nothing",), "is no suite, and no run"),
        ((RUN, "--write", tmp_path / "full"), "exists already"),
        ((RUN, "--repo", "no slash"), "--repo OWNER/NAME"),
    ):
        ended = cli("publish", *typed)
        assert ended.code in (1, 2) and says in ended.err and len(ended.err.splitlines()) <= 6, (typed, ended.err)
    assert not (tmp_path / "publish").exists() or not list((tmp_path / "publish").iterdir())


def _has_authors(file: Path) -> bool:
    return json.loads(file.read_text()).get("published_weights") is None


@pytest.mark.slow  # packs
def test_a_bundle_is_published_with_its_code(tmp_path: Path, cli: Cli) -> None:
    packed = tmp_path / "packed"
    assert cli("pack", RUN, "--by", "me", "--batch-norm", "running", "--out", packed).code == 0
    ended = cli("publish", packed, "--write", tmp_path / "out")
    assert ended.code == 0, ended.err
    assert {"bundle.json", "checklist.yaml"} <= {Path(name).name for name in files_of(tmp_path / "out")}


def test_text_of_others_is_no_markup_and_files_of_others_stay(tmp_path: Path, cli: Cli) -> None:
    hostile = "<script>x</script> | [a](javascript:b)"
    record = RunStore(RUN).read(RUN)
    record = record.model_copy(
        update={"environment": record.environment.model_copy(update={"hardware_class": hostile})}
    )
    run = tmp_path / "runs" / "omniglot-5w1s" / "protonet" / RUN.name
    shutil.copytree(RUN, run)
    shutil.copy(next(RUN.parents[1].glob("classes-*")), run.parents[1])
    (run / "record.json").write_bytes(record_bytes(record))
    (run / "first_episode.png").write_bytes(b"a picture that somebody drew")
    assert cli("publish", run, "--write", tmp_path / "out").code == 0
    assert not [name for name in files_of(tmp_path / "out") if "png" in name]
    assert "<script>" not in (text := (tmp_path / "out" / "README.md").read_text()) and "[a](javascript" not in text
    assert r"\| \[a\](javascript" in text


def test_nothing_is_uploaded_unless_asked(hub: Hub, tmp_path: Path, cli: Cli) -> None:
    for what, options in ((RUN, ()), ("bandit-n10k5", ("--repo", "me/bandits", "--dry-run"))):
        ended = cli("publish", what, "--write", tmp_path / f"out{len(options)}", *options)
        assert ended.code == 0 and "Nothing was uploaded" in ended.out and hub.where is None
    again = cli("publish", RUN, "--write", tmp_path / "out0")
    assert again.code == 0 and "Nothing was uploaded" in again.out  # it holds just that
    ended = cli("publish", RUN, "--write", tmp_path / "sent", "--repo", "me/protonet")
    assert ended.code == 0 and hub.where == ("model", "me/protonet")
    assert hub.committed == {name: file.read_bytes() for name, file in files_of(tmp_path / "sent").items()}


def test_what_the_hub_refuses_is_told_on_one_screen(
    hub: Hub, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended() -> str:
        done = cli("publish", "bandit-n10k5", "--repo", "me/bandits")
        assert done.code and len(done.err.splitlines()) <= 5 and "Traceback" not in done.err
        return done.err

    monkeypatch.chdir(tmp_path)
    hub.error = RepositoryNotFoundError("404 Client Error", response=Mock())
    assert "no dataset repository me/bandits" in ended()
    hub.error = ConnectionError("Network is unreachable")
    assert "Network is unreachable" in ended()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE" in ended()
    monkeypatch.setattr("bench.publishing.hub.login", lambda: None)
    assert "hf auth login" in ended()
    assert list(tmp_path.iterdir()) == []
