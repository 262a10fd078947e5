"""`bench cite`: BibTeX of what a run used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import complete
from bench.cli.arguments import RunsDirs, TasksFile, console

if TYPE_CHECKING:
    from bench.citing import Reference


def cite_command(
    used: Annotated[
        list[str] | None,
        typer.Argument(
            autocompletion=complete.algos_and_suites,
            help="Learners, suites, runs by their keys [default: bench alone].",
        ),
    ] = None,
    tasks: TasksFile = None,
    runs: RunsDirs = None,
) -> None:
    """Print BibTeX entries of bench and of the papers behind learners, suites and runs, each once."""
    from bench.citing import each_once, own_reference

    silent: list[str] = []
    found = [reference for name in used or [] for reference in _references(name, tasks, runs or [], silent)]
    typer.echo("\n\n".join([own_reference(), *(reference.bibtex for reference in each_once(found))]))
    if silent:
        text = f"no paper is known for {', '.join(dict.fromkeys(silent))}"
        console(stderr=True).print(text, highlight=False, markup=False, soft_wrap=True)


def _references(name: str, tasks: Path | None, runs: list[Path], silent: list[str]) -> Iterator[Reference]:
    """Of what a name means: a learner, a suite, else a run. Raises UsageError where it is none of them."""
    from bench.citing import references_of_learner, references_of_suite
    from bench.learners.registry import all_learners, find_learner
    from bench.records import find_run
    from bench.tasks.registry import all_suites

    if name in all_suites(tasks):
        found = references_of_suite(name)
    elif name in all_learners() or ".py" in name:
        learner = find_learner(name)
        found = references_of_learner(learner.name, learner.file)
    else:
        store, path = find_run(name, runs)
        record = store.read(path)
        for part, known in ((record.algorithm.name, all_learners()), (record.suite.name, all_suites(tasks))):
            if part in known:
                yield from _references(part, tasks, runs, silent)
            else:
                silent.append(part)
        return
    if not found:
        silent.append(name)
    yield from found
