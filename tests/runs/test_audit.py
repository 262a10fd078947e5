"""The audit: no cheat ends as ok and inductive, no honest learner is accused, however unusual it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.learners.contract import Learner
from bench.records import Record
from tests.runs import auditees
from tests.runs.auditees import CHEATS, HONEST
from tests.runs.conftest import Workshop

FILE = Path(auditees.__file__)


def audited(workshop: Workshop, learner: type[Learner], suite: str = "glyphs-5w1s", **settings: object) -> Record:
    record = workshop.run(f"{FILE}:{learner.__name__}", suite, **settings).record
    assert record is not None
    return record


@pytest.mark.parametrize(("cheat", "kind"), CHEATS.items(), ids=lambda value: getattr(value, "__name__", value))
def test_no_cheat_ends_as_ok(workshop: Workshop, cheat: type[Learner], kind: str) -> None:
    record = audited(workshop, cheat)
    assert record.status == "failed" and record.audit is not None
    assert record.reason is not None and record.reason.startswith(f"{kind}: "), record.reason


@pytest.mark.parametrize("learner", HONEST, ids=lambda learner: learner.__name__)
def test_no_honest_learner_is_accused(workshop: Workshop, learner: type[Learner]) -> None:
    record = audited(workshop, learner)
    assert (record.status, record.reason) == ("ok", None) and record.audit is not None
