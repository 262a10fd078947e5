"""The tour in docs/ runs from top to bottom, and shows what it showed when it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.notebook import execute, read

TOUR = Path(__file__).parents[2] / "docs" / "tour.ipynb"


def test_the_tour_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written = read(TOUR)
    assert (written["nbformat"], len({cell["id"] for cell in written["cells"]})) == (4, len(written["cells"]))
    for before, after in zip(written["cells"], execute(written)["cells"], strict=True):
        if before["cell_type"] == "code":
            assert [set(output.get("data", ())) for output in before["outputs"]] == [
                set(output.get("data", ())) for output in after["outputs"]
            ]
