"""`bench export`: one folder that answers without bench: network, head, what they are, and a short program."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import torch
from safetensors.torch import save_file

from bench import __version__
from bench.errors import BenchError, UsageError
from bench.own.predicted import predictor_of
from bench.own.study import Study
from bench.records.files import json_bytes

ENCODER, HEAD, ABOUT, PROGRAM = "encoder.pt2", "head.safetensors", "about.json", "predict.py"
_STANDALONE = Path(__file__).with_name("standalone.py")


def export(study: Study, out: Path) -> list[Path]:
    """Write the recommended method's predictor; the files that were written.

    Raises UsageError where the folder holds something, BenchError where it can't be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is there already and not empty.", "Name a new folder.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write(study, out)
    except OSError as error:
        raise BenchError(f"Can't write {out}: {error.strerror or error}.", "Name another folder.") from None
    return [out / name for name in (ENCODER, HEAD, ABOUT, PROGRAM)]


def _write(study: Study, out: Path) -> None:
    predictor = predictor_of(study)
    encoder = study.encoders[predictor.method.encoder]
    fitted, likeness = predictor.fitted, predictor.likeness
    transform, expected = encoder.transform, study.advice.expected
    example = torch.zeros(2, *transform.shape)
    with warnings.catch_warnings():  # of torch's exporter, about its own future
        warnings.simplefilter("ignore")
        program = torch.export.export(encoder.build(), (example,), dynamic_shapes=({0: torch.export.Dim("images")},))
        torch.export.save(program, out / ENCODER)
    arrays = {
        "centre": fitted.centre,
        "rows": fitted.rows,
        "bias": fitted.bias,
        "owner": fitted.owner,
        "likeness_centre": likeness.centre,
        "likeness_means": likeness.means,
    }
    save_file({name: torch.from_numpy(values).contiguous() for name, values in arrays.items()}, out / HEAD)
    about = {
        "made_by": f"bench {__version__}, torch {torch.__version__}",
        "classes": list(study.known.classes),
        "method": predictor.method.name,
        "network": encoder.label,
        "network_has_seen": encoder.seen,
        "mode": "L" if transform.colour == "grey" else "RGB",
        "size": transform.size,
        "invert": transform.invert,
        "unit": fitted.unit,
        "temperature": predictor.temperature,
        "threshold": predictor.threshold,
        "expected_accuracy": {"mean": expected.mean, "low": expected.low, "high": expected.high},
        "known_images": len(study.known.photos),
    }
    (out / ABOUT).write_bytes(json_bytes(about))
    shutil.copyfile(_STANDALONE, out / PROGRAM)
