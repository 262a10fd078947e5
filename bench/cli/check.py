"""`bench check`: does a learner keep the contract, and does it leak?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import complete
from bench.cli.arguments import DataDir, Json, Overrides, TasksFile, Traceback, console, print_json
from bench.errors import UsageError, failure_texts

if TYPE_CHECKING:
    from rich.table import Table

    from bench.checks import Result
    from bench.domains import TaskSpec

_STYLES = {"passed": "green", "failed": "bold red", "skipped": "dim", "reported": "yellow"}


def check_command(
    adapter: Annotated[
        str, typer.Argument(autocompletion=complete.algos, help="A learner's name, or path/file.py:Class.")
    ],
    settings: Overrides = None,
    suite: Annotated[
        str | None,
        typer.Option(
            "--suite",
            "-s",
            autocompletion=complete.suites,
            help="In this suite's shapes [default: small generated tasks].",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only shapes, determinism, leaks and state, as before a first run.")
    ] = False,
    tasks: TasksFile = None,
    data_dir: DataDir = None,
    traceback: Traceback = False,
    as_json: Json = False,
) -> None:
    """Check that a learner keeps the contract and does not leak. Exit 1 if a required check fails.

    The images and functions it is asked are generated, on the CPU; its weights are random.
    """
    from bench.checks import CHECKS, QUICK_CHECKS, behaves_inductively, examine
    from bench.learners.contract import unfit
    from bench.learners.options import parse_settings, resolve_options
    from bench.learners.registry import find_learner, load

    learner = load(find_learner(adapter))
    options = resolve_options(learner, parse_settings(settings or []))
    family = getattr(learner, "family", "undeclared")
    specs = _specs(suite, tasks, data_dir, learner.domains)
    skips = {name: unfit(learner, spec) for name, spec in specs.items()}
    if all(skips.values()):
        reasons = "; ".join(f"{name}: {reason}" for name, reason in skips.items()) or " or ".join(learner.domains)
        raise UsageError(f"{adapter} can't be checked, it answers no such task: {reasons}.", "Name another --suite.")
    examined = {
        name: examine(learner, options, spec, QUICK_CHECKS if quick else CHECKS)
        for name, spec in specs.items()
        if skips[name] is None
    }
    passed = not any(result.state == "failed" for results in examined.values() for result in results)
    if as_json:
        found = [
            {
                "task": name,
                "behaves_inductively": behaves_inductively(results),
                "checks": [asdict(result) for result in results],
            }
            for name, results in examined.items()
        ]
        print_json(
            {
                "learner": adapter,
                "family": family,
                "domains": list(learner.domains),
                "options": asdict(options),
                "passed": passed,
                "tasks": found,
            }
        )
    else:
        typer.echo(f"{adapter}: family {family}, does {' and '.join(learner.domains)}")
        for name, results in examined.items():
            console().print(_table(f"{adapter} on {name}", results))
            for told in failure_texts((result.traceback for result in results), traceback):
                typer.echo(told)
            if behaves_inductively(results):
                typer.echo("declared transductive, behaves inductively")
        for name, reason in skips.items():
            if reason:
                typer.echo(f"not on {name}: {reason}")
    if not passed:
        raise typer.Exit(1)


def _specs(
    suite: str | None, tasks: Path | None, data_dir: Path | None, domains: tuple[str, ...]
) -> dict[str, TaskSpec]:
    """The tasks to check on by name, of the domains that the learner claims unless a suite is named.

    DataMissing where a suite's shapes are those of images that are not there.
    """
    from bench.domains import all_examples

    if suite is None:
        return {f"generated {name}": spec for name, spec in all_examples().items() if spec.kind in domains}
    import torch

    from bench.runs.prepared_suite import prepare
    from bench.tasks.registry import find_suite

    found = find_suite(suite, tasks)
    return {f"{suite} (generated)": found.domain.small(prepare(found, torch.device("cpu"), data_dir).spec)}


def _table(title: str, results: tuple[Result, ...]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table("check", "verdict", "measured", "at most", "what was seen", title=title, title_justify="left")
    for result in results:
        numbers = ["" if value is None else f"{value:.2g}" for value in (result.measured, result.limit)]
        table.add_row(result.check, Text(result.state, _STYLES[result.state]), *numbers, Text(result.detail))
    return table
