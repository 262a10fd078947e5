"""From what is asked for to a plan: every cell resolved to its key, with what it will probably cost."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bench.errors import BenchError, UsageError, unknown_name
from bench.learners.registry import all_learners, find_learner
from bench.runs.ask import asking
from bench.runs.job import Job
from bench.runs.resolve import resolve
from bench.sweeps.costs import Costs
from bench.sweeps.plan import Cell, Request
from bench.sweeps.sweepfile import Entry
from bench.tasks.registry import all_suites
from bench.training.recipe_changes import parse_changes
from bench.training.recipe_file import is_recipe_file


@dataclass
class Planned:
    """What came of the entries.

    cells : to be carried out; skipped : (learner, suite) that don't fit
    left_out : (learner, suite, why) that can't be resolved here; notices : what a person should know
    """

    cells: list[Cell] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[tuple[str, str, BenchError]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def plan_cells(
    entries: Iterable[Entry], runs: Path, tasks_file: Path | None, data_dir: Path | None, costs: Costs,
    step: Callable[[str], None] = lambda text: None,
) -> Planned:  # fmt: skip
    """The cells of all entries, each once. Raises UsageError for names that nothing has, and where no cell is left.

    step : told what is being resolved, for learners' code may be slow to answer
    """
    planned, seen = Planned(), dict[str, Cell]()
    for entry in entries:
        suites, learners = suites_named(entry.suite, tasks_file), learners_named(entry.algo)
        for suite in suites:
            for algo in learners:
                step(f"{algo} on {suite}")
                try:
                    jobs = _jobs(entry, algo, suite, runs, tasks_file, data_dir, planned.notices.append)
                except BenchError as error:
                    planned.left_out.append((algo, suite, error))
                    continue
                if jobs[0].facts.skip:
                    planned.skipped.append((algo, suite))
                    continue
                for job in jobs:
                    cell = Cell(
                        _request(entry, algo, suite, job.seed),
                        job.key,
                        job.info.name,
                        job.recipe_name if job.trains else "",
                        job.episodes,
                        costs.estimate(job),
                    )
                    seen.setdefault(cell.key, cell)
    planned.cells = list(seen.values())
    if not seen:
        if planned.left_out:
            raise planned.left_out[0][2]
        raise UsageError("None of these learners answers any of these suites.", "`bench list` shows what fits what.")
    return planned


def suites_named(names: Iterable[str], tasks_file: Path | None) -> list[str]:
    """Suites by name or pattern, in the order of their declaration."""
    return _matching("suite", names, all_suites(tasks_file))


def learners_named(names: Iterable[str]) -> list[str]:
    """Learners by name, pattern, `path/file.py:Class` or `all`, in the order given."""
    found: dict[str, None] = {}
    for name in names:
        if ".py" in name:
            find_learner(name)  # its path has to be one
            found[name] = None
        else:
            found |= dict.fromkeys(_matching("algo", ["*" if name == "all" else name], all_learners()))
    return list(found)


def _matching(kind: str, names: Iterable[str], known: Iterable[str]) -> list[str]:
    there, found = list(known), dict[str, None]()
    for name in names:
        matches = [one for one in there if one == name or fnmatch.fnmatchcase(one, name)]
        if not matches:
            raise unknown_name(kind, name, there)
        found |= dict.fromkeys(matches)
    return list(found)


def _jobs(
    entry: Entry, algo: str, suite: str, runs: Path, tasks_file: Path | None, data_dir: Path | None,
    say: Callable[[str], None],
) -> tuple[Job, ...]:  # fmt: skip
    settings = _request(entry, algo, suite, None).settings(runs=runs, tasks_file=tasks_file, data_dir=data_dir)
    resolution = resolve(algo, suite, list(entry.seeds), settings, asking(None), say)
    resolution.remember()
    return resolution.jobs


def _request(entry: Entry, algo: str, suite: str, seed: int | None) -> Request:
    return Request(
        algo=str(Path(algo.rpartition(":")[0]).absolute()) + ":" + algo.rpartition(":")[2] if ".py" in algo else algo,
        suite=suite,
        seed=seed,
        recipe=str(Path(entry.recipe).absolute()) if entry.recipe and is_recipe_file(entry.recipe) else entry.recipe,
        budget=entry.budget,
        episodes=entry.episodes,
        precision=entry.precision,
        strategy=entry.strategy,
        set=dict(entry.set),
        train=parse_changes(f"{name}={value}" for name, value in entry.train.items()),
        test=entry.test,
        configs_tried=entry.configs_tried,
    )
