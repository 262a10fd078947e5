"""Rows of one suite found by what a person types.

    protonet                    the row with default options, or the only one
    maml:norm=batch             an option, or recipe=, precision=, budget=; several are separated by commas
    lin.py:Lin                  a learner that is no baseline, by where its code comes from
    3f2a9c                      the first letters (six or more) of one run's key: that checkpoint alone

A name alone is the baseline's that has it; other learners that share one have to be told apart. It prefers full
budgets, then default options, then the newest source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.boards.board.admission import setting
from bench.boards.board.facts import recipe_digest
from bench.boards.board.rows import Learner, baseline, learner_of
from bench.boards.board.sources import Generations, Level, as_newest, later_sources_first, newest_sources
from bench.errors import UsageError, unknown_name
from bench.records import Record, RunStore, each_run

_BUDGETS = ("smoke", "short", "full")
_KEY = re.compile(r"[0-9a-f]{6,}")
_LOOSE = re.compile(r"(?:.*[/\\])?([^/\\:,\s]+\.py:[A-Za-z_]\w*)(?![\w=])(.*)", re.DOTALL)


@dataclass(frozen=True)
class Run:
    """A finished run where it lies, and the digest of its resolved recipe.

    record : as one of the learner's newest source where that answered the same
    carried_over : how that is known (see `board.sources`); None for a run of the source that it counts for
    newest : does it count for the learner's newest source?
    made_with : the source that ran
    """

    store: RunStore
    path: Path
    record: Record
    recipe_sha256: str
    carried_over: Level | None
    newest: bool
    made_with: str

    @property
    def learner(self) -> Learner:
        return learner_of(self.record)


Group = list[Run]  # the seeds of one row


def groups(roots: Sequence[Path], suite: str) -> list[Group]:
    """All finished runs of a suite by row, seeds in order; a seed that was run twice counts once, the first stands."""
    found = list(each_run(roots))
    suites = {run.place[0] for _, run in found}
    if suite not in suites:
        raise unknown_name("suite with records", suite, suites)
    finished = [(store, run.path, run.record) for store, run in found if run.record and _finished(run.record)]
    newest = newest_sources(record for _, _, record in finished if record.budget == "full")
    runs = [_run(*place, newest) for place in finished if place[2].suite.name == suite]
    rows: dict[tuple[object, ...], dict[int | None, Run]] = {}
    for run in later_sources_first(runs):
        record, asked = run.record, run.record.suite
        identity = (*setting(record), record.budget, record.algorithm.source_sha256, run.recipe_sha256)
        episodes = (asked.version, asked.manifest_sha256, asked.data_fingerprint)
        rows.setdefault((*identity, *episodes), {}).setdefault(record.seed, run)
    return [[by_seed[s] for s in sorted(by_seed, key=lambda s: -1 if s is None else s)] for by_seed in rows.values()]


def _finished(record: Record) -> bool:
    return bool(record.status == "ok" and record.scores and record.metrics)


def _run(store: RunStore, path: Path, record: Record, newest: Generations) -> Run:
    taken = as_newest(record, newest)
    source = taken.record.algorithm.source_sha256
    digest = recipe_digest(store.read_recipe(path))
    counts = newest.get(learner_of(record)) == source
    return Run(store, path, taken.record, digest, taken.carried_over, counts, record.algorithm.source_sha256)


def pick(text: str, rows: Sequence[Group], suite: str) -> Group:
    """The one row a selector means; UsageError with the choices where it means none or several."""
    name, filters, candidates = _of_one_learner(text.strip(), rows)
    if not candidates:
        return _by_key(name, rows, suite)
    if len({group[0].learner for group in candidates}) > 1:
        raise UsageError(f"{name!r} is what several learners with records on {suite} are called.", _choices(candidates))
    fitting = [group for group in candidates if all(_fits(group[0].record, part) for part in filters)]
    if not fitting:
        raise UsageError(f"No row of {name} on {suite} has {', '.join(filters)}.", _choices(candidates))
    longest = max(_BUDGETS.index(group[0].record.budget) for group in fitting)
    fitting = [group for group in fitting if _BUDGETS.index(group[0].record.budget) == longest]
    fitting = [group for group in fitting if not group[0].record.algorithm.overrides] or fitting
    fitting = [group for group in fitting if group[0].record.precision == "fp32"] or fitting
    fitting = [group for group in fitting if group[0].newest] or fitting
    if len({setting(group[0].record) for group in fitting}) > 1:
        raise UsageError(f"{text!r} means several rows of {suite}.", _choices(fitting))
    return max(fitting, key=lambda group: max(run.record.finished for run in group))  # newest source and recipe


def _of_one_learner(text: str, rows: Sequence[Group]) -> tuple[str, list[str], list[Group]]:
    """The learner a selector begins with, its filters, and the rows: the baseline's, where the name is one's."""
    if loose := _LOOSE.fullmatch(text):
        name, rest = loose[1], loose[2]
    else:
        places = {group[0].learner.place for group in rows}
        begun = [place for place in places if re.match(rf"{re.escape(place)}([:,\s]|$)", text)]
        name = max(begun, key=len, default=re.split(r"[:,\s]", text)[0])
        rest = text[len(name) :]
    filters = [part for part in re.split(r"[:,\s]+", rest) if part]
    found = [group for group in rows if group[0].learner == baseline(name)]
    found = found or [group for group in rows if group[0].learner.place == name]
    return name, filters, found or [group for group in rows if group[0].learner.name == name]


def _by_key(text: str, rows: Sequence[Group], suite: str) -> Group:
    found = [run for group in rows for run in group if _KEY.fullmatch(text) and run.record.key.startswith(text)]
    if len(found) > 1:
        raise UsageError(f"{text!r} begins the keys of {len(found)} runs of {suite}.", "Give more of the key.")
    if not found:
        raise unknown_name(f"algo with records on {suite}", text, {_spelled(group[0].learner) for group in rows})
    return found


def named(rows: Sequence[Group]) -> dict[str, Group]:
    """Each row under the selector that finds it, no longer than it takes to tell the rows apart."""
    spellings: tuple[Callable[[Run], str], ...] = (
        _selector,
        lambda run: _selector(run, recipe=True),
        lambda run: run.record.key,
    )
    for spell in spellings:
        names = [spell(group[-1]) for group in rows]
        if len(set(names)) == len(names):
            break
    return dict(zip(names, rows, strict=True))


def _selector(run: Run, recipe: bool = False) -> str:
    """`maml:norm=batch`, `lin.py:Lin`: what a person types for this row."""
    record = run.record
    parts = [f"{name}={value}" for name, value in sorted(record.algorithm.overrides.items())]
    parts += [f"recipe={record.recipe}"] if recipe else []
    parts += [f"precision={record.precision}"] if record.precision != "fp32" else []
    return f"{_spelled(run.learner)}:{','.join(parts)}" if parts else _spelled(run.learner)


def _spelled(learner: Learner) -> str:
    """Names are the baselines'; any other learner is meant without doubt by where it comes from."""
    return learner.name if learner.is_baseline else learner.place


def _fits(record: Record, part: str) -> bool:
    name, equals, value = part.partition("=")
    if not equals:
        raise UsageError(f"Expected option=value after the name, found {part!r}.", "For example maml:norm=batch.")
    facts = {"recipe": record.recipe, "precision": record.precision, "budget": record.budget}
    return name in (options := facts | record.algorithm.options) and str(options[name]) == value


def _choices(rows: Sequence[Group]) -> str:
    """The rows there are, in the words that select them."""
    texts = sorted({_selector(group[-1], recipe=True) for group in rows})
    return f"There are: {'  '.join(texts)}, and single runs by key (bench list runs)."


def with_seeds(group: Group, text: str, seeds: Sequence[int] | None) -> Group:
    """The row's runs of these seeds, all for None or with nothing to train; UsageError where one is missing."""
    if seeds is None or not group[0].record.algorithm.trains:
        return group
    there = {run.record.seed: run for run in group}
    if missing := [seed for seed in seeds if seed not in there]:
        raise UsageError(
            f"{text} has seeds {', '.join(map(str, there))}; asked for {', '.join(map(str, missing))} too.",
            f"bench run --algo {_spelled(group[0].learner)} --suite {group[0].record.suite.name} "
            f"--seeds {','.join(map(str, missing))}",
        )
    return [there[seed] for seed in seeds]
