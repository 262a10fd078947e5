"""Rich tables of the run command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from bench.boards.render.fit import fitted
from bench.boards.render.table import Table as Numbers

if TYPE_CHECKING:
    from rich.console import Console

    from bench.records import Record
    from bench.runs.job import Job
    from bench.runs.outcome import Outcome
    from bench.sweeps.matrix import Matrix
    from bench.sweeps.plan_cost import Expected


_RIGHT = ("seed", "score (95 % closed CI)", "episodes", "train", "episodes/s")
MANY = 200  # rows that rich lays out before anybody waits for it


def print_fitted(out: Console, table: Numbers, importance: Sequence[str] = ()) -> None:
    """The table in as many columns as there is room for, and the names of the others."""
    found = fitted(table, out.width, importance)
    out.print(found.table)
    if found.left_out:
        out.print(f"no room for {'; '.join(found.left_out)}: a wider terminal, or --json", highlight=False)


def plain_lines(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table of any length at once: columns as wide as their widest cell, a line a row, nothing wrapped."""
    lines = [[" ".join(cell.split()) for cell in row] for row in (columns, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def outcomes_table(outcomes: list[Outcome]) -> Numbers:
    headers = ("suite", "algo", "seed", "mode", "score (95 % closed CI)", "episodes", "train", "episodes/s")
    rows = []
    for outcome in outcomes:
        job, record = outcome.job, outcome.record
        seed = "n/a" if job.seed is None else str(job.seed)
        if record is None:
            rows.append((job.suite.name, job.info.name, seed, "-", outcome.status, "-", "-", "-"))
            continue
        timing = record.timing
        rows.append(
            (
                job.suite.name,
                job.info.name,
                seed,
                "transductive" if record.protocol.transductive else "inductive",
                _score(outcome, record),
                f"{record.episodes:,}",
                "-" if timing.train_s is None else f"{timing.train_s:.0f} s",
                "-" if timing.eval_episodes_per_s is None else f"{timing.eval_episodes_per_s:,.0f}",
            )
        )
    return Numbers("", headers, tuple(header in _RIGHT for header in headers), tuple(rows))


def jobs_table(jobs: list[Job]) -> Table:
    table = Table("suite", "algo", "seed", "recipe", "steps", "episodes a step", "test episodes")
    for job in jobs:
        trains = job.trains
        table.add_row(
            job.suite.name,
            job.info.name,
            "n/a" if job.seed is None else str(job.seed),
            job.recipe_name if trains else "nothing to train",
            f"{job.recipe.steps:,}" if trains else "-",
            str(job.recipe.batch) if trains else "-",
            f"{job.episodes:,}",
        )
    return table


def plan_table(expected: Expected) -> Table:
    """The cells of a sweep, longest first, as they will be taken."""
    from bench.runs.progress import duration

    table = Table("cell", "recipe", "state", "time", "memory", "known from")
    for cell in expected.cells:
        estimate, stage = cell.estimate, expected.states[cell.key].stage
        over = expected.states[cell.key].over
        time = "-" if over else duration(estimate.seconds)
        memory = "-" if over else f"{estimate.memory_mib / 1024:.1f} GiB"
        table.add_row(cell.title, cell.recipe, stage, time, memory, "" if over else estimate.basis)
    return table


def matrix_table(matrix: Matrix) -> Table:
    """Learners x suites; transposed where there are more suites than learners, so that it fits."""
    rows, columns = matrix.learners, matrix.suites
    turned = len(columns) > len(rows)
    if turned:
        rows, columns = columns, rows
    table = Table("suite" if turned else "algo", *columns)
    for row in rows:
        table.add_row(row, *(matrix.text(column, row) if turned else matrix.text(row, column) for column in columns))
    return table


def _score(outcome: Outcome, record: Record) -> str:
    """The ranked metric, or why there is none; the log has the reason."""
    if record.status == "validated" and record.validation:
        return f"validation {outcome.job.suite.score_text(record.validation.mean)}"
    if record.status != "ok":
        return record.status
    from bench.boards.render.record import metric_texts
    from bench.records import RunStore

    return metric_texts(RunStore(outcome.path.parents[2]), outcome.path, record)[0].ranked
