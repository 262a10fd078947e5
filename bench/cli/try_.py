"""`bench try`: which method for your own images, and how well it will do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.arguments import DataDir, Json, console, print_json
from bench.cli.own_progress import progress

if TYPE_CHECKING:
    from bench.own.study import Study

Known = Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of class folders: FOLDER/<class>/*.jpg")]
Features = Annotated[
    list[str] | None,
    typer.Option(
        help="lite0, timm:MODEL, a run's key, pixels. Repeatable [default: all that need no download].",
    ),
]
Learner = Annotated[
    str | None, typer.Option("--learner", help="FEATURES/HEAD to take, e.g. lite0/ridge [default: the recommended].")
]
Runs = Annotated[
    list[Path] | None, typer.Option("--runs", help="Directories of records [default: published and ./runs].")
]


def try_command(
    folder: Known,
    features: Features = None,
    learner: Learner = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw which classes are taken for which, into this .png or .svg.")
    ] = None,
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Say which method suits your own images, and how well.

    2 to 200 class folders, 3 or more images each, no splits. Answers: a method, its expected accuracy with a 95 %
    interval, what 5 or 10 more labels a class would buy, which classes are taken for each other, copies.
    """
    from bench.own.study import study

    with progress() as on_progress:
        found = study(folder, features or (), learner, runs or (), data_dir, on_progress)
    if picture:
        _draw(found, picture)
    if as_json:
        from bench.cli.own_tables import json_fields

        print_json(json_fields(found))
        return
    _print(found)
    if picture:
        typer.echo(picture)


def _print(found: Study) -> None:
    from bench.cli.own_tables import features_table, headline, methods_table, say, verdict
    from bench.cli.tables import print_fitted
    from bench.data import sentence

    out = console()
    for line in headline(found):
        say(out, line)
    for remark in found.known.remarks:
        say(out, f"! {sentence(remark, own=True)}")
    out.print()
    print_fitted(out, features_table(found), ("has seen",))
    out.print()
    print_fitted(out, methods_table(found.advice))
    out.print()
    for line in verdict(found):
        say(out, line)
    if found.warning:
        say(out, f"! {found.warning}")


def _draw(found: Study, picture: Path) -> None:
    from bench.plots.style import check_name, save, style

    check_name(picture)
    with style():
        from bench.plots.confusion import confusion

        save(confusion(found.advice.confusion, found.known.classes), picture)
