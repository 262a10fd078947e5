"""`bench speed`: where the time of a learner on a suite goes, on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli import complete
from bench.cli.arguments import (
    DataDir,
    Device,
    Json,
    Overrides,
    Precision,
    RecipeName,
    Strategy,
    TasksFile,
    console,
    print_json,
)
from bench.errors import BenchError, UsageError

if TYPE_CHECKING:
    from bench.speed.result import Speed


def speed_command(
    algo: Annotated[
        str | None,
        typer.Option("--algo", "-a", autocompletion=complete.algos, help="A learner's name, or path/file.py:Class."),
    ] = None,
    suite: Annotated[
        str | None, typer.Option("--suite", "-s", autocompletion=complete.suites, help="A suite's name.")
    ] = None,
    recipe: RecipeName = None,
    settings: Overrides = None,
    precision: Precision = None,
    strategy: Strategy = None,
    device: Device = "auto",
    tasks: TasksFile = None,
    data_dir: DataDir = None,
    seconds: Annotated[
        float, typer.Option(min=0.01, max=3600, help="About how long each of training and evaluation is timed.")
    ] = 10.0,
    save: Annotated[Path | None, typer.Option(help="Write the result to this file, to compare with it.")] = None,
    against: Annotated[Path | None, typer.Option(help="Print the result beside one that was saved.")] = None,
    compare: Annotated[
        tuple[Path, Path] | None, typer.Option(metavar="A.json B.json", help="Measure nothing: two saved results.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure where the time of a learner on a suite goes, on this machine.

    Nothing is written, and the weights are untrained. Waits for runs that are being made here, and holds up new ones
    meanwhile. Times are compared only where hardware, device, threads and torch are the same.
    """
    from bench.speed.compare import refuse_others
    from bench.speed.result import read

    if compare is not None:
        if algo or suite or save or against:
            raise UsageError(
                "--compare reads two saved results and measures nothing, but was told what to measure.", _HOW
            )
        first, second = (read(file) for file in compare)
        refuse_others(str(compare[0]), first.environment, str(compare[1]), second.environment)
        _show_two(first, second, as_json)
        return
    if algo is None or suite is None:
        raise UsageError(f"Expected --algo and --suite, found {_named(algo, suite)}.", _HOW)
    if save is not None and (save.is_dir() or not save.parent.is_dir()):
        raise UsageError(f"--save: expected a file in a folder that exists, found {save}.", "Make the folder first.")
    earlier = None if against is None else (against, read(against))
    asked: dict[str, Any] = {"recipe": recipe, "precision": precision, "strategy": strategy, "device": device}
    result = _measured(
        algo, suite, {**asked, "tasks_file": tasks, "data_dir": data_dir}, settings or [], seconds, earlier
    )
    if save is not None:
        from bench.speed.result import save as write

        write(result, save)
    if earlier is not None:
        _show_two(earlier[1], result, as_json)
    elif as_json:
        print_json(result.model_dump(mode="json"))
    else:
        _show(result)


_HOW = "bench speed --algo NAME --suite NAME measures; bench speed --compare A.json B.json reads two results."


def _named(algo: str | None, suite: str | None) -> str:
    return f"--algo {algo} alone" if algo else f"--suite {suite} alone" if suite else "neither"


def _measured(
    algo: str,
    suite: str,
    asked: dict[str, Any],
    settings: list[str],
    seconds: float,
    earlier: tuple[Path, Speed] | None,
) -> Speed:
    from bench.learners.options import parse_settings
    from bench.records import Environment
    from bench.records.lease import machine_alone
    from bench.runs.ask import asking
    from bench.runs.failure import Ended
    from bench.runs.job import Settings
    from bench.runs.processes import call
    from bench.runs.resolve import resolve
    from bench.speed.compare import refuse_others
    from bench.speed.request import CARRY_OUT, MACHINE, Request
    from bench.speed.result import Speed

    stderr = console(stderr=True)

    def say(text: str) -> None:
        stderr.print(text, highlight=False, markup=False, soft_wrap=True)

    def told(name: str, values: list[Any]) -> None:
        if name == "note":
            say(str(values[0]))

    wanted = Settings(**asked, overrides=parse_settings(settings))
    (job,) = resolve(algo, suite, [0], wanted, asking(None), say).jobs
    if job.facts.skip:
        raise UsageError(f"{job.title} can't be measured: {job.info.name} {job.facts.skip}.", "Name another --suite.")
    failure = job.broken
    try:
        if failure is None:
            if earlier is not None:
                here = Environment.model_validate(call(MACHINE, asked["device"]))
                refuse_others(str(earlier[0]), earlier[1].environment, "this measurement", here)
            episodes = None if earlier is None else earlier[1].evaluation.episodes  # as many, to be fair
            with machine_alone(say):
                return Speed.model_validate(call(CARRY_OUT, Request(job, seconds, episodes), told))
    except Ended as ended:
        failure = ended.failure
    raise BenchError(f"{job.title} can't be measured: {failure.reason}", f"`bench check {algo}` looks at the learner.")


def _show(speed: Speed) -> None:
    from bench.cli.speed_tables import number_table, part_table

    out = console()
    for line in _about(speed):
        out.print(line, highlight=False, markup=False)
    out.print(number_table(speed))
    if (parts := part_table(speed)) is not None:
        out.print(parts)
    for note in speed.notes:
        out.print(note, highlight=False, markup=False)


def _about(speed: Speed) -> list[str]:
    subject, here, training = speed.subject, speed.environment, speed.training
    threads = f"{here.threads} thread{'s' if here.threads > 1 else ''}"
    recipe = f"recipe {subject.recipe}, " if subject.recipe else ""
    blocks = f"{speed.evaluation.episodes_per_s.blocks} blocks of {speed.evaluation.episodes:,} {subject.noun}"
    if training is not None:
        rates = training.steps_per_s.blocks
        each = training.timed // (2 * rates)
        blocks = f"{2 * rates} blocks of {each:,} step{'s' if each > 1 else ''}, {blocks}"
    return [
        f"{subject.learner} on {subject.suite}: {recipe}{subject.precision}, {subject.strategy}, "
        f"{subject.parameters:,} parameters",
        f"{here.hardware_class}, {threads}, torch {here.versions.get('torch')}",
        f"{speed.measured}, {blocks}",
        *(["other processes took part of the machine meanwhile"] if speed.contended else []),
    ]


def _show_two(a: Speed, b: Speed, as_json: bool) -> None:
    from bench.cli.speed_tables import comparison_table
    from bench.speed.compare import differences
    from bench.speed.rows import number_rows, part_rows, side_by_side

    numbers = side_by_side(number_rows(a), number_rows(b))
    parts = side_by_side([row for row, _ in part_rows(a)], [row for row, _ in part_rows(b)])
    if as_json:
        ratios = {name: ratio for name, _, _, ratio in (*numbers, *((f"ms a step, {n}", *rest) for n, *rest in parts))}
        print_json({"a": a.model_dump(mode="json"), "b": b.model_dump(mode="json"), "b_over_a": ratios})
        return
    out, both = console(), (("A", a), ("B", b))
    for letter, speed in both:
        for number, line in enumerate(_about(speed)):
            out.print(f"{letter}: {line}" if number == 0 else f"   {line}", highlight=False, markup=False)
    out.print(comparison_table("", numbers))
    if parts:
        out.print(comparison_table("training, ms a step", parts))
    for name, (here, there) in differences(a, b).items():
        out.print(f"{name}: {here} in A, {there} in B", highlight=False, markup=False)
    for letter, speed in both:
        for note in speed.notes:
            out.print(f"{letter}: {note}", highlight=False, markup=False)
