"""A sweep's plan on disk: which cells, under which keys, and what each will probably cost.

It lies below the store, `<runs>/.sweeps/<name>/plan.json`, is replaced as a whole, and only ever grows: a cell that
was planned before keeps its place, one whose learner has changed since gets its new key. What has become of a cell is
not in the plan: that is read from the store.
"""

from __future__ import annotations

import dataclasses
import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.errors import StoreError, UsageError, unknown_name
from bench.records.files import explain, replace_file, strict_json
from bench.records.names import SAFE
from bench.runs.job import Budget, Settings

SCHEMA = "bench.sweep/1"
FOLDER = ".sweeps"
_PLAN, _CANCELLED = "plan.json", "cancelled"


@dataclass(frozen=True)
class Request:
    """One cell as it would be typed after `bench run`. `seed` is None for a learner with nothing to train."""

    algo: str
    suite: str
    seed: int | None
    recipe: str | None = None
    budget: Budget = "full"
    episodes: int | None = None
    precision: Any = None
    strategy: Any = None
    set: dict[str, str] = field(default_factory=dict)
    train: dict[str, str] = field(default_factory=dict)
    test: bool = True
    configs_tried: int = 1

    @property
    def place(self) -> str:
        """What makes two requests the same cell, whatever the learner's code is meanwhile."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @property
    def command(self) -> str:
        """The cell by itself, as anybody can type it: what its record says it was made by."""
        words = ["bench", "run", "--algo", self.algo, "--suite", self.suite]
        words += [] if self.seed is None else ["--seeds", str(self.seed)]
        for name, value, default in (
            *(("recipe", self.recipe, None), ("budget", self.budget, "full"), ("episodes", self.episodes, None)),
            *(("precision", self.precision, None), ("strategy", self.strategy, None)),
            ("configs-tried", self.configs_tried, 1),
        ):
            words += [f"--{name}", str(value)] if value != default else []
        words += [word for name, value in self.set.items() for word in ("--set", f"{name}={value}")]
        words += [word for name, value in self.train.items() for word in ("--train", f"{name}={value}")]
        words += [] if self.test else ["--no-test"]
        return shlex.join(words)

    def settings(self, **surroundings: Any) -> Settings:
        """What `bench run` would be told; `surroundings` are the plan's and the machine's."""
        return Settings(
            recipe=self.recipe,
            budget=self.budget,
            episodes=self.episodes,
            precision=self.precision,
            strategy=self.strategy,
            overrides=dict(self.set),
            changes=dict(self.train),
            test=self.test,
            n_configs_tried=self.configs_tried,
            **surroundings,
        )


@dataclass(frozen=True)
class Estimate:
    """What a cell will probably take. `basis` says where that is known from."""

    seconds: float
    memory_mib: float
    basis: str


@dataclass(frozen=True)
class Cell:
    """One run of the sweep.

    algorithm : the learner's label; recipe : the resolved one's name, "" where nothing is trained
    episodes : how many test episodes it is to have
    """

    request: Request
    key: str
    algorithm: str
    recipe: str
    episodes: int
    estimate: Estimate

    @property
    def title(self) -> str:
        seed = "" if self.request.seed is None else f" seed {self.request.seed}"
        return f"{self.algorithm} on {self.request.suite}{seed}"


@dataclass(frozen=True)
class Plan:
    """The cells of a sweep, in the order in which they were asked for.

    folder : `<runs>/.sweeps/<name>`
    timeout : seconds that a cell may take
    again_since : failures that were recorded before this moment (RFC 3339) count as not tried yet
    """

    folder: Path
    cells: tuple[Cell, ...]
    command: str = ""
    device: Any = "auto"
    tasks_file: Path | None = None
    timeout: float | None = None
    again_since: str = ""

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def file(self) -> Path:
        return self.folder / _PLAN

    @property
    def runs(self) -> Path:
        return self.folder.parent.parent

    @property
    def longest_first(self) -> list[Cell]:
        return sorted(self.cells, key=lambda cell: -cell.estimate.seconds)

    def joined(self, earlier: Plan | None) -> Plan:
        """This plan and the cells of an earlier one of the same name that it doesn't name itself."""
        if earlier is None:
            return self
        cells = {cell.request.place: cell for cell in (*earlier.cells, *self.cells)}
        return dataclasses.replace(
            self, cells=tuple(cells.values()), again_since=max(self.again_since, earlier.again_since)
        )

    def save(self) -> None:
        """Raises StoreError when the disk refuses."""
        fields = dataclasses.asdict(self) | {"schema": SCHEMA, "folder": None}
        fields["tasks_file"] = self.tasks_file and str(self.tasks_file)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            replace_file(self.file, json.dumps(fields, indent=1).encode())
        except OSError as error:
            raise explain(error, self.folder) from error

    @property
    def cancelled(self) -> bool:
        return (self.folder / _CANCELLED).exists()

    def cancel(self) -> None:
        try:
            (self.folder / _CANCELLED).touch()
        except OSError as error:
            raise explain(error, self.folder) from error

    def revive(self) -> None:
        (self.folder / _CANCELLED).unlink(missing_ok=True)


def load_plan(folder: Path) -> Plan:
    """Raises StoreError where the file is damaged."""
    file = folder / _PLAN
    try:
        fields = strict_json(file.read_bytes())
        if fields.pop("schema") != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        fields["cells"] = tuple(_cell(cell) for cell in fields["cells"])
        tasks = fields.pop("tasks_file")
        return Plan(**{**fields, "folder": folder, "tasks_file": Path(tasks) if tasks else None})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        fix = "fix: remove it; the command that made it makes it again, and finished runs stay"
        raise StoreError(f"{file} is not a readable plan: {error}", fix) from error


def find_plan(text: str, runs: Path) -> Plan:
    """The sweep that a name, or the folder of its plan, means. UsageError with the names that there are."""
    folder = Path(text)
    if (folder / _PLAN).is_file():
        return load_plan(folder.absolute())
    if SAFE.fullmatch(text) and (runs / FOLDER / text / _PLAN).is_file():
        return load_plan((runs / FOLDER / text).absolute())
    there = sorted(place.parent.name for place in (runs / FOLDER).glob(f"*/{_PLAN}"))
    raise unknown_name(f"sweep below {runs}", text, there)


def sweep_folder(runs: Path, name: str) -> Path:
    """Where a sweep's plan lies. UsageError for a name that can't be a folder's."""
    if not SAFE.fullmatch(name):
        raise UsageError(f"{name!r} can't name a sweep: expected letters, digits and . _ @ + = - only.", "Use --name.")
    return (runs / FOLDER / name).absolute()


def _cell(fields: dict[str, Any]) -> Cell:
    request, estimate = Request(**fields.pop("request")), Estimate(**fields.pop("estimate"))
    return Cell(request=request, estimate=estimate, **fields)
