"""`bench pack` and `bench verify`: results that others can check."""

from __future__ import annotations

import re
import secrets
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bench.cli import complete
from bench.cli.arguments import DataDir, Device, Json, RunsDirs, TasksFile, console
from bench.errors import UsageError
from bench.ranges import parse_seeds

if TYPE_CHECKING:
    from bench.submissions.report import Report

_STYLES = {"ok": "green", "note": "dim", "suspicious": "yellow", "mismatch": "red"}


def pack_command(
    run: Annotated[
        str,
        typer.Argument(
            autocompletion=complete.runs, help="A finished run: its directory, or the first letters of its key."
        ),
    ],
    by: Annotated[str, typer.Option(help="Who answers for the result: a name or handle.")],
    batch_norm: Annotated[
        Literal["none", "running", "support", "query"],
        typer.Option(help="Where the statistics of normalisation layers come from at test time."),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder, or file ending in .zip [default: submissions/SUITE/ALGO/KEY].")
    ] = None,
    algo: Annotated[
        str | None, typer.Option(help="The adapter, path/file.py:Class, where it is no longer where the run found it.")
    ] = None,
    configs_tried: Annotated[
        int | None, typer.Option(min=1, help="Configurations tried on the way to this one [default: the record's].")
    ] = None,
    notes: Annotated[str, typer.Option(help="Anything a reader should know.")] = "",
    checkpoint_uri: Annotated[
        str | None, typer.Option(help="Where a checkpoint too large for the bundle can be fetched.")
    ] = None,
    initial_checkpoint: Annotated[
        Path | None, typer.Option(help="The file given to `bench run --checkpoint`, if there was one.")
    ] = None,
    runs: RunsDirs = None,
    tasks: TasksFile = None,
) -> None:
    """Pack a finished run into a bundle that others can verify, and verify it.

    The last line is the command that verifies it again.
    """
    from bench.records import find_run
    from bench.submissions.pack import default_checklist, pack

    store, path = find_run(run, runs or ())
    record = store.read(path)
    checklist = default_checklist(record, by, batch_norm, configs_tried, notes)
    out = out or Path("submissions") / record.suite.name / record.algorithm.name / record.key
    packed = pack(
        path,
        checklist,
        out,
        algo=algo,
        checkpoint_uri=checkpoint_uri,
        initial_checkpoint=initial_checkpoint,
        tasks_file=tasks,
    )
    typer.echo(f"bench verify {shlex.quote(str(packed))}")


def verify_command(
    result: Annotated[
        str,
        typer.Argument(
            autocompletion=complete.runs,
            help="A packed bundle (folder or zip), or a stored run: its directory, or the first letters of its key.",
        ),
    ],
    level: Annotated[
        Literal["consistent", "spot", "rescored", "fresh", "rerun"],
        typer.Option(help="What to check; all but consistent run the learner."),
    ] = "consistent",
    against: Annotated[
        list[Path] | None,
        typer.Option(
            help="Directory of records to compare with; fresh: whose learners answer, too. "
            "Repeatable [default: published records, ./runs]."
        ),
    ] = None,
    submitted: Annotated[
        bool, typer.Option("--submitted", help="Demand a packed bundle without verifications, as a pull request must.")
    ] = False,
    k: Annotated[int, typer.Option("-k", min=1, help="spot: episodes to answer again.")] = 60,
    nonce: Annotated[
        str | None,
        typer.Option(help="spot, fresh: chooses the episodes; publish it after the bundle [default: random]."),
    ] = None,
    episodes: Annotated[int, typer.Option(min=30, max=10_000, help="fresh: unpublished episodes.")] = 600,
    reference: Annotated[
        str | None,
        typer.Option(help="fresh: a stored run, or a learner without training [default: one per kind of suite]."),
    ] = None,
    seeds: Annotated[str, typer.Option(help="rerun: training seeds, other than the entry's.")] = "1000",
    runs: Annotated[Path, typer.Option("--runs", help="rerun: where the new runs are stored.")] = Path("reruns"),
    checkpoint: Annotated[Path | None, typer.Option(help="A fetched copy of a checkpoint that is not bundled.")] = None,
    allow_code: Annotated[
        bool, typer.Option("--allow-code", help="RUN THE SUBMITTED adapter: read it first, and use a container.")
    ] = False,
    device: Device = "auto",
    record: Annotated[bool, typer.Option("--record", help="Append the outcome to the record's verifications.")] = False,
    by: Annotated[str | None, typer.Option(help="With --record: who verified.")] = None,
    log: Annotated[
        Path | None, typer.Option(help="Write the report as JSON; its hash is what --record stores.")
    ] = None,
    tasks: TasksFile = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Check a result: against itself (consistent), or by running its learner again (all others).

    Exit code 3 names what does not agree. Level consistent runs no submitted code and unpickles nothing.
    """
    from bench.submissions.container import opened

    path = _place(result)
    if record and (by is None or not path.is_dir()):
        raise UsageError("--record needs --by NAME and a bundle that is a folder.", "Unpack a zip first.")
    with opened(path) as folder:
        if level == "consistent":
            from bench.records import default_roots
            from bench.submissions.consistent import verify_consistent

            report = verify_consistent(folder, against or default_roots(), tasks, submitted)
        else:
            from bench.runs.device import choose_device
            from bench.submissions.entry import read_entry
            from bench.submissions.replay import Site

            if allow_code:
                typer.secho("--allow-code: the adapter in the bundle may be run in this process.", fg="red", err=True)
            site = Site(choose_device(device), data_dir, tasks, allow_code, checkpoint)
            entry = read_entry(folder)
            nonce = nonce or secrets.token_hex(16)
            if level == "spot":
                from bench.submissions.spot import verify_spot

                report = verify_spot(entry, nonce, site, k)
            elif level == "rescored":
                from bench.submissions.rescored import verify_rescored

                report = verify_rescored(entry, site)
            elif level == "fresh":
                from bench.records import default_roots
                from bench.submissions.fresh import verify_fresh

                report = verify_fresh(entry, nonce, site, episodes, reference, against or default_roots())
            else:
                from bench.records import default_roots
                from bench.submissions.rerun import verify_rerun

                roots = against or default_roots()
                report = verify_rerun(entry, parse_seeds(seeds), site, runs, console(stderr=True), roots)
    if log is not None:
        log.write_text(report.as_json(), encoding="utf-8")
    if record and by is not None:
        from bench.submissions.history import append_verification

        append_verification(path, report, by)
    if as_json:
        typer.echo(report.as_json(), nl=False)
    else:
        _show(report)
    report.demand()


def _place(result: str) -> Path:
    if re.fullmatch(r"[0-9a-f]{4,16}", result) and not Path(result).exists():
        from bench.records import find_run

        return find_run(result)[1]
    return Path(result)


def _show(report: Report) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("check", "verdict", "what was seen")
    for finding in report.findings:
        style = _STYLES[finding.verdict]
        table.add_row(finding.check, Text(finding.verdict, style), Text(finding.text))
    console().print(table)
    if report.nonce is not None:
        typer.echo(f"nonce {report.nonce}")
    doubts = len(report.of("suspicious"))
    verdict = "agrees" if report.passed else "does NOT agree"
    typer.echo(f"level {report.level}: {verdict}" + (f"; {doubts} suspicious, which is no proof" if doubts else ""))
