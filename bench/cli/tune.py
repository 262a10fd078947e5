"""`bench tune`: options and recipes searched on validation episodes."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bench.cli.arguments import DataDir, Device, Json, RunsDir, TasksFile, Traceback, console, print_json
from bench.errors import UsageError, failure_texts

if TYPE_CHECKING:
    from bench.boards.render.table import Table
    from bench.records import Record
    from bench.tasks.suites import Suite
    from bench.tuning.tune import Trial, Tuned


def tune_command(
    file: Annotated[Path, typer.Argument(help="What is searched: learner, suite, lists and ranges of values.")],
    test: Annotated[
        bool, typer.Option("--test", help="Then measure the best one on the test episodes, as the last line says.")
    ] = False,
    name: Annotated[str | None, typer.Option(help="The sweep's name [default: the file's].")] = None,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="Who starts workers: this machine, or a Ray cluster.")
    ] = "local",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Workers at once [default: one a core, one a GPU].")
    ] = None,
    address: Annotated[str | None, typer.Option(help="ray: a running cluster's address [default: start one].")] = None,
    device: Device = "auto",
    timeout: Annotated[float | None, typer.Option(min=0.1, help="Seconds that each trial may take.")] = None,
    tasks: TasksFile = None,
    runs: RunsDir = Path("runs"),
    data_dir: DataDir = None,
    traceback: Traceback = False,
    as_json: Json = False,
) -> None:
    """Search options and recipe of a learner on validation episodes; no test episode is asked.

    Trials are cells of a sweep: the same command goes on where it stopped. The first one is the recipe as it is.
    """
    from bench.sweeps.costs import known_costs
    from bench.sweeps.engine import Engine
    from bench.sweeps.matrix import Matrix
    from bench.sweeps.plan import Plan, sweep_folder
    from bench.sweeps.watch import Watch
    from bench.tasks.registry import find_suite
    from bench.tuning.cells import Cells
    from bench.tuning.tune import tune
    from bench.tuning.tunefile import load_tune_file

    asked, said = load_tune_file(file), console(stderr=True)
    suite = find_suite(asked.suite, tasks)
    chosen = Engine(engine, workers, address=address, data_dir=data_dir)

    def run(plan: Plan) -> None:
        with Watch(said, plan, chosen.places(device)) as watch:
            chosen.run(plan, watch.look)

    plan = Plan(
        sweep_folder(runs, name or file.stem),
        (),
        command=shlex.join(["bench", *sys.argv[1:]]),
        device=device,
        tasks_file=tasks and tasks.absolute(),
        timeout=timeout,
    )
    cells = Cells(plan, data_dir, known_costs(runs), run, lambda text: said.print(text, highlight=False, markup=False))
    tuned = tune(asked, suite.higher_is_better, cells)
    for told in failure_texts(Matrix(cells.plan).tracebacks, traceback):
        said.print(told, highlight=False, markup=False, soft_wrap=True)
    if tuned.best is None:
        raise UsageError(f"No trial was validated. The recipe as it is: {tuned.trials[0].reason}")
    tested = {}
    if test:  # a sweep of its own, for its cells have the keys of trials
        cells.plan = replace(plan, folder=plan.folder.with_name(f"{plan.name}.test"))
        (tested,) = cells([tuned.entry_to_test(tuned.best)])
    if as_json:
        print_json(_plain(tuned, tested))
        return
    _print(tuned, suite, tested, runs)


def _print(tuned: Tuned, suite: Suite, tested: dict[int, Record | str], runs: Path) -> None:
    from bench.cli.tables import print_fitted

    out, best = console(), tuned.best
    assert best is not None
    print_fitted(out, _table(tuned, suite), ("trial", f"validation {suite.metric}", *_searched(tuned)))
    for trial in tuned.trials:
        if trial.reason:
            out.print(f"{_title(trial, tuned)}: {trial.reason}", highlight=False, markup=False, soft_wrap=True)
    command = _command(tuned, best, runs)
    for seed, record in tested.items():
        told = record if isinstance(record, str) else _score(record, runs)
        out.print(f"test, seed {seed}: {told}", highlight=False, markup=False, soft_wrap=True)
    if not tested:
        out.print(f"best of {len(tuned.trials)} by validation; on test episodes:", highlight=False)
    typer.echo(command)


def _searched(tuned: Tuned) -> list[str]:
    return [name.removeprefix("set.") for name in tuned.file.space]


def _table(tuned: Tuned, suite: Suite) -> Table:
    from bench.boards.render.table import NONE, Table

    several, text = len(tuned.file.seeds) > 1, suite.value_text
    headers = ("trial", *_searched(tuned), f"validation {suite.metric}", *(("seeds",) if several else ()), "key")
    rows = []
    for trial in tuned.ranked:
        values = [trial.configuration.get(name, "recipe") for name in tuned.file.space]
        score = NONE if trial.value is None else text(trial.value)
        spread = (
            (f"{text(min(trial.values))} .. {text(max(trial.values))}" if trial.values else NONE,) if several else ()
        )
        rows.append((str(tuned.trials.index(trial)), *values, score, *spread, ", ".join(k[:8] for k in trial.keys)))
    right = (True, *(False for _ in tuned.file.space), True, *(False for _ in headers[len(tuned.file.space) + 2 :]))
    return Table("", headers, right, tuple(rows))


def _title(trial: Trial, tuned: Tuned) -> str:
    return f"trial {tuned.trials.index(trial)}"


def _command(tuned: Tuned, best: Trial, runs: Path) -> str:
    """What measures a trial on the test episodes, as anybody can type it."""
    file, words = tuned.file, ["bench", "run", "--algo", tuned.file.algo, "--suite", tuned.file.suite]
    words += ["--seeds", ",".join(map(str, file.seeds))]
    for name in ("recipe", "precision", "strategy"):
        words += [f"--{name}", str(getattr(file, name))] if getattr(file, name) else []
    for name, value in best.configuration.items():
        where, _, field = name.partition(".")
        words += [f"--{where}", f"{field}={value}"]
    words += ["--configs-tried", str(len(tuned.trials))]
    return shlex.join(words + (["--runs", str(runs)] if runs != Path("runs") else []))


def _score(record: Record, runs: Path) -> str:
    from bench.boards.render.record import metric_texts
    from bench.records import RunStore

    store = RunStore(runs)
    path = store.path(record.suite.name, record.algorithm.name, record.key)
    return f"{metric_texts(store, path, record)[0].ranked}, {record.episodes:,} episodes, {record.key[:8]}"


def _plain(tuned: Tuned, tested: dict[int, Record | str]) -> dict[str, Any]:
    return {
        "trials": [
            {
                "configuration": dict(trial.configuration),
                "value": trial.value,
                "values": list(trial.values),
                "keys": list(trial.keys),
                "reason": trial.reason or None,
            }
            for trial in tuned.trials
        ],
        "best": tuned.best and dict(tuned.best.configuration),
        "tested": {
            str(seed): record if isinstance(record, str) else record.model_dump(mode="json", by_alias=True)
            for seed, record in tested.items()
        },
    }
