"""Label images with the predictor that lies beside this file. Needs torch, safetensors and Pillow; nothing of bench.

    python predict.py IMAGE_OR_FOLDER...

As a module: `import predict; predict.label(["photo.jpg"])` gives (class or None, probability, nearest class) each.
"""

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageOps
from safetensors.torch import load_file

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"}


@cache
def parts() -> tuple[Any, dict[str, torch.Tensor], dict[str, Any]]:
    """Network, head, and what they are."""
    here = Path(__file__).resolve().parent
    network = torch.export.load(here / "encoder.pt2").module()
    return network, load_file(here / "head.safetensors"), json.loads((here / "about.json").read_text(encoding="utf-8"))


def pixels(path: str | Path, about: dict[str, Any]) -> torch.Tensor:
    """An image file -> float32 [1, C, H, W] in [0, 1]: upright, on white, squared, as the known images were."""
    with Image.open(path) as opened:
        image: Any = ImageOps.exif_transpose(opened)
        if image.has_transparency_data:
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
        image = image.convert(about["mode"]).resize((about["size"], about["size"]), Image.Resampling.BILINEAR)
    x = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).reshape(about["size"], about["size"], -1)
    x = x.permute(2, 0, 1)[None]
    return (255 - x if about["invert"] else x).float() / 255


def moved(z: torch.Tensor, centre: torch.Tensor, unit: bool) -> torch.Tensor:
    z = z - centre
    return z / (z.norm(dim=1, keepdim=True) + 1e-12) if unit else z


@torch.no_grad()
def label(paths: list[str | Path]) -> list[tuple[str | None, float, str]]:
    """(class, or None for "none of these"; probability of the nearest class; nearest class) of each image."""
    network, head, about = parts()
    answers: list[tuple[str | None, float, str]] = []
    for path in paths:
        z = network(pixels(path, about)).double()
        rows = (moved(z, head["centre"], about["unit"]) @ head["rows"].T + head["bias"])[0]
        scores = torch.full((len(about["classes"]),), -torch.inf, dtype=rows.dtype)
        scores = scores.scatter_reduce(0, head["owner"], rows, "amax")  # a class's best row
        probability, best = (scores / about["temperature"]).softmax(0).max(0)
        likeness = (moved(z, head["likeness_centre"], True) @ head["likeness_means"].T).max()
        known = about["threshold"] is None or bool(likeness >= about["threshold"])
        nearest = about["classes"][int(best)]
        answers.append((nearest if known else None, float(probability), nearest))
    return answers


if __name__ == "__main__":
    given = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")] or sys.exit(__doc__)
    found = [file for path in given for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    files: list[str | Path] = [file for file in found if file in given or file.suffix.lower() in SUFFIXES]
    for file, (name, probability, nearest) in zip(files, label(files), strict=True):
        sys.stdout.write(f"{file}\t{name or 'none of these'}\t{probability:.2f}\t{nearest}\n")
