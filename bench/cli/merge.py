"""`bench merge` and `bench compact`: several stores in one, and one in the present form."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.arguments import Json, print_json
from bench.errors import Mismatch, StoreError

if TYPE_CHECKING:
    from bench.records.judge import Action
    from bench.records.merge import Merged

_SAID: dict[Action, str] = {
    "new": "copied",
    "better": "replaced the one there",
    "verified": "got further verifications",
    "same": "there already",
    "stays": "left out for the one there",
    "differs": "refused",
    "damaged": "damaged",
    "busy": "busy",
}


def merge_command(
    sources: Annotated[list[Path], typer.Argument(metavar="FROM...", help="Directories of records.")],
    into: Annotated[Path, typer.Option(help="The directory that gets their runs.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the runs of several directories into one.

    A run that is there stays, unless it failed, is damaged, or has fewer of the same episodes. Two results under one
    key with different scores are refused and listed (exit code 3); everything else is merged all the same.
    """
    from bench.records.merge import merge

    done: list[Merged] = []
    try:
        for merged in merge(sources, into, dry_run):
            done.append(merged)
    finally:  # what is done is told, whatever stopped it
        if as_json:
            print_json([_as_json(merged) for merged in done])
        elif done:
            _print(done, dry_run)
    found = Counter(merged.outcome.action for merged in done)
    if found["differs"]:
        raise Mismatch(
            f"{_runs(found['differs'])} of other scores under a key that {into} has: what is there stayed.",
            "The same job gave two answers. `bench verify RUN --level rescored` says which one its weights give; "
            "take that one, and delete the other directory.",
        )
    if left := found["damaged"] + found["busy"]:
        raise StoreError(f"{_runs(left)} left out, see above.", "Restore them, or wait for their owners; then again.")


def compact_command(
    root: Annotated[Path, typer.Argument(help="A directory of records.")],
    as_json: Json = False,
) -> None:
    """Write the records of older versions anew, smaller.

    Every number stays the same to the bit; records and hashes are not touched. Packed runs are left as they are.
    """
    from bench.errors import UsageError
    from bench.records.rewrite import rewrite

    if not root.is_dir():
        raise UsageError(f"There is no directory {root}.", "Name a directory of records, such as runs.")
    done = list(rewrite(root))
    before, after = sum(one.before for one in done), sum(one.after for one in done)
    if as_json:
        runs = [
            {"run": "/".join(one.run.place), "before": one.before, "after": one.after, "left": one.left} for one in done
        ]
        print_json({"before": before, "after": after, "runs": runs})
        return
    smaller = sum(one.after < one.before for one in done)
    typer.echo(f"{_runs(smaller)} of {len(done):,} written anew: scores and curves {before:,} -> {after:,} bytes")
    for one in done:
        if one.left:
            typer.echo(f"left as it is: {'/'.join(one.run.place)}: {one.left}")


def _print(done: list[Merged], dry_run: bool) -> None:
    for merged in done:
        if merged.outcome.why:
            typer.echo(f"{merged.run.path}\n    {_SAID[merged.outcome.action]}: {merged.outcome.why}")
    found = Counter(merged.outcome.action for merged in done)
    counts = ", ".join(f"{found[action]:,} {said}" for action, said in _SAID.items() if found[action])
    typer.echo(f"would be: {counts}" if dry_run else counts)


def _as_json(merged: Merged) -> dict[str, str]:
    return {"run": str(merged.run.path), "action": merged.outcome.action, "why": merged.outcome.why}


def _runs(n: int) -> str:
    return f"{n:,} run{'' if n == 1 else 's'}"
