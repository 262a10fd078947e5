"""The first step: from what was typed to jobs. Everything is resolved before anything is computed. Free of torch.

What only the learner's own code can say (its options, whether it fits the suite) is asked of `ask`, which may start a
process for it, and remembered below the runs, so that a finished run is found again without importing the learner.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import bench
from bench._version import __version__
from bench.catalogue.entries import AUTHORS
from bench.errors import UsageError
from bench.identity import PROTOCOL, code_sha256
from bench.learners.reading import LearnerInfo
from bench.learners.registry import find_learner
from bench.records.files import file_sha256
from bench.records.weights import explain_missing
from bench.runs.failure import Failure
from bench.runs.job import Job, LearnerFacts, Settings, SuiteState
from bench.tasks.definition import definition_sha256
from bench.tasks.registry import all_suites, find_suite
from bench.tasks.suites import MANIFEST_EPISODES, Suite
from bench.training.recipe_changes import changed
from bench.training.recipe_choice import Choice, check_fits, find_recipe
from bench.training.recipes import Recipe

_FOLDER = ".resolved"
_LISTED = 10  # impossible pairs that a message names


@dataclass(frozen=True)
class Question:
    """What is asked of a learner's code and of a suite's data.

    recipe : as found, before budget and overrides
    """

    info: LearnerInfo
    suite: Suite
    recipe: Recipe
    overrides: dict[str, str]
    starts_from_checkpoint: bool
    data_dir: Path | None

    def anchored(self) -> Question:
        """The same question, wherever the working directory will be: learners' code may change it."""
        info = replace(self.info, file=self.info.file.absolute())
        return replace(self, info=info, data_dir=self.data_dir and self.data_dir.absolute())


@dataclass(frozen=True)
class Answer:
    """Facts of a question; `broken` says how the learner's code ended the process that asked."""

    state: SuiteState
    facts: LearnerFacts
    broken: Failure | None = None

    @classmethod
    def from_plain(cls, fields: dict[str, Any]) -> Answer:
        """From what `dataclasses.asdict` gave, through JSON."""
        return cls(SuiteState.from_plain(fields["state"]), LearnerFacts(**fields["facts"]))


Ask = Callable[[Question], Answer]


@dataclass(frozen=True)
class Resolution:
    """The jobs of one learner on one suite: one per seed, or a single one for a learner with nothing to train."""

    jobs: tuple[Job, ...]
    _answer: Answer
    _memory: _Memory

    def remember(self) -> None:
        """Keep what was asked, so that the same request needs no asking. For requests that were carried out."""
        if self._answer.broken is None:
            self._memory.keep(self._answer)


def resolve(
    algo: str, suite_name: str, seeds: list[int], settings: Settings, ask: Ask, say: Callable[[str], None]
) -> Resolution:
    """Resolve one learner on one suite; `say` is told what the person who asks should know.

    Raises UsageError for unknown names, options or recipes, and what `ask` raises: missing data, wrong hashes.
    """
    suite = find_suite(suite_name, settings.tasks_file)
    _check(settings)
    info = find_learner(algo)
    source = code_sha256(info.file)
    choice = _recipe(info, suite, settings)
    question = Question(
        info, suite, choice.recipe, settings.overrides, settings.checkpoint is not None, settings.data_dir
    )
    memory = _Memory(settings, question, source)
    answer = memory.recall() or ask(question)
    facts, state = answer.facts, answer.state
    if not facts.trains and not settings.checkpoint:
        if settings.changes or not settings.test:
            raise UsageError(
                f"{info.name} trains nothing, so there is nothing for --train or --no-test.", "Leave them away."
            )
        choice = Choice()
    if choice.notice and not facts.skip:
        say(choice.notice)
    if facts.trains and settings.train and not facts.skip and state.train_pool:
        check_fits(choice.name, choice.recipe, state.shape, *state.train_pool)
        _check_way(info.name, choice, state.shape[0], facts.way_bound)
    arithmetic: dict[str, Any] = {}
    if settings.precision:
        arithmetic["precision"] = settings.precision
    if settings.strategy:
        arithmetic["strategy"] = settings.strategy
    wanted: list[int | None] = [*seeds] if facts.trains and settings.weights is None else [None]
    jobs = tuple(
        Job(
            info=info,
            source_sha256=source,
            suite=suite,
            suite_sha256=definition_sha256(suite),
            state=state,
            seed=seed,
            recipe_name=choice.name,
            recipe=choice.recipe.model_copy(update=arithmetic).scaled(settings.budget),
            facts=facts,
            checkpoint_sha256=file_sha256(settings.checkpoint) if settings.checkpoint else None,
            settings=settings,
            broken=answer.broken,
        )
        for seed in wanted
    )
    return Resolution(jobs, answer, memory)


def _check(settings: Settings) -> None:
    if settings.episodes is not None and not 2 <= settings.episodes <= MANIFEST_EPISODES:
        raise UsageError(
            f"--episodes must lie in 2..{MANIFEST_EPISODES:,}, found {settings.episodes}.",
            "Official results use 2,000; close ranking 10,000.",
        )
    if not settings.train and (settings.changes or not settings.test):
        raise UsageError("--no-train leaves nothing for --train and --no-test.", "Leave them away, or train.")
    where = "`bench show RUN` prints where a run's checkpoint lies."
    if not settings.train and settings.checkpoint is None:
        raise UsageError("--no-train needs --checkpoint FILE.", where)
    if settings.checkpoint is not None and not settings.checkpoint.is_file():
        raise explain_missing(settings.checkpoint) or UsageError(f"No such checkpoint: {settings.checkpoint}", where)


def _check_way(learner: str, choice: Choice, way: int, bound: str) -> None:
    if bound:
        raise UsageError(
            f"The recipe {choice.name!r} trains on episodes of {choice.recipe.train.way} classes, and {learner} has "
            f"weights that are made for the suite's {way}: {bound}.",
            f"Train on episodes of {way} classes (`--train way={way}`), or let no weight depend on `task.way`.",
        )


def refuse_impossible(jobs: Sequence[Job]) -> None:
    """Raises UsageError where none of the jobs can be carried out. Among others such a one is a `skipped` record."""
    if not jobs or not all(job.facts.skip for job in jobs):
        return
    pairs = dict.fromkeys(f"{job.info.name} on {job.suite.name}: {job.facts.skip}" for job in jobs)
    listed = [*list(pairs)[:_LISTED], *([f"and {len(pairs) - _LISTED} more"] if len(pairs) > _LISTED else [])]
    raise UsageError(
        "Nothing of this can be measured.\n" + "\n".join(listed),
        "`bench list suites` says what a suite asks for, `bench info LEARNER` what a learner does.",
    )


def _recipe(info: LearnerInfo, suite: Suite, settings: Settings) -> Choice:
    if info.trains is False and not settings.checkpoint:
        return Choice()
    if settings.weights is not None:  # how they were trained is the authors' affair; how to evaluate them is not
        found = find_recipe(info, suite.name, None).recipe
        kept = {"precision": found.precision, "strategy": found.strategy, "eval_batch": found.eval_batch}
        return Choice(AUTHORS, Recipe(**kept))  # type: ignore[arg-type]  # taken from a recipe
    choice = find_recipe(info, suite.name, settings.recipe, all_suites(settings.tasks_file))
    if not settings.changes:
        return choice
    name, recipe = changed(choice.name, choice.recipe, settings.changes)
    return replace(choice, name=name, recipe=recipe)


@lru_cache(maxsize=1)
def _last_changed() -> int:
    """When a file of bench was written last: who works on bench itself must not be told what an older one thought."""
    return max(file.stat().st_mtime_ns for file in Path(bench.__file__).parent.rglob("*.py"))


class _Memory:
    """Answers that were given before, a small file each, named by everything that the answer depends on."""

    def __init__(self, settings: Settings, question: Question, source: str) -> None:
        suite = question.suite
        parts = {
            "bench": [__version__, PROTOCOL, _last_changed()],
            "learner": [question.info.origin, question.info.name, source],
            "suite": [definition_sha256(suite), suite.pin and suite.pin.model_dump()],
            "fingerprint": suite.domain.fingerprint(suite, question.data_dir),
            "recipe": question.recipe.model_dump(mode="json"),
            "overrides": question.overrides,
            "checkpoint": question.starts_from_checkpoint,
        }
        name = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
        self.file = settings.runs / _FOLDER / f"{name}.json"

    def recall(self) -> Answer | None:
        try:
            fields = json.loads(self.file.read_bytes())
            return Answer.from_plain(fields)
        except (OSError, ValueError, KeyError, TypeError):  # never asked, or not readable: asked again
            return None

    def keep(self, answer: Answer) -> None:
        with contextlib.suppress(OSError):  # a memory only; a disk that can't be written shows elsewhere
            self.file.parent.mkdir(parents=True, exist_ok=True)
            aside = self.file.with_suffix(".part")
            aside.write_text(json.dumps(asdict(answer)))
            aside.replace(self.file)
