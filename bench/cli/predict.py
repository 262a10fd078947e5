"""`bench predict`: labels for new images, from class folders of known ones."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.arguments import DataDir, Json, console, print_json
from bench.cli.own_progress import progress
from bench.cli.try_ import Learner, Runs

if TYPE_CHECKING:
    from bench.own.predicted import Predicted
    from bench.own.study import Study

_ROWS = 200  # answers that a table shows; --csv has all


def predict_command(
    known: Annotated[Path, typer.Argument(metavar="KNOWN", help="A folder of class folders, as for bench try.")],
    new: Annotated[list[Path], typer.Argument(metavar="NEW...", help="Image files, or folders of them at any depth.")],
    learner: Learner = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write all answers to this file; - for stdout.")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Write a contact sheet, the images by label, to this .png.")
    ] = None,
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Label new images by class folders of known ones.

    Each gets a class and a probability, or "none of these". The method is the one that `bench try KNOWN` recommends.
    Probabilities are calibrated on known images that were held out, and "none of these" refuses about 5 % of images of
    the known classes.
    """
    from bench.own.predicted import predict
    from bench.own.sheet import check_sheet, write_sheet
    from bench.own.study import study

    if sheet:
        check_sheet(sheet)
    with progress() as on_progress:
        found = study(known, (), learner, runs or (), data_dir, on_progress)
        predicted = predict(found, new, on_progress)
    if sheet:
        write_sheet(predicted.rows, sheet)
    if csv and str(csv) == "-":
        sys.stdout.write(predicted.csv())
    elif as_json:
        _print_json(found, predicted)
    else:
        _print(found, predicted)
    if csv and str(csv) != "-":
        csv.write_text(predicted.csv(), encoding="utf-8")


def _print(found: Study, predicted: Predicted) -> None:
    from bench.cli.own_tables import percent, predictions_table, say
    from bench.cli.tables import print_fitted

    out = console()
    print_fitted(out, predictions_table(predicted, _ROWS), ("label", "probability"))
    if len(predicted.rows) > _ROWS:
        say(out, f"{len(predicted.rows) - _ROWS:,} further images: --csv FILE writes all")
    out.print()
    say(out, f"{predicted.predictor.method.name}, expected accuracy {percent(found.advice.expected)} on known classes")
    say(out, predicted.rule)
    if found.warning:
        say(out, f"! {found.warning}")


def _print_json(found: Study, predicted: Predicted) -> None:
    from bench.cli.own_tables import plain

    print_json(
        {
            "method": predicted.predictor.method.name,
            "expected": plain(found.advice.expected),
            "threshold": predicted.predictor.threshold,
            "temperature": predicted.predictor.temperature,
            "images": [
                {
                    "image": row.name,
                    "label": row.label,
                    "probability": row.probability,
                    "nearest": row.nearest,
                    "likeness": row.likeness,
                }
                for row in predicted.rows
            ],
        }
    )
