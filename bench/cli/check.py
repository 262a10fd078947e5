"""`bench check`: does a learner keep the contract, and does it leak?"""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli.arguments import Json, console, print_json


def check_command(
    adapter: Annotated[str, typer.Argument(help="A learner's name, or path/file.py:Class.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="An option of the learner: key=value. Repeatable.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only the leak checks, as before a first run.")] = False,
    as_json: Json = False,
) -> None:
    """Run the conformance battery on a small generated task. Exit 1 if a required check fails."""
    from dataclasses import asdict

    from bench.checks import CHECKS, LEAK_CHECKS, examine
    from bench.learners.contract import TaskSpec
    from bench.learners.options import parse_settings, resolve_options
    from bench.learners.registry import find_learner, load

    images = TaskSpec("classification", 5, 1, 15, (1, 28, 28), n_train_classes=100)
    functions = TaskSpec("regression", 0, 6, 6, (1,), y_dim=1, kernel="rbf", noise=0.02)
    learner = load(find_learner(adapter))
    options = resolve_options(learner, parse_settings(settings or []))
    spec = next((spec for spec in (images, functions) if learner.skip(spec) is None), images)
    results = examine(learner, options, spec, LEAK_CHECKS if quick else CHECKS)
    if as_json:
        print_json({"learner": adapter, "task": spec.kind, "results": [asdict(result) for result in results]})
    else:
        from rich.table import Table

        table = Table("check", "", "found", title=f"{adapter} on generated {spec.kind}", title_justify="left")
        colours = {"passed": "green", "failed": "red", "skipped": "dim", "reported": "yellow"}
        for result in results:
            table.add_row(result.check, f"[{colours[result.state]}]{result.state}[/]", result.detail)
        console().print(table)
    if any(result.state == "failed" for result in results):
        raise typer.Exit(1)
