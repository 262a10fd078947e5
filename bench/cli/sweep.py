"""`bench sweep`, `work`, `status`, `cancel` and `events`: many runs."""

from __future__ import annotations

import contextlib
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bench.cli import complete
from bench.cli.arguments import (
    Changes,
    DataDir,
    Device,
    Json,
    RunsDir,
    TasksFile,
    Traceback,
    console,
    print_json,
    split_names,
)
from bench.errors import UsageError, failure_texts
from bench.moments import utc_text

if TYPE_CHECKING:
    from bench.sweeps.plan import Plan
    from bench.sweeps.planning import Planned
    from bench.sweeps.sweepfile import Entry

Sweep = Annotated[str, typer.Argument(help="A sweep: its name, or the folder of its plan.")]


def sweep_command(
    file: Annotated[Path | None, typer.Argument(help="A sweep file: entries of learners, suites and seeds.")] = None,
    algos: Annotated[
        str | None,
        typer.Option("--algos", "-a", autocompletion=complete.algos, help="Learners: names, patterns, or all."),
    ] = None,
    suites: Annotated[
        str | None, typer.Option("--suites", "-s", autocompletion=complete.suites, help="Suites: names or patterns.")
    ] = None,
    seeds: Annotated[str, typer.Option(help="Training seeds: 0, 0-2 or 0,3,5.")] = "0",
    recipe: Annotated[str | None, typer.Option(help="paper or fast [default: as in bench run].")] = None,
    budget: Annotated[
        Literal["full", "short", "smoke"],
        typer.Option(help="All steps, a tenth of them, or 20 steps and 100 episodes."),
    ] = "full",
    episodes: Annotated[int | None, typer.Option(help="Test episodes [default: 2,000].")] = None,
    precision: Annotated[Literal["fp32", "tf32", "bf16"] | None, typer.Option(help="Arithmetic.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="An option of the learners: key=value. Repeatable.")
    ] = None,
    changes: Changes = None,
    name: Annotated[str | None, typer.Option(help="The sweep's name [default: the file's, else `sweep`].")] = None,
    engine: Annotated[
        Literal["local", "ray", "slurm"], typer.Option(help="Who starts workers: this machine, a Ray cluster, Slurm.")
    ] = "local",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Workers at once [default: one a core, one a GPU].")
    ] = None,
    a_gpu: Annotated[int, typer.Option("--per-gpu", min=1, help="Workers that share a GPU.")] = 1,
    memory: Annotated[
        float | None, typer.Option(min=0.1, help="GiB for all cells of a machine [default: 85 % of it].")
    ] = None,
    address: Annotated[str | None, typer.Option(help="ray: a running cluster's address [default: start one].")] = None,
    write: Annotated[Path | None, typer.Option(help="slurm: where to write the array script.")] = None,
    bundles: Annotated[int | None, typer.Option(min=1, help="slurm: array tasks that share the cells.")] = None,
    device: Device = "auto",
    timeout: Annotated[float | None, typer.Option(min=0.1, help="Seconds that each cell may take.")] = None,
    again: Annotated[bool, typer.Option("--retry-failed", help="Try cells again that have failed before.")] = False,
    tasks: TasksFile = None,
    runs: RunsDir = Path("runs"),
    data_dir: DataDir = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the cells and what they will cost.")] = False,
    traceback: Traceback = False,
    as_json: Json = False,
) -> None:
    """Plan many runs and carry them out, several at once; the same command again goes on where it stopped.

    Cells come from a sweep file, or from --algos and --suites. Finished runs are skipped, planned ones added to.
    """
    from bench.learners.options import parse_settings
    from bench.ranges import parse_seeds
    from bench.sweeps.engine import Engine
    from bench.sweeps.plan import Plan, find_plan, sweep_folder
    from bench.sweeps.sweepfile import Entry, load_entries
    from bench.training.recipe_changes import parse_changes

    if (file is None) == (algos is None or suites is None):
        raise UsageError(
            "Expected a sweep file, or --algos and --suites.", "Example: bench sweep -a all -s 'sinusoid-*'"
        )
    if (engine == "slurm") != (write is not None):
        raise UsageError("--engine slurm and --write FILE go together.", "The script is then handed to sbatch.")
    entries: tuple[Entry, ...]
    if file:
        given = [algos, suites, seeds != "0", recipe, budget != "full", episodes, precision, settings, changes]
        if any(given):
            raise UsageError(
                "A sweep file says itself which cells there are: no --algos, --suites, --seeds, --recipe, --budget,"
                " --episodes, --precision, --set or --train beside it.",
                "Write them into its entries; docs/sweeps.md has an example.",
            )
        entries = load_entries(file)
    else:
        asked: dict[str, object] = {
            "algo": split_names(algos or ""),
            "suite": split_names(suites or ""),
            "seeds": tuple(parse_seeds(seeds)),
            "set": parse_settings(settings or []),
            "train": parse_changes(changes or []),
        }
        asked |= {"recipe": recipe, "budget": budget, "episodes": episodes, "precision": precision}
        entries = (Entry.model_validate(asked),)
    folder = sweep_folder(runs, name or (file.stem if file else "sweep"))
    planned = _planned(entries, runs, tasks, data_dir)
    plan = Plan(
        folder,
        tuple(planned.cells),
        command=shlex.join(["bench", *sys.argv[1:]]),
        device=device,
        tasks_file=tasks and tasks.absolute(),
        timeout=timeout,
        again_since=utc_text() if again else "",
    )
    with contextlib.suppress(UsageError):  # the first of its name
        plan = plan.joined(find_plan(str(folder), runs))
    chosen = Engine("ray" if engine == "ray" else "local", workers, a_gpu, memory, address, data_dir)
    if dry_run:
        _show_plan(plan, chosen.places(device), as_json)
        return
    plan.save()
    plan.revive()
    if engine == "slurm":
        from bench.sweeps.engines.slurm import write_script

        assert write is not None
        typer.echo(write_script(plan, write, bundles, data_dir))
        return
    from bench.sweeps.watch import Watch

    with Watch(console(stderr=True), plan, chosen.places(device)) as watch:
        chosen.run(plan, watch.look)
    _report(plan, as_json, traceback)


def work_command(
    sweep: Sweep,
    share: Annotated[str, typer.Option("--shard", help="Only the i-th of n equal shares: i/n, from 0.")] = "0/1",
    key: Annotated[list[str] | None, typer.Option("--only", help="Only the cell with this key. Repeatable.")] = None,
    stay: Annotated[bool, typer.Option("--stay", help="Wait while others work on the last cells.")] = False,
    memory: Annotated[float | None, typer.Option(min=0.1, help="GiB for all cells of this machine.")] = None,
    desk: Annotated[bool, typer.Option("--desk", hidden=True, help="Take keys from standard input.")] = False,
    driver: Annotated[int | None, typer.Option(hidden=True, help="Stop when this process is gone.")] = None,
    runs: RunsDir = Path("runs"),
    data_dir: DataDir = None,
) -> None:
    """Work on a sweep: claim cells that nobody works on, one after the other, until none is left.

    Start as many as you like, on as many machines as see the folder. SIGINT, SIGTERM or SIGUSR1: save and stop.
    """
    from bench.sweeps.plan import find_plan
    from bench.sweeps.stopping import stop_with
    from bench.sweeps.work import Share, Worker

    plan = find_plan(sweep, runs)
    chosen = Share.parse(share)
    if key:
        chosen = Share(chosen.index, chosen.of, frozenset(key))
    stop_with(plan, driver)
    worker = Worker(plan.folder, data_dir, stay or desk, memory and memory * 1024)
    if desk:
        from bench.sweeps.engines.desk import serve

        serve(worker)
    else:
        worker.work(chosen)


def status_command(sweep: Sweep, runs: RunsDir = Path("runs"), as_json: Json = False) -> None:
    """How a sweep stands: learners x suites, what failed and why. Exit code 1 if something failed."""
    from bench.sweeps.plan import find_plan

    _report(find_plan(sweep, runs), as_json)


def cancel_command(sweep: Sweep, runs: RunsDir = Path("runs")) -> None:
    """Stop a sweep's workers, wherever they are: each saves its training and ends. `bench sweep` goes on with it."""
    from bench.sweeps.plan import find_plan

    plan = find_plan(sweep, runs)
    plan.cancel()
    typer.echo(f"{plan.name}: workers stop within seconds; `{plan.command}` goes on")


def events_command(
    sweep: Sweep,
    live: Annotated[bool, typer.Option("--follow", help="Go on until every cell is over.")] = False,
    tensorboard: Annotated[
        Path | None,
        typer.Option(help="Write training curves there, for TensorBoard (pip install 'meta-bench[tensorboard]')."),
    ] = None,
    runs: RunsDir = Path("runs"),
) -> None:
    """What happened in a sweep, as JSON lines: for loggers, or as curves for TensorBoard."""
    from bench.sweeps.events import follow
    from bench.sweeps.plan import find_plan
    from bench.sweeps.standing import Standing

    plan = find_plan(sweep, runs)
    standing = Standing(plan)
    events = follow(plan.folder, (lambda: plan.cancelled or not standing.open()) if live else (lambda: True))
    if tensorboard:
        from bench.sweeps.tensorboard import write_curves

        typer.echo(f"{write_curves(events, tensorboard)} curves in {tensorboard}")
        return
    for event in events:
        typer.echo(event.line)


def _planned(entries: tuple[Entry, ...], runs: Path, tasks: Path | None, data_dir: Path | None) -> Planned:
    from bench.sweeps.costs import known_costs
    from bench.sweeps.planning import plan_cells

    costs = known_costs(runs)
    said = console(stderr=True)
    with said.status("planning") as status:
        planned = plan_cells(entries, runs, tasks, data_dir, costs, lambda text: status.update(f"planning: {text}"))
    for text in dict.fromkeys(planned.notices):
        said.print(text, highlight=False, markup=False, soft_wrap=True)
    reasons: dict[str, list[str]] = {}
    for algo, suite, error in planned.left_out:
        reasons.setdefault(str(error), []).append(f"{algo} on {suite}")
    for reason, cells in reasons.items():
        said.print(f"left out, {', '.join(cells)}: {reason}", highlight=False, markup=False, soft_wrap=True)
    return planned


def _show_plan(plan: Plan, places: int, as_json: bool) -> None:
    from bench.cli.tables import plan_table
    from bench.sweeps.plan_cost import Expected

    expected = Expected.of(plan, places)
    if as_json:
        print_json(expected.plain())
        return
    out = console()
    out.print(plan_table(expected))
    out.print(expected.summary, highlight=False, soft_wrap=True)


def _report(plan: Plan, as_json: bool, whole: bool = False) -> None:
    from bench.cli.tables import matrix_table
    from bench.sweeps.matrix import Matrix

    matrix = Matrix(plan)
    if as_json:
        print_json(matrix.plain())
    else:
        out = console()
        out.print(matrix_table(matrix))
        for title, reason in matrix.failures:
            out.print(f"{title}: failed: {reason}", highlight=False, markup=False, soft_wrap=True)
        for told in failure_texts(matrix.tracebacks, whole):
            out.print(told, highlight=False, markup=False, soft_wrap=True)
        counts = ", ".join(f"{count} {stage}" for stage, count in matrix.counts.items() if count)
        out.print(f"{plan.name}: {counts}{' (cancelled)' if plan.cancelled else ''}", highlight=False)
    if matrix.failures:
        raise typer.Exit(1)
