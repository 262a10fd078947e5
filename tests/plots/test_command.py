"""`bench plot` as it is typed: files, their bytes, and what it says when there is nothing to draw."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from bench.plots.chosen import labels
from bench.records import RunStore
from tests.conftest import Cli

from .conftest import Gallery


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_picture_has_a_name_and_the_same_bytes_again(cli: Cli, gallery: Gallery, tmp_path: Path) -> None:
    run = gallery.path("maml", "sinusoid-10s")
    first = cli("plot", run.name[:8], "--runs", gallery.runs)
    assert first.code == 0 and first.out == "sinusoid-10s-maml.png\n", first.err
    assert (tmp_path / "sinusoid-10s-maml.png").read_bytes().startswith(b"\x89PNG")
    for name in ("a.svg", "b.svg"):
        assert cli("plot", run, "--out", f"new/{name}", "--view", "answers", "--episode", 4).code == 0
    assert Path("new/a.svg").read_bytes() == Path("new/b.svg").read_bytes()
    assert "<dc:date>" not in Path("new/a.svg").read_text()


def test_matplotlibs_own_settings_change_nothing(cli: Cli, gallery: Gallery) -> None:
    import matplotlib

    run = gallery.path("chance", "glyphs-5w1s")
    assert cli("plot", run, "--out", "plain.png").code == 0
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.facecolor": "red"}):
        assert cli("plot", run, "--out", "wild.png").code == 0
    assert Path("plain.png").read_bytes() == Path("wild.png").read_bytes()


def test_a_learner_that_is_not_installed_is_named(cli: Cli, gallery: Gallery) -> None:
    run = gallery.path("latent", "gp1d-rbf")
    unknown = cli("plot", run)
    assert unknown.code == 2 and "--algo path/file.py:Class" in unknown.err and not list(Path().iterdir())
    assert cli("plot", run, "--view", "learning").code == 0
    named = cli("plot", run, "--algo", gallery.adapters[0])
    assert named.code == 0 and named.err == ""


def test_another_source_is_said(cli: Cli, gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.submissions.replay.code_sha256", lambda file: "0" * 64)
    drawn = cli("plot", gallery.path("maml", "sinusoid-10s"))
    assert drawn.code == 0 and "source is not the run's" in drawn.err


def test_without_matplotlib(cli: Cli, gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # the import fails
    done = cli("plot", gallery.path("maml", "sinusoid-10s"))
    assert done.code == 1 and done.out == "" and not list(Path().iterdir())
    assert done.err.splitlines() == [
        "error: bench plot draws with matplotlib, which is not installed.",
        "pip install 'meta-bench[plots]'",
    ]


def test_what_cant_be_drawn_is_explained(cli: Cli, gallery: Gallery) -> None:
    maml, latent = gallery.path("maml", "sinusoid-10s"), gallery.path("latent", "gp1d-rbf")
    bare = Path(shutil.copytree(maml, "bare"))
    (bare / "checkpoint.safetensors").unlink()
    mistakes = [
        (("abcdef",), "Unknown run 'abcdef'"),
        ((maml, latent), "answered different episodes: sinusoid-10s@1 and gp1d-rbf@1"),
        ((maml, "--out", "picture.gif"), "--out must end in .png or .svg, found 'picture.gif'"),
        ((maml, "--episode", "10000"), "--episode must lie in 0..9,999, found 10000"),
        ((gallery.path("chance", "glyphs-5w1s"), "--view", "answers"), "no picture of answers in classification"),
    ]
    for words, said in mistakes:
        done = cli("plot", *words)
        assert done.code == 2 and said in done.err and done.out == "", done.err
        assert "Traceback" not in done.err and len(done.err.splitlines()) < 12
    without_weights = cli("plot", bare)
    assert without_weights.code == 1 and "bench weights fetch" in without_weights.err
    assert [path.name for path in Path().iterdir()] == ["bare"]
    assert cli("plot", bare, "--view", "learning").code == 0


def test_a_tampered_checkpoint_is_not_drawn(cli: Cli, gallery: Gallery) -> None:
    copy = Path(shutil.copytree(gallery.path("maml", "sinusoid-10s"), "copy"))
    with (copy / "checkpoint.safetensors").open("ab") as file:
        file.write(b"\0")
    done = cli("plot", copy)
    assert done.code == 3 and "is not the checkpoint that was scored" in done.err


def test_labels_say_what_differs(gallery: Gallery) -> None:
    path = gallery.path("maml", "sinusoid-10s")
    maml = RunStore(path).read(path)
    other = maml.model_copy(update={"seed": 3})
    batch = maml.model_copy(
        update={"seed": 3, "algorithm": maml.algorithm.model_copy(update={"overrides": {"norm": "batch"}})}
    )
    again = maml.model_copy(update={"key": "f" * 16})
    assert labels([maml]) == ["maml"] and labels([batch]) == ["maml, norm=batch"]
    assert labels([maml, other]) == ["maml, seed 0", "maml, seed 3"]
    assert labels([maml, batch, other]) == ["maml, seed 0", "maml, norm=batch", "maml, seed 3"]
    assert labels([maml, again]) == [f"maml, {maml.key[:8]}", "maml, ffffffff"]
