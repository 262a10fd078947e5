"""`bench run`: measure learners on suites."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bench.cli import complete
from bench.cli.arguments import (
    Changes,
    DataDir,
    Device,
    Json,
    Overrides,
    Precision,
    RecipeName,
    RunsDir,
    Strategy,
    TasksFile,
    Traceback,
    console,
    print_json,
    split_names,
)
from bench.errors import UsageError
from bench.ranges import parse_seeds

if TYPE_CHECKING:
    from rich.console import Console

    from bench.boards.compare.sharpened import SharpenedRun
    from bench.runs.outcome import Outcome


def run_command(
    suite: Annotated[
        str, typer.Option("--suite", "-s", autocompletion=complete.suites, help="Suites: names, comma-separated.")
    ],
    algo: Annotated[
        str | None,
        typer.Option(
            "--algo",
            "-a",
            autocompletion=complete.algos,
            help="Learners: names, comma-separated, or path/file.py:Class.",
        ),
    ] = None,
    seeds: Annotated[str, typer.Option(help="Training seeds: 0, 0-2 or 0,3,5.")] = "0",
    recipe: RecipeName = None,
    budget: Annotated[
        Literal["full", "short", "smoke"],
        typer.Option(help="All steps, a tenth of them, or 20 steps and 100 episodes."),
    ] = "full",
    episodes: Annotated[
        int | None, typer.Option(help="Test episodes, a prefix of the manifest [default: 2,000].")
    ] = None,
    device: Device = "auto",
    precision: Precision = None,
    strategy: Strategy = None,
    settings: Overrides = None,
    changes: Changes = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Start from these weights (safetensors).")] = None,
    no_train: Annotated[bool, typer.Option("--no-train", help="Evaluate the checkpoint as it is.")] = False,
    no_test: Annotated[
        bool, typer.Option("--no-test", help="Stop when the training is validated; the same without it goes on.")
    ] = False,
    weights: Annotated[
        str | None, typer.Option(help="Evaluate weights that others published: `bench weights list --catalogue`.")
    ] = None,
    tasks: TasksFile = None,
    runs: RunsDir = Path("runs"),
    data_dir: DataDir = None,
    force: Annotated[bool, typer.Option("--force", help="Run again even if a finished record is there.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for another process that works on the same run, instead of leaving it.")
    ] = False,
    timeout: Annotated[
        float | None, typer.Option(min=0.1, help="Seconds that each cell may take [default: no limit].")
    ] = None,
    configs_tried: Annotated[
        int, typer.Option(min=1, help="Configurations tried on validation before this one; goes into the record.")
    ] = 1,
    controls: Annotated[
        list[Path] | None,
        typer.Option(help="Records of other learners, to sharpen a short run's interval [default: published, --runs]."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run, and stop.")] = False,
    traceback: Traceback = False,
    as_json: Json = False,
) -> None:
    """Meta-train learners and score them on a suite's frozen test episodes.

    A finished run is not repeated; an interrupted one continues. The last line is the command that shows the result.
    """
    from bench.learners.options import parse_settings
    from bench.runs.ask import asking
    from bench.runs.job import Settings
    from bench.runs.resolve import refuse_impossible, resolve
    from bench.training.recipe_changes import parse_changes

    suites, overrides = split_names(suite), parse_settings(settings or [])
    published = None
    if weights is not None:
        from bench.catalogue import use_weights

        given = {"--recipe": recipe, "--train": changes, "--checkpoint": checkpoint, "--seeds": seeds != "0"}
        not_with = [option for option, value in given.items() if value]
        used = use_weights(weights, algo=algo, suites=suites, overrides=overrides, not_with=not_with, data_dir=data_dir)
        published, checkpoint, no_train = used.entry, used.file, True
        algo, overrides = used.entry.learner, used.entry.overrides
    if algo is None:
        raise UsageError("Say what to measure: --algo NAMES, or --weights NAME.", "`bench list algos` shows learners.")
    asked = Settings(
        recipe=recipe,
        budget=budget,
        episodes=episodes,
        device=device,
        precision=precision,
        strategy=strategy,
        overrides=overrides,
        changes=parse_changes(changes or []),
        checkpoint=checkpoint,
        train=not no_train,
        test=not no_test,
        weights=published,
        tasks_file=tasks,
        data_dir=data_dir,
        runs=runs,
        force=force,
        wait=wait,
        timeout=timeout,
        n_configs_tried=configs_tried,
        command=shlex.join(["bench", *sys.argv[1:]]),
    )
    said = console(stderr=True)
    cells = [(a, s) for s in suites for a in split_names(algo)]
    resolved = [
        resolve(a, s, parse_seeds(seeds), asked, asking(timeout), lambda text: _say(said, text)) for a, s in cells
    ]
    jobs = [job for resolution in resolved for job in resolution.jobs]
    refuse_impossible(jobs)
    if dry_run:
        from bench.cli.tables import jobs_table

        plan = [{"algo": j.info.name, "suite": j.suite.name, "seed": j.seed, "recipe": j.recipe_dict()} for j in jobs]
        if as_json:
            print_json(plan)
        else:
            console().print(jobs_table(jobs))
        return

    from bench.runs.many import run_all

    outcomes: list[Outcome] = []
    try:
        outcomes.extend(run_all(jobs, said, whole=traceback))
    finally:
        if outcomes:
            _print(outcomes, _sharpened(outcomes, controls, runs), as_json)
            for resolution in resolved:
                resolution.remember()
    if any(outcome.bad for outcome in outcomes):
        raise typer.Exit(1)


def _say(said: Console, text: str) -> None:
    said.print(text, highlight=False, markup=False, soft_wrap=True)


def _sharpened(outcomes: list[Outcome], controls: list[Path] | None, runs: Path) -> list[SharpenedRun | None]:
    """Of each outcome in order; smoke runs are for trying out."""
    worth = [outcome.record is not None and outcome.record.budget != "smoke" for outcome in outcomes]
    if not any(worth):
        return [None] * len(outcomes)
    from bench.boards.compare.sharpened import sharpened_run
    from bench.records import RunStore, default_roots

    roots, store = controls or [*default_roots(), runs], RunStore(runs)
    return [
        sharpened_run(roots, store, outcome.path, outcome.record) if asked and outcome.record else None
        for asked, outcome in zip(worth, outcomes, strict=True)
    ]


def _print(outcomes: list[Outcome], sharpened: list[SharpenedRun | None], as_json: bool) -> None:
    pairs = list(zip(outcomes, sharpened, strict=True))
    if as_json:
        print_json([_plain(outcome, found) for outcome, found in pairs])
        return
    from bench.cli.tables import outcomes_table, print_fitted

    out = console()
    print_fitted(out, outcomes_table(outcomes), ("score (95 % closed CI)", "algo", "seed", "mode"))
    for outcome, found in pairs:
        if found:
            from bench.boards.render.sharpened import sharpened_line

            _say(out, f"{outcome.job.title}: {sharpened_line(found)}")
    typer.echo(f"bench show {shlex.quote(str(outcomes[-1].path))}")


def _plain(outcome: Outcome, sharpened: SharpenedRun | None) -> dict[str, Any]:
    record = outcome.record.model_dump(mode="json", by_alias=True) if outcome.record else {}
    return {
        "path": str(outcome.path),
        "cached": outcome.cached,
        "stored": outcome.stored,
        **record,
        "status": outcome.status,
        "reason": outcome.reason or None,
        "sharpened": _sharpened_plain(sharpened),
    }


def _sharpened_plain(sharpened: SharpenedRun | None) -> dict[str, Any] | None:
    if sharpened is None:
        return None
    from bench.boards.render.sharpened import sharpened_json

    return sharpened_json(sharpened)
