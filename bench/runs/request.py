"""What is asked for: one learner, one suite, one seed, resolved down to the key that names its record."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bench.errors import UsageError
from bench.learners.options import resolve_options
from bench.learners.registry import LearnerInfo, find_learner, load
from bench.learners.source import source_sha256
from bench.records.key import run_key
from bench.runs.recipe_choice import Choice, find_recipe
from bench.runs.recipes import Recipe
from bench.tasks.registry import all_suites, find_suite
from bench.tasks.suites import BUDGET_EPISODES, MANIFEST_EPISODES, Suite

if TYPE_CHECKING:
    from bench.learners.contract import Learner

Budget = Literal["full", "short", "smoke"]


@dataclass(frozen=True)
class Settings:
    """What the command line says, the same for every cell of a grid. None means: as the recipe or the budget says."""

    recipe: str | None = None
    budget: Budget = "full"
    episodes: int | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["fp32", "tf32", "bf16"] | None = None
    strategy: Literal["loop", "vmap", "compiled"] | None = None
    overrides: dict[str, str] = dataclasses.field(default_factory=dict)
    checkpoint: Path | None = None
    train: bool = True
    tasks_file: Path | None = None
    data_dir: Path | None = None
    runs: Path = Path("runs")
    force: bool = False
    n_configs_tried: int = 1
    command: str = ""


@dataclass(frozen=True)
class Request:
    """One cell, resolved: everything that can change its number is here or in the material of its suite."""

    info: LearnerInfo
    learner: type[Learner]
    suite: Suite
    seed: int | None
    recipe_name: str
    recipe: Recipe  # budget applied
    options: Any
    source_sha256: str
    settings: Settings

    @property
    def episodes(self) -> int:
        return self.settings.episodes or BUDGET_EPISODES[self.settings.budget]

    @property
    def trains(self) -> bool:
        return self.seed is not None and self.settings.train

    @property
    def title(self) -> str:
        seed = "" if self.seed is None else f" seed {self.seed}"
        return f"{self.info.name} on {self.suite.name}{seed}"

    def stored_recipe(self) -> dict[str, Any]:
        """What recipe.yaml holds: the resolved recipe, or the options alone where nothing is trained."""
        return self.recipe_dict() if self.trains else {"options": self.option_dict()}

    def recipe_dict(self) -> dict[str, Any]:
        """The resolved recipe and options as plain values."""
        resolved = self.recipe.model_dump(mode="json")
        resolved["options"] = self.option_dict()
        resolved["name"] = self.recipe_name
        return resolved

    def option_dict(self) -> dict[str, Any]:
        plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self.options)))
        return plain

    def key(self, manifest: str, fingerprint: str | None, checkpoint_sha256: str | None) -> str:
        """The key under which the record is stored: `bench.records.key.run_key`."""
        return run_key(
            suite=(self.suite.name, self.suite.version),
            manifest=manifest,
            fingerprint=fingerprint,
            algorithm=self.info.name,
            source=self.source_sha256,
            recipe=self.stored_recipe(),
            budget=self.settings.budget if self.trains else None,
            seed=self.seed,
            precision=self.recipe.precision,
            strategy=self.recipe.strategy,
            checkpoint=checkpoint_sha256,
        )


def resolve(algo: str, suite_name: str, seeds: list[int], settings: Settings) -> list[Request]:
    """The cells of one learner on one suite: one per seed, or a single one for a learner with nothing to train.

    Raises UsageError for unknown names, options or recipes before anything is computed.
    """
    suite = find_suite(suite_name, settings.tasks_file)
    if settings.episodes is not None and not 2 <= settings.episodes <= MANIFEST_EPISODES:
        raise UsageError(
            f"--episodes must lie in 2..{MANIFEST_EPISODES:,}, found {settings.episodes}.",
            "Official results use 2,000; close ranking 10,000.",
        )
    if not settings.train and settings.checkpoint is None:
        raise UsageError(
            "--no-train needs --checkpoint FILE.", "`bench show RUN` prints where a run's checkpoint lies."
        )
    info = find_learner(algo)
    learner = load(info)
    if learner.trains or settings.checkpoint:
        choice = find_recipe(info, suite.name, settings.recipe, all_suites(settings.tasks_file))
    else:
        choice = Choice()
    recipe = choice.recipe
    changes: dict[str, Any] = {}
    if settings.precision:
        changes["precision"] = settings.precision
    if settings.strategy:
        changes["strategy"] = settings.strategy
    options = resolve_options(learner, {**recipe.options, **settings.overrides})
    recipe = recipe.model_copy(update=changes).scaled(settings.budget)
    source = source_sha256(info.file)
    wanted: list[int | None] = [*seeds] if learner.trains else [None]
    return [Request(info, learner, suite, seed, choice.name, recipe, options, source, settings) for seed in wanted]
