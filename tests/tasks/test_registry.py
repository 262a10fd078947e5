"""Finding suites: by name, in a user's file, in an installed package."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.tasks.registry import GROUP, all_suites, find_suite

WAVES = """\
schema: 1
suites:
  {name}:
    version: 1
    title: "Waves"
    task: {{kind: sinusoid, context: 5, target: 10, amplitude: [0.1, 5.0], phase: [0.0, 3.0], x: [-5.0, 5.0]}}
    metric: mse
"""


def suites_file(path: Path, name: str) -> Path:
    path.write_text(WAVES.format(name=name))
    return path


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package that declares a suite: its folder, on sys.path."""
    folder = tmp_path / "site"
    info = folder / "wavesuites-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: wavesuites\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nwaves = wavesuites:FILE\ncalled = wavesuites:file\n")
    suites_file(folder / "waves.yaml", "waves-constant")
    suites_file(folder / "called.yaml", "waves-called")
    (folder / "wavesuites.py").write_text(
        "from pathlib import Path\n"
        "FILE = Path(__file__).with_name('waves.yaml')\n"
        "def file():\n    return str(Path(__file__).with_name('called.yaml'))\n"
    )
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "wavesuites", raising=False)
    return folder


def test_a_users_file_adds_to_the_standard_suites(tmp_path: Path) -> None:
    standard = all_suites()
    extended = all_suites(suites_file(tmp_path / "mine.yaml", "my-waves"))
    assert list(extended) == [*standard, "my-waves"]
    assert find_suite("my-waves", tmp_path / "mine.yaml").name == "my-waves"


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    path = suites_file(tmp_path / "mine.yaml", "glyphs-5w1s")
    with pytest.raises(UsageError, match="'glyphs-5w1s' is declared twice") as caught:
        all_suites(path)
    assert str(path) in caught.value.message


def test_an_unknown_name_lists_the_near_ones() -> None:
    with pytest.raises(UsageError, match=r"Unknown suite 'omniglot-5w1'. Did you mean 'omniglot-5w1s'"):
        find_suite("omniglot-5w1")


def test_entry_points_give_a_path_or_a_function_that_returns_one(distribution: Path) -> None:
    assert {"waves-constant", "waves-called", "glyphs-5w1s"} <= set(all_suites())


def test_a_suite_of_a_package_and_of_a_users_file_may_not_share_a_name(distribution: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'waves-called' is declared twice"):
        all_suites(suites_file(tmp_path / "mine.yaml", "waves-called"))


def test_a_package_that_cannot_be_loaded_is_named(distribution: Path) -> None:
    (distribution / "wavesuites.py").write_text("raise RuntimeError('half installed')\n")
    with pytest.raises(UsageError, match=r"waves.*half installed"):
        all_suites()
