"""Reading verbs: list, info, show, doctor. None of them loads torch, but `doctor --deep`, which reports on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bench.cli import complete
from bench.cli.arguments import DataDir, Json, Published, RunsDirs, TasksFile, console, print_json, roots_asked
from bench.errors import unknown_name

if TYPE_CHECKING:
    from bench.learners.registry import LearnerInfo
    from bench.tasks.suites import Suite

_KEY = 8
_SAID = (
    *("options", "origin", "seed", "status", "reason", "recipe", "transductive", "episodes"),
    *("metric", "unit", "mean", "ci95.low", "ci95.high", "se", "sd", "n", "ci_method"),
)
_NUMBERS = ("seed", "score", "episodes", "version")
_IMPORTANT = ("suite", "algo", "score", "key", "seed", "options", "status", "why", "mode", "recipe", "metric", "title")


def list_command(
    what: Annotated[Literal["suites", "algos", "runs", "all"], typer.Argument(help="What to list.")] = "all",
    tasks: TasksFile = None,
    runs: RunsDirs = None,
    published: Published = False,
    as_json: Json = False,
) -> None:
    """List suites, algorithms and runs."""
    wanted = ("suites", "algos", "runs") if what == "all" else (what,)
    roots = roots_asked(runs, published) if "runs" in wanted else ()
    rows = {kind: _rows(kind, tasks, roots) for kind in wanted}
    if as_json:
        print_json(rows if what == "all" else rows[what])
        return
    for kind, entries in rows.items():
        _print_rows(f"{kind} ({len(entries)})", entries)


def info_command(
    name: Annotated[str, typer.Argument(autocompletion=complete.algos_and_suites, help="A suite or an algorithm.")],
    tasks: TasksFile = None,
    as_json: Json = False,
) -> None:
    """Everything known about a suite or an algorithm."""
    from bench.learners.registry import all_learners, find_learner
    from bench.tasks.registry import all_suites

    suites = all_suites(tasks)
    learners = all_learners()
    if name in suites:
        facts = suite_facts(suites[name])
    elif name in learners or ".py" in name:
        facts = _learner_facts(find_learner(name))
    else:
        raise unknown_name("suite or algo", name, [*suites, *learners])
    if as_json:
        print_json(facts)
        return
    from rich.table import Table

    table = Table(show_header=False, title=name, title_justify="left", title_style="bold")
    for key, value in facts.items():
        table.add_row(key, _text(value))
    console().print(table)


def show_command(
    run: Annotated[
        str,
        typer.Argument(
            autocompletion=complete.runs, help="A run: its directory, its key or the first letters of its key."
        ),
    ],
    runs: RunsDirs = None,
    published: Published = False,
    traceback: Annotated[bool, typer.Option("--traceback", help="Where the learner's own code failed.")] = False,
    as_json: Json = False,
) -> None:
    """Show one run: scores with intervals, protocol, cost, environment."""
    from bench.records import find_run

    store, path = find_run(run, roots_asked(runs, published))
    record = store.read(path)
    if record.scores is not None:
        store.read_scores(path, record)  # raises when the scores are not those of the record
    if as_json:
        print_json({"path": str(path), **record.model_dump(mode="json", by_alias=True)})
        return
    if traceback:
        typer.echo(record.traceback or "none was kept: the learner's own code raised nothing")
        return
    from bench.cli.show import record_panel

    out = console()
    out.print(record_panel(record, path, store, out.width))


def doctor_command(
    data_dir: DataDir = None,
    deep: Annotated[bool, typer.Option("--deep", help="Import torch, too, and ask it for its device.")] = False,
    as_json: Json = False,
) -> None:
    """Check this installation: packages, device, compiler, data, shadowed names. Exit 1 if something is broken."""
    from bench.cli.doctor import examine

    findings = examine(data_dir, deep)
    if as_json:
        print_json([finding.__dict__ for finding in findings])
    else:
        from rich.table import Table

        table = Table("", "check", "found", "to do")
        marks = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "broken": "[red]broken[/]"}
        for finding in findings:
            table.add_row(marks[finding.state], finding.check, finding.found, finding.fix)
        console().print(table)
    if any(finding.state == "broken" for finding in findings):
        raise typer.Exit(1)


def suite_facts(suite: Suite) -> dict[str, Any]:
    """What a suite asks, flat, for people and JSON."""
    task = suite.task.model_dump(mode="json", exclude_none=True)
    return {
        "suite": f"{suite.name}@{suite.version}",
        "title": suite.title,
        "kind": suite.kind,
        "metric": f"{suite.metric} ({'higher' if suite.higher_is_better else 'lower'} is better)",
        **{f"task.{key}": value for key, value in task.items()},
        "validation": f"{suite.validation.checks} checks of {suite.validation.episodes} episodes",
        "manifest": suite.pin.manifest if suite.pin else _unpinned_manifest(suite),
        "data fingerprint": (suite.pin.data if suite.pin else None)
        or ("unpinned" if suite.domain.loads_data else "generated"),
        "run it": f"bench run --algo {suite.domain.suggestion or 'NAME'} --suite {suite.name}",
    }


def _unpinned_manifest(suite: Suite) -> str:
    from bench.errors import BenchError
    from bench.tasks.manifest import manifest_sha256

    try:
        return f"{manifest_sha256(suite)} (unpinned)"
    except BenchError:  # the pool is whatever its folder holds
        return "unpinned, and not known without the images"


def _learner_facts(info: LearnerInfo) -> dict[str, Any]:
    from bench.identity import code_sha256
    from bench.training.recipe_choice import recipe_names

    return {
        "algo": info.name,
        "title": info.title,
        "family": info.family,
        "mode": _mode(info),
        "trains": info.trains is not False,
        "from": info.origin,
        "options": {name: f"{kind} = {default}" for name, (kind, default) in info.options.items()},
        "recipes": recipe_names(info),
        "source sha256": code_sha256(info.file),
        "about": info.doc,
    }


def _rows(kind: str, tasks: Path | None, roots: Sequence[Path]) -> list[dict[str, Any]]:
    if kind == "suites":
        from bench.tasks.registry import all_suites

        return [
            {"suite": s.name, "version": s.version, "title": s.title, "metric": s.metric, "pinned": _pinned(s)}
            for s in all_suites(tasks).values()
        ]
    if kind == "algos":
        from bench.learners.registry import all_learners

        return [
            {"algo": i.name, "family": i.family, "mode": _mode(i), "title": i.title} for i in all_learners().values()
        ]
    return _run_rows(roots)


def _run_rows(roots: Sequence[Path]) -> list[dict[str, Any]]:
    from bench.records import RunStore

    rows = []
    for root in roots:
        for run, said in RunStore(root).summaries(_SAID):
            suite, algo, key = run.place
            transductive = said.get("transductive")
            rows.append(
                {
                    "suite": suite,
                    "algo": algo,
                    "options": said.get("options") or None,
                    "seed": said.get("seed"),
                    "score": _score(said) if said.get("metric") else None,
                    "mode": None if transductive is None else "transductive" if transductive else "inductive",
                    "recipe": said.get("recipe"),
                    "status": "damaged" if run.problem else said["status"],
                    "why": run.problem or said.get("reason"),
                    "episodes": said.get("episodes"),
                    "origin": said.get("origin"),
                    "key": key,
                }
            )
    return rows


def _score(said: dict[str, Any]) -> str:
    """The ranked metric as boards write it."""
    from bench.boards.render.formats import score_text
    from bench.stats import Interval

    numbers = (said[name][0] for name in ("mean", "ci95.low", "ci95.high", "se", "sd", "n", "ci_method"))
    return f"{said['metric'][0]} {score_text(Interval(*numbers), said['unit'][0])}"


def _print_rows(title: str, entries: list[dict[str, Any]]) -> None:
    if not entries:
        typer.echo(f"{title}: none yet. Try: bench run --algo protonet --suite glyphs-5w1s")
        return
    from bench.boards.render.table import Table
    from bench.cli.tables import MANY, plain_lines, print_fitted

    shown = [name for name in entries[0] if any(entry[name] is not None for entry in entries)]
    if len(entries) > MANY:
        texts = [[_text(entry[name]) for name in shown] for entry in entries]
        typer.echo("\n".join([title, *plain_lines(shown, texts)]))
        return
    lines = tuple(tuple(_cell(name, entry[name]) for name in shown) for entry in entries)
    right = tuple(name in _NUMBERS for name in shown)
    print_fitted(console(), Table(title, tuple(shown), right, lines), _IMPORTANT)


def _cell(name: str, value: Any) -> str:
    """Of a key as many letters as commands need to know it."""
    return _text(value)[:_KEY] if name == "key" else _text(value)


def _pinned(suite: Suite) -> bool:
    """As records say it: the episodes, and the images where there are some."""
    return suite.pin is not None and (not suite.domain.loads_data or suite.pin.data is not None)


def _mode(info: LearnerInfo) -> str:
    if info.transductive is None:
        return "an option decides"
    return "transductive" if info.transductive else "inductive"


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_text(entry)}" for key, entry in value.items()) or "-"
    if isinstance(value, list):
        return ", ".join(_text(entry) for entry in value)
    return str(value)
