"""A job: one learner, one suite, one seed, resolved down to the key that names its record. Picklable, free of torch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from bench.catalogue.entries import Entry
from bench.identity import RunIdentity, learner_identity
from bench.learners.reading import LearnerInfo
from bench.records import Attempt
from bench.runs.failure import Failure
from bench.tasks.suites import BUDGET_EPISODES, Suite
from bench.training.recipes import Recipe

Budget = Literal["full", "short", "smoke"]


@dataclass(frozen=True)
class Settings:
    """What the command line says, the same for every cell of a grid. None means: as the recipe or the budget says.

    recipe : a name, or a file that holds one
    changes : fields of the recipe that are given other values (`bench.training.recipe_changes`)
    test : False stops when the training has been validated: no test episode is asked, which is how tuning looks
    weights : of the catalogue, whose file `checkpoint` then is; nothing is trained and there is no seed
    wait : wait for another process that works on the same run, instead of leaving it alone
    timeout : seconds that a cell may take, None for as long as it likes
    memory_mib : memory that a cell's process may take, None for as much as there is
    halvings : how often the evaluation batch is halved, which changes no score: a cell that ran out of memory is tried
        again so
    attempts : earlier tries at the same cell
    """

    recipe: str | None = None
    budget: Budget = "full"
    episodes: int | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["fp32", "tf32", "bf16"] | None = None
    strategy: Literal["loop", "vmap", "compiled"] | None = None
    overrides: dict[str, str] = dataclasses.field(default_factory=dict)
    changes: dict[str, str] = dataclasses.field(default_factory=dict)
    checkpoint: Path | None = None
    train: bool = True
    test: bool = True
    weights: Entry | None = None
    tasks_file: Path | None = None
    data_dir: Path | None = None
    runs: Path = Path("runs")
    force: bool = False
    wait: bool = False
    timeout: float | None = None
    memory_mib: float | None = None
    halvings: int = 0
    attempts: tuple[Attempt, ...] = ()
    n_configs_tried: int = 1
    command: str = ""


@dataclass(frozen=True)
class SuiteState:
    """A suite as it is on this machine, its pins checked.

    manifest, fingerprint, pinned, source : as in `bench.records.SuiteRef`
    shape : way, shot and query of an episode, 0 where there is none or it varies
    train_pool : classes of the train split and images of the smallest; None where there are none
    """

    manifest: str
    fingerprint: str | None
    pinned: bool
    source: str | None
    shape: tuple[int, int, int]
    train_pool: tuple[int, int] | None = None

    @classmethod
    def from_plain(cls, fields: dict[str, Any]) -> SuiteState:
        """From what `dataclasses.asdict` gave, through JSON."""
        way, shot, query = fields["shape"]
        pool = fields["train_pool"] and (fields["train_pool"][0], fields["train_pool"][1])
        return cls(**{**fields, "shape": (way, shot, query), "train_pool": pool})


@dataclass(frozen=True)
class LearnerFacts:
    """What only the learner's own code can say about itself on this suite.

    options : resolved, plain values
    trains, family, transductive, privileged : as declared by the class
    skip : why it can't answer such a task, or None
    way_bound : weights whose shape holds the suite's number of classes, where the recipe trains on another; "" for none
    """

    options: dict[str, Any]
    family: str
    trains: bool
    transductive: bool
    privileged: str
    skip: str | None
    way_bound: str = ""


@dataclass(frozen=True)
class Job:
    """Everything that can change a number, and what a record says beside it.

    recipe : resolved, budget applied; its options are those of `facts`
    checkpoint_sha256 : of the file that the run starts from, None where it starts from scratch
    broken : how the learner's code ended the process that was to resolve it; such a job has failed already
    """

    info: LearnerInfo
    source_sha256: str
    suite: Suite
    suite_sha256: str
    state: SuiteState
    seed: int | None
    recipe_name: str
    recipe: Recipe
    facts: LearnerFacts
    checkpoint_sha256: str | None
    settings: Settings
    broken: Failure | None = None

    @property
    def episodes(self) -> int:
        return self.settings.episodes or BUDGET_EPISODES[self.settings.budget]

    @property
    def eval_batch(self) -> int:
        """Episodes that are answered at once."""
        return max(1, self.recipe.eval_batch >> self.settings.halvings)

    @property
    def trains(self) -> bool:
        return self.seed is not None and self.settings.train

    @property
    def title(self) -> str:
        seed = "" if self.seed is None else f" seed {self.seed}"
        return f"{self.info.name} on {self.suite.name}{seed}"

    @cached_property
    def identity(self) -> RunIdentity:
        return RunIdentity(
            suite_sha256=self.suite_sha256,
            manifest=self.state.manifest,
            fingerprint=self.state.fingerprint,
            learner=learner_identity(self.info.origin),
            source_sha256=self.source_sha256,
            recipe=self.stored_recipe(),
            budget=self.settings.budget if self.trains else None,
            seed=self.seed,
            precision=self.recipe.precision,
            strategy=self.recipe.strategy,
            checkpoint=self.checkpoint_sha256,
        )

    def anchored(self) -> Job:
        """The same job, wherever the working directory will be: learners' code may change it."""
        asked = self.settings
        paths = {name: getattr(asked, name) for name in ("checkpoint", "tasks_file", "data_dir", "runs")}
        settings = dataclasses.replace(asked, **{name: path and path.absolute() for name, path in paths.items()})
        info = dataclasses.replace(self.info, file=self.info.file.absolute())
        return dataclasses.replace(self, settings=settings, info=info)

    @cached_property
    def key(self) -> str:
        """The key under which the record is stored, found once: learners' code may change what it is made of."""
        return self.identity.key

    def stored_recipe(self) -> dict[str, Any]:
        """What recipe.yaml holds: the resolved recipe, or the options alone where nothing is trained."""
        return self.recipe_dict() if self.trains else {"options": self.facts.options}

    def recipe_dict(self) -> dict[str, Any]:
        """The resolved recipe and options as plain values."""
        return {**self.recipe.model_dump(mode="json"), "options": self.facts.options, "name": self.recipe_name}
