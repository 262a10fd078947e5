"""A finished run is not repeated, a longer request appends, --force repeats, and nothing replaces it by less."""

from __future__ import annotations

import pytest

from bench.errors import Mismatch, StoreError, UsageError
from bench.records import RunStore
from bench.runs import score, train
from tests.runs.conftest import Workshop


def test_a_second_call_returns_the_record_without_training(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    first = workshop.run("Dropped", "glyphs-5w1s")
    monkeypatch.setattr(train, "meta_train", None)  # either would raise if it were called
    monkeypatch.setattr(score, "evaluate", None)
    second = workshop.run("Dropped", "glyphs-5w1s")
    assert second.cached and not first.cached and second.record == first.record
    shorter = workshop.run("Dropped", "glyphs-5w1s", episodes=50)
    assert shorter.cached and shorter.record.episodes == 100
    assert workshop.said.getvalue().count("(finished before)") == 2


@pytest.mark.parametrize(("algo", "suite"), [("Dropped", "glyphs-5w1s"), ("Latent", "gp1d-rbf")])
def test_a_longer_request_appends_and_equals_one_long_run(workshop: Workshop, algo: str, suite: str) -> None:
    short = workshop.run(algo, suite, episodes=41)  # no multiple of a batch or a block
    longer = workshop.run(algo, suite, episodes=100)
    whole = workshop.run(algo, suite, episodes=100, runs="whole")
    assert short.path == longer.path and not longer.cached
    assert longer.record.episodes == 100 and longer.record.scores == whole.record.scores
    assert longer.record.metrics == whole.record.metrics
    assert longer.record.validation == short.record.validation == whole.record.validation
    assert longer.record.timing.train_s == short.record.timing.train_s  # trained once
    assert longer.record.checkpoint == short.record.checkpoint


def test_force_runs_again(workshop: Workshop) -> None:
    first = workshop.run("Dropped", "glyphs-5w1s")
    again = workshop.run("Dropped", "glyphs-5w1s", force=True)
    assert not again.cached and again.path == first.path and again.record.scores == first.record.scores
    assert again.record.timing != first.record.timing


def test_a_failed_run_is_tried_again(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINY_INTERRUPT", "raise")
    assert workshop.run("Interrupted", "sinusoid-10s").record.status == "failed"
    monkeypatch.delenv("TINY_INTERRUPT")
    assert workshop.run("Interrupted", "sinusoid-10s").record.status == "ok"


def test_a_finished_record_survives_trouble_in_a_longer_request(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = workshop.run("Interrupted", "sinusoid-10s", episodes=50)
    monkeypatch.setenv("TINY_INTERRUPT", "ctrl-c")
    for force in (False, True):
        with pytest.raises(KeyboardInterrupt):
            workshop.run("Interrupted", "sinusoid-10s", episodes=90, force=force)
    monkeypatch.setenv("TINY_INTERRUPT", "raise")
    failed = workshop.run("Interrupted", "sinusoid-10s", episodes=90)
    assert failed.status == "failed" and failed.bad and not failed.stored
    assert "late trouble" in failed.reason and f"The earlier record stays: {first.path}" in failed.reason
    assert RunStore(workshop.folder / "runs").read(first.path) == first.record
    assert len(workshop.scores(first)) == 50


def test_a_longer_request_needs_the_checkpoint_that_was_scored(workshop: Workshop) -> None:
    first = workshop.run("Dropped", "glyphs-5w1s", episodes=20)
    weights = first.path / "checkpoint.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(Mismatch, match="not the checkpoint that was scored"):
        workshop.run("Dropped", "glyphs-5w1s", episodes=30)
    weights.unlink()
    with pytest.raises(StoreError, match="are not here") as caught:
        workshop.run("Dropped", "glyphs-5w1s", episodes=30)
    assert "bench weights fetch" in caught.value.fix and "--force" in caught.value.fix
    assert workshop.run("Dropped", "glyphs-5w1s", episodes=20).cached


def test_a_checkpoint_is_evaluated_as_it_is(workshop: Workshop) -> None:
    trained = workshop.run("Dropped", "glyphs-5w1s")
    weights = trained.path / "checkpoint.safetensors"
    outcome = workshop.run("Dropped", "glyphs-5w1s", checkpoint=weights, train=False)
    record = outcome.record
    assert outcome.path != trained.path and record.scores == trained.record.scores
    assert record.protocol.selection == "none" and record.protocol.train_way is None
    assert record.validation is None and record.timing.train_s is None
    assert trained.record.protocol.selection == "validation" and trained.record.protocol.train_way == 5


def test_training_may_start_from_a_checkpoint(workshop: Workshop) -> None:
    weights = workshop.run("Dropped", "glyphs-5w1s").path / "checkpoint.safetensors"
    further = workshop.run("Dropped", "glyphs-5w1s", checkpoint=weights)
    fresh = workshop.run("Dropped", "glyphs-5w1s")
    assert further.record.key != fresh.record.key and further.record.scores != fresh.record.scores
    assert further.record.timing.train_s is not None


def test_a_checkpoint_that_does_not_fit(workshop: Workshop) -> None:
    weights = workshop.run("Dropped", "glyphs-5w1s").path / "checkpoint.safetensors"
    outcome = workshop.run("Dropped", "glyphs-5w1s", checkpoint=weights, train=False, overrides={"width": "4"})
    assert outcome.record.status == "failed"
    assert outcome.record.reason and "The checkpoint does not fit Dropped: size mismatch" in outcome.record.reason
    weights.unlink()
    with pytest.raises(StoreError, match="are not here"):
        workshop.run("Dropped", "glyphs-5w1s", checkpoint=weights, train=False)
    with pytest.raises(UsageError, match="No such checkpoint"):
        workshop.run("Dropped", "glyphs-5w1s", checkpoint=workshop.folder / "none.safetensors", train=False)


def test_a_learner_that_trains_itself_keeps_its_best_candidate(workshop: Workshop) -> None:
    record = workshop.run("Own", "sinusoid-10s").record
    assert record.status == "ok" and record.validation is not None
    assert (record.validation.step, record.validation.checks) == (2, 3)
    assert record.metrics[0].mean < 9  # an offset of 3 alone would cost that much
