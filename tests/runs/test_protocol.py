"""The scores of tiny runs stand still as long as the protocol's number does."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.identity import PROTOCOL
from tests.runs.golden_scores import RUNS, score, stored

# What other hardware may explain: a query or two of 60 episodes after 20 steps, the last digits of a regression.
ACCURACY, RELATIVE = 0.02, 1e-3
MOVED = "a score moved: raise bench.identity.PROTOCOL and write the file anew with `python -m tests.runs.golden_scores`"


def test_the_file_belongs_to_this_protocol() -> None:
    assert stored()["protocol"] == PROTOCOL, MOVED


@pytest.mark.parametrize(("algo", "suite"), RUNS)
def test_no_score_has_moved(
    algo: str, suite: str, tmp_path: Path, bench_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_DATA", str(bench_data))
    expected, found = stored()["scores"][f"{algo} on {suite}"], score(algo, suite, tmp_path)
    if algo == "gittins":
        assert found == expected, MOVED
    elif suite.startswith("glyphs"):
        assert found == pytest.approx(expected, abs=ACCURACY), MOVED
    else:
        assert found == pytest.approx(expected, rel=RELATIVE), MOVED
