"""`bench run --weights`: an evaluation whose record says whose weights these are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.catalogue import fetch_weights, load_catalogue, weights_file
from bench.learners.weights import read_tensors, write_tensors
from bench.records import Record, RunStore
from bench.records.files import RECORD, record_bytes
from bench.records.weights import CHECKPOINT
from bench.submissions.consistent import verify_consistent
from tests.catalogue.conftest import Published
from tests.conftest import Cli

RUN = ("run", "--weights", "tiny", "--suite", "glyphs-5w1s")


@pytest.fixture
def ran(published: Published, cli: Cli, tmp_path: Path) -> tuple[Path, Record]:
    """A run of 20 episodes, and its record."""
    fetch_weights(published.describe(load_catalogue()["tiny"].sha256), str(published.folder))
    done = cli(*RUN, "--episodes", 20, "--device", "cpu", "--runs", tmp_path / "runs")
    assert done.code == 0, done.err
    (path,) = (tmp_path / "runs").glob("*/*/*/record.json")
    return path.parent, RunStore(tmp_path / "runs").read(path.parent)


def test_the_record_says_whose_weights_were_scored(ran: tuple[Path, Record]) -> None:
    path, record = ran
    entry = load_catalogue()["tiny"]
    assert record.status == "ok" and record.episodes == 20
    assert (record.recipe, record.seed, record.algorithm.trains) == ("authors", None, False)
    assert record.published_weights == entry.published
    assert record.identity is not None and record.identity.initial_checkpoint_sha256 == entry.sha256
    assert record.algorithm.overrides == {"norm": "batch", "filters": "4"} and record.protocol.transductive
    assert record.timing.train_s is None and RunStore(path.parents[2]).read_recipe(path) == {
        "options": record.algorithm.options
    }


def test_it_is_found_again_shown_and_verified(ran: tuple[Path, Record], cli: Cli) -> None:
    path, _ = ran
    again = cli(
        *RUN, "--algo", "relnet", "--set", "norm=batch", "--episodes", 20, "--device", "cpu", "--runs", path.parents[2]
    )
    assert again.code == 0 and len(list(path.parent.glob("*/record.json"))) == 1
    assert "the authors (Somebody 2018, A paper" in cli("show", path).out
    for level in ("consistent", "rescored"):
        found = cli("verify", path, "--level", level)
        assert found.code == 0 and f"level {level}: agrees" in found.out, found.out


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"published_weights__name": "mine"}, "no 'mine' in the catalogue"),
        ({"published_weights__trained_on": "nothing"}, "what is said of them"),
        ({"identity__initial_checkpoint_sha256": "a" * 64}, "initial weights"),
        ({"protocol__external_data": ["MNIST"]}, "external_data"),
    ],
)
def test_a_false_claim_does_not_pass(ran: tuple[Path, Record], changes: dict[str, Any], says: str) -> None:
    path, record = ran
    for name, value in changes.items():
        part, _, field = name.partition("__")
        record = record.model_copy(update={part: getattr(record, part).model_copy(update={field: value})})
    (path / RECORD).write_bytes(record_bytes(record))
    report = verify_consistent(path)
    assert any(f.check == "published weights" and says in f.text for f in report.of("mismatch"))


def test_other_weights_under_their_name_do_not_pass(ran: tuple[Path, Record]) -> None:
    path, _ = ran

    def seen() -> list[tuple[str, str]]:
        report = verify_consistent(path)
        return [(found.verdict, found.text) for found in report.findings if found.check == "published weights"]

    assert seen() == [("ok", "tiny, of Somebody 2018, A paper, arXiv:1234.56789: every number is the published one")]
    tensors, meta = read_tensors(path / CHECKPOINT)
    tensors["score.3.bias"] += 1
    write_tensors(path / CHECKPOINT, tensors, meta)
    assert seen() == [("mismatch", "checkpoint.safetensors holds other weights than tiny")]
    (path / CHECKPOINT).unlink()
    ((verdict, text),) = seen()
    assert verdict == "note" and "bench weights fetch tiny" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--algo", "protonet"), "tiny are weights of relnet, found --algo protonet."),
        (("--set", "norm=running"), "found --set norm=running."),
        (("--set", "hidden=3"), "found --set hidden=3."),
        (("--seeds", "0-2"), "--weights tiny and --seeds contradict each other"),
        (("--recipe", "fast"), "--weights tiny and --recipe contradict each other"),
        (("--checkpoint", "x"), "--weights tiny and --checkpoint contradict each other"),
        (("--suite", "glyphs-5w5s"), "tiny is not meant for glyphs-5w5s."),
        (("--weights", "tony"), "Unknown published weights 'tony'. Did you mean 'tiny'?"),
        ((), "bench weights fetch tiny"),
    ],
)
def test_what_contradicts_the_catalogue_is_refused(
    published: Published, cli: Cli, arguments: tuple[str, ...], says: str
) -> None:
    done = cli(*RUN, *arguments, "--runs", published.data / "runs")
    assert done.code in (1, 2) and says in done.err and not (published.data / "runs").exists()


def test_changed_weights_are_refused(published: Published, cli: Cli) -> None:
    weights_file(load_catalogue()["tiny"]).parent.mkdir()
    weights_file(load_catalogue()["tiny"]).write_bytes(b"other weights")
    done = cli(*RUN, "--runs", published.data / "runs")
    assert done.code == 3 and "the catalogue says" in done.err
