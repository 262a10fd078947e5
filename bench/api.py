"""bench in Python: the verbs of the command line, with objects that print themselves and become pandas frames.

    results = bench.run("protonet", "glyphs-5w1s", budget="smoke")
    bench.compare("protonet", "nearest_centroid", suite="omniglot-5w1s")
    bench.leaderboard("omniglot-5w1s").to_pandas()

torch is loaded by `run` alone, and in the processes that it starts.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from bench.boards import Board, Table
    from bench.boards.compare.comparison import Report
    from bench.records import Record
    from bench.runs.outcome import Outcome

Names = str | Sequence[str]


@dataclass(frozen=True)
class Results:
    """Runs in the order in which they were asked for; what has failed is among them, with its reason."""

    outcomes: tuple[Outcome, ...]

    @property
    def records(self) -> list[Record]:
        """Of the runs that have one: a run that another process works on has none yet."""
        return [outcome.record for outcome in self.outcomes if outcome.record]

    def to_pandas(self) -> pd.DataFrame:
        """A row per run and metric, as `load_results` has them."""
        from bench.records import load_results

        frame = load_results(*{str(outcome.job.settings.runs) for outcome in self.outcomes})
        return frame[frame["path"].isin([str(outcome.path) for outcome in self.outcomes])].reset_index(drop=True)

    def __len__(self) -> int:
        return len(self.outcomes)

    def __iter__(self) -> Iterator[Outcome]:
        return iter(self.outcomes)

    def __repr__(self) -> str:
        reasons = [f"{o.job.title}: {o.status}: {o.reason}" for o in self.outcomes if o.bad]
        return _printed([self._table(), *reasons], ("score (95 % closed CI)", "algo", "seed", "mode"))

    def _repr_html_(self) -> str:
        return _html([self._table()])

    def _table(self) -> Table:
        from bench.cli.tables import outcomes_table

        return outcomes_table(list(self.outcomes))


@dataclass(frozen=True)
class Comparison:
    """Learners on the episodes they have in common. `report` holds everything, in the records' units."""

    report: Report

    def to_pandas(self) -> pd.DataFrame:
        """A row per pair: the difference, a minus b, its interval and corrected p-value; of errors the ratio a / b."""
        import pandas as pd

        from bench.boards.render.comparison import comparison_rows

        return pd.DataFrame(comparison_rows(self.report))

    def __repr__(self) -> str:
        return _printed([*(f"! {text}" for text in self.report.warnings), *self._tables(), self.report.advice])

    def _repr_html_(self) -> str:
        return _html(self._tables())

    def _tables(self) -> list[Table]:
        from bench.boards.render.comparison import comparison_tables

        return comparison_tables(self.report)


@dataclass(frozen=True)
class Leaderboard:
    """The boards of some suites; `leaderboard["omniglot-5w1s"]` is one of them."""

    boards: tuple[Board, ...]

    def to_pandas(self) -> pd.DataFrame:
        """A row per board row, as `bench leaderboard --format csv` has them."""
        from bench.boards import frame

        return frame(self.boards)

    def __getitem__(self, suite: str) -> Leaderboard:
        from bench.errors import unknown_name

        found = tuple(board for board in self.boards if board.suite == suite)
        if not found:
            raise unknown_name("suite with records", suite, [board.suite for board in self.boards])
        return Leaderboard(found)

    def __len__(self) -> int:
        return len(self.boards)

    def __iter__(self) -> Iterator[Leaderboard]:
        return (Leaderboard((board,)) for board in self.boards)

    def __repr__(self) -> str:
        from bench.boards import board_lines

        lines = [line for board in self.boards for line in board_lines(board, _width())]
        return _printed(lines) if lines else "no records"

    def _repr_html_(self) -> str:
        from bench.boards import rendered

        return rendered(self.boards, "html")


def run(
    algo: Names,
    suite: Names,
    *,
    seeds: int | str | Sequence[int] = 0,
    recipe: str | None = None,
    budget: Literal["full", "short", "smoke"] = "full",
    episodes: int | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    precision: Literal["fp32", "tf32", "bf16"] | None = None,
    strategy: Literal["loop", "vmap", "compiled"] | None = None,
    options: Mapping[str, object] | None = None,
    train: Mapping[str, object] | None = None,
    test: bool = True,
    runs: str | Path = "runs",
    tasks: str | Path | None = None,
    data_dir: str | Path | None = None,
    timeout: float | None = None,
    configs_tried: int = 1,
    quiet: bool = False,
) -> Results:
    """Meta-train learners and score them on frozen test episodes, as `bench run` does: finished runs are not repeated.

    algo, suite : names, or several; a learner of your own is `path/file.py:Class`
    options : of the learner, what `--set` says; train : fields of the recipe, what `--train` says
    quiet : no progress on stderr

    Each run has a process of its own: a learner that fails is a result. Raises UsageError for what can't be meant.
    """
    from bench.runs.ask import asking
    from bench.runs.many import run_all
    from bench.runs.resolve import refuse_impossible, resolve
    from bench.sweeps.plan import Request
    from bench.training.recipe_changes import parse_changes

    changes = parse_changes(f"{name}={value}" for name, value in (train or {}).items())
    console = _silent() if quiet else _stderr()
    resolutions = []
    for one_suite in _names(suite):
        for one_algo in _names(algo):
            for seed in _seeds(seeds):
                asked = Request(
                    algo=one_algo,
                    suite=one_suite,
                    seed=seed,
                    recipe=recipe,
                    budget=budget,
                    episodes=episodes,
                    precision=precision,
                    strategy=strategy,
                    set={name: str(value) for name, value in (options or {}).items()},
                    train=changes,
                    test=test,
                    configs_tried=configs_tried,
                )
                settings = asked.settings(
                    command=asked.command,
                    runs=Path(runs),
                    tasks_file=tasks and Path(tasks),
                    data_dir=data_dir and Path(data_dir),
                    device=device,
                    timeout=timeout,
                )
                found = resolve(one_algo, one_suite, [seed], settings, asking(timeout), _say(console))
                resolutions.append(found)
                if found.jobs[0].seed is None:  # nothing to train: other seeds would be the same
                    break
    jobs = [job for found in resolutions for job in found.jobs]
    refuse_impossible(jobs)
    outcomes = tuple(run_all(jobs, console))
    for found in resolutions:
        found.remember()
    return Results(outcomes)


def compare(
    *learners: str,
    suite: str,
    metric: str | None = None,
    seeds: int | str | Sequence[int] | None = None,
    runs: str | Path | Sequence[str | Path] | None = None,
) -> Comparison:
    """Compare learners, or runs by their keys, on the episodes of a suite that they have in common.

    seeds : only these; runs : directories of records [default: published and ./runs]
    """
    from bench.boards.compare.comparison import compare as compared

    chosen = None if seeds is None else _seeds(seeds)
    return Comparison(compared(_roots(runs), suite, list(learners), metric, chosen))


def leaderboard(suite: Names | None = None, runs: str | Path | Sequence[str | Path] | None = None) -> Leaderboard:
    """The boards of these suites [default: of all that have records].

    runs : directories of records [default: published and ./runs]
    """
    from bench.boards import build_boards

    found = Leaderboard(tuple(build_boards(*_roots(runs))))
    if suite is None:
        return found
    return Leaderboard(tuple(board for name in _names(suite) for board in found[name].boards))


def _names(names: Names) -> list[str]:
    from bench.cli.arguments import split_names

    return split_names(names) if isinstance(names, str) else list(names)


def _seeds(seeds: int | str | Sequence[int]) -> list[int]:
    from bench.ranges import parse_seeds

    if isinstance(seeds, int):
        return [seeds]
    return parse_seeds(seeds) if isinstance(seeds, str) else list(seeds)


def _roots(runs: str | Path | Sequence[str | Path] | None) -> list[Path]:
    from bench.records import default_roots

    if runs is None:
        return list(default_roots())
    return [Path(runs)] if isinstance(runs, str | Path) else [Path(root) for root in runs]


def _say(console: Console) -> Any:
    return lambda text: console.print(text, highlight=False, markup=False, soft_wrap=True)


def _stderr() -> Console:
    from bench.cli.arguments import console

    return console(stderr=True)


def _silent() -> Console:
    from rich.console import Console

    return Console(file=io.StringIO())


def _width() -> int:
    """Columns of a printed object: the terminal's, or $COLUMNS; 100 where there is neither, as in a notebook."""
    return shutil.get_terminal_size((100, 24)).columns


def _printed(parts: Sequence[Any], importance: Sequence[str] = ()) -> str:
    """Texts, and tables in the columns that there is room for, as one text."""
    from rich.console import Console

    from bench.boards import Table
    from bench.cli.tables import print_fitted

    out = io.StringIO()
    console = Console(file=out, width=_width())
    for number, part in enumerate(parts):
        if number and not isinstance(part, str):
            console.print("")
        if isinstance(part, Table):
            print_fitted(console, part, importance)
        elif isinstance(part, str):
            console.print(part, markup=False, highlight=False)
        else:
            console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _html(tables: Sequence[Table]) -> str:
    from bench.boards.render.formats import html_table

    return "\n".join(html_table(table) for table in tables)
