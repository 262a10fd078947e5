"""`--no-test`: trained and validated, and not one test episode asked; the same without it goes on from there."""

from __future__ import annotations

import pytest

from bench.boards import build_boards
from bench.runs import score, train
from tests.runs.conftest import Workshop


def test_no_test_episode_is_asked_and_the_score_is_that_of_the_whole_run(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = workshop.run("Dropped", "glyphs-5w1s", runs="whole")
    with monkeypatch.context() as no_scoring:
        no_scoring.setattr(score, "evaluate", None)  # would raise if it were called
        looked = workshop.run("Dropped", "glyphs-5w1s", test=False)
    record = looked.record
    assert (record.status, record.episodes, record.metrics, record.scores) == ("validated", 0, [], None)
    assert not looked.bad and record.validation == whole.record.validation
    assert "validation accuracy" in workshop.said.getvalue()


def test_it_is_not_repeated_and_goes_on_without_training_again(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = workshop.run("Dropped", "glyphs-5w1s", runs="whole")
    workshop.run("Dropped", "glyphs-5w1s", test=False)
    with monkeypatch.context() as no_training:
        no_training.setattr(train, "meta_train", None)
        assert workshop.run("Dropped", "glyphs-5w1s", test=False).cached
    tested = workshop.run("Dropped", "glyphs-5w1s")
    assert (tested.record.status, tested.record.scores) == ("ok", whole.record.scores)
    assert "continuing at 20" in workshop.said.getvalue()
    assert workshop.run("Dropped", "glyphs-5w1s", test=False).record.status == "ok"  # knows that and more
    assert workshop.run("Dropped", "glyphs-5w1s", test=False, force=True).stored is False  # the better one stays


def test_boards_do_not_speak_of_it(workshop: Workshop) -> None:
    workshop.run("Dropped", "glyphs-5w1s", test=False, budget="full", changes={"steps": "20"})
    assert build_boards(workshop.folder / "runs") == []
