"""Tiny runs to draw, made once."""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from rich.console import Console

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Drawn:
    """A figure and the panels in it."""

    figure: Figure

    def panels(self, line: str) -> list[Axes]:
        """The panels with a line of this label, in the order they were made."""
        return [axes for axes in self.figure.axes if any(found.get_label() == line for found in axes.lines)]

    def y(self, axes: Axes, line: str) -> Any:
        (found,) = (each for each in axes.lines if each.get_label() == line)
        return found.get_ydata()


@dataclass(frozen=True)
class Gallery:
    """A store of runs: maml on sinusoids, latent and gp_oracle on gp1d-rbf, stubborn on a bandit and an MDP, images."""

    runs: Path
    adapters: tuple[str, ...]

    def path(self, algo: str, suite: str) -> Path:
        (path,) = (self.runs / suite / algo).iterdir()
        return path

    def draw(self, *paths: Path, **settings: Any) -> Drawn:
        from bench.plots.chosen import choose
        from bench.plots.style import style

        with style():
            from bench.plots.picture import picture

            runs = choose([str(path) for path in paths], [self.runs])
            return Drawn(picture(runs, adapters=self.adapters, **settings))


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adapters that a picture registers are gone after the test."""
    monkeypatch.setattr("bench.learners.registry._registered", {})


@pytest.fixture(scope="session")
def gallery(bench_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    from bench.runs.job import Settings
    from bench.runs.many import run_all
    from tests.inprocess import resolve_here, run_here

    folder = tmp_path_factory.mktemp("gallery")
    shutil.copy(HERE.parent / "runs" / "tiny.py", folder / "tiny.py")
    recipe = {"steps": 40, "batch": 4, "optimizer": {"name": "adam", "lr": 0.01}}
    (folder / "recipes.yaml").write_text(yaml.safe_dump({"latent": {"fast": {"*": recipe}}}))
    latent, stubborn = f"{folder / 'tiny.py'}:Latent", f"{HERE / 'explorers.py'}:Stubborn"
    settings = Settings(budget="smoke", device="cpu", data_dir=bench_data, runs=folder / "runs")
    cells = [
        ("maml", "sinusoid-10s"),
        (latent, "gp1d-rbf"),
        ("gp_oracle", "gp1d-rbf"),
        (stubborn, "bandit-n10k5"),
        (stubborn, "mdp-n10"),
        ("chance", "glyphs-5w1s"),
    ]
    requests = [request for algo, suite in cells for request in resolve_here(algo, suite, [0], settings)]
    outcomes = run_all(requests, Console(file=io.StringIO()), run_here)
    assert [outcome.record.status for outcome in outcomes] == ["ok"] * len(cells)
    return Gallery(folder / "runs", (latent, stubborn))
