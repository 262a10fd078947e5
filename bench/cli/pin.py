"""`bench pin`: write down what a suite of one's own asks, so that nobody asks anything else by its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import complete
from bench.cli.arguments import DataDir, RunsDir
from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.runs.prepared_suite import PreparedSuite
    from bench.tasks.suites import Suite


def pin_command(
    suite: Annotated[str, typer.Argument(autocompletion=complete.suites, help="A suite of the file.")],
    tasks: Annotated[Path, typer.Option("--tasks", help="Your suites file, in which the pin is written.")],
    runs: RunsDir = Path("runs"),
    data_dir: DataDir = None,
) -> None:
    """Write the hashes of a suite's episodes and images into its file, and into the records that have the same.

    From then on a run that would be asked other episodes or images ends with exit code 3.
    """
    from bench.tasks.registry import find_suite

    found = find_suite(suite, tasks)
    if found.pin is not None:
        raise UsageError(
            f"{suite} is pinned already: manifest {found.pin.manifest[:16]}.",
            "A suite that is to ask something else gets a new version, without the old pin.",
        )
    import torch

    from bench.runs.prepared_suite import prepare

    prepared = prepare(found, torch.device("cpu"), data_dir)
    line = _line(prepared)
    _insert(tasks, suite, line)
    typer.echo(f"{tasks}: {suite}: {line}")
    changed = _pin_records(runs, found, prepared)
    if changed:
        typer.echo(f"{changed:,} record{'s' if changed > 1 else ''} below {runs} asked just that, and say so now")


def _line(prepared: PreparedSuite) -> str:
    data = f", data: {prepared.fingerprint}" if prepared.fingerprint else ""
    return f"pin: {{manifest: {prepared.manifest}{data}}}"


def _insert(file: Path, suite: str, line: str) -> None:
    """Above the suite's first field, so that everything else in the file stays as it was written."""
    from bench.records.files import explain, replace_file
    from bench.yamlfile import line_of, parse_yaml

    add = f"Add it yourself: {line}"
    text = file.read_text(encoding="utf-8")
    content, node = parse_yaml(file, text, add)
    first = next(iter(content["suites"][suite]))
    lines = text.splitlines(keepends=True)
    at = line_of(node, ("suites", suite, first)) - 1
    field = lines[at].lstrip()
    if not field.startswith(f"{first}:"):
        raise UsageError(f"{file}: {suite} is not written line by line, so no line can be added to it.", add)
    lines.insert(at, f"{' ' * (len(lines[at]) - len(field))}{line}\n")
    try:
        replace_file(file, "".join(lines).encode())
    except OSError as error:
        raise explain(error, file) from error


def _pin_records(runs: Path, suite: Suite, prepared: PreparedSuite) -> int:
    from bench.records import Record, RunStore
    from bench.records.amend import replace_record

    def pinned(record: Record) -> Record:
        return record.model_copy(update={"suite": record.suite.model_copy(update={"pinned": True})})

    changed = 0
    for run in RunStore(runs).runs(suite=suite.name):
        asked = run.record and run.record.suite
        if (
            asked
            and not asked.pinned
            and (asked.version, asked.manifest_sha256, asked.data_fingerprint)
            == (
                suite.version,
                prepared.manifest,
                prepared.fingerprint,
            )
        ):
            replace_record(run.path, pinned)
            changed += 1
    return changed
