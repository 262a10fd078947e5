"""What a submission would change, as a reviewer asks for it."""

from __future__ import annotations

from pathlib import Path

from bench.boards import preview
from bench.submissions.preview import laid_out
from tests.conftest import Cli
from tests.records.factory import accuracy_scores, store_run

from .conftest import Cheat, Packed


def test_a_new_row_its_rank_and_whose_ranks_move(tmp_path: Path) -> None:
    for name, mean in (("best", 0.95), ("worst", 0.6)):
        store_run(tmp_path / "known", accuracy_scores(2000, mean), algorithm__name=name, algorithm__trains=False)
    run = store_run(tmp_path / "mine", accuracy_scores(2000, 0.8), algorithm__name="new", algorithm__trains=False)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with laid_out([run]) as store:
        found = preview(store, [tmp_path / "known"])
    text = "\n".join(found.changes)
    assert "added new" in text and "rank 2" in text and "worst" in text and "rank 2 -> 3" in text
    assert found.markdown().startswith("## What would change") and "| new |" in found.markdown()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    with laid_out([run]) as store:
        (nothing,) = preview(store, [tmp_path / "known", tmp_path / "mine"]).changes
    assert nothing.startswith("nothing")


def test_as_it_is_typed(cli: Cli, images: Packed, tmp_path: Path) -> None:
    store_run(tmp_path / "known", accuracy_scores(2000, 0.8))
    seen = cli("leaderboard", "--preview", images.folder, "--results", tmp_path / "known")
    assert seen.code == 0 and "What would change" in seen.out and "not admitted: protonet" in seen.out
    assert "budget smoke" in seen.out
    page = cli("leaderboard", "--preview", images.folder, "--results", tmp_path / "known", "--format", "markdown")
    assert page.code == 0 and page.out.startswith("## What would change") and "## How each row was made" in page.out
    for wrong in (("--format", "csv"), ("--check", tmp_path)):
        assert cli("leaderboard", "--preview", images.folder, *wrong).code == 2
    assert cli("leaderboard", "--preview", tmp_path / "nothing").code == 2


def test_a_file_that_claims_too_much_is_refused(cli: Cli, cheat: Cheat) -> None:
    (cheat.folder / "scores.parquet").write_bytes(b"PAR1 nothing PAR1")
    done = cli("leaderboard", "--preview", cheat.folder)
    assert done.code == 3 and "not a readable parquet file" in done.err
