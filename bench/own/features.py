"""Features of photos: computed once by each encoder and kept in the user's cache as safetensors."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load, save

from bench.own.encoders import Encoder
from bench.own.photos import Photo
from bench.remembered import folder, recall, remember

_KIND = "features"
_TOGETHER = 32  # images a batch
Floats = npt.NDArray[np.float64]
OnProgress = Callable[[str, int, int], None]


def features(encoder: Encoder, photos: Sequence[Photo], on_progress: OnProgress = lambda *_: None) -> Floats:
    """float64 [N, D]. DataInvalid if a photo can't be read any more."""
    place = folder(_KIND)
    file = place / f"{_name(encoder, photos)}.safetensors" if place else None
    if file and (kept := recall(file, encoder.identity)) is not None:
        return _array(load(kept)["features"])
    network, found = encoder.build(), []
    for first in range(0, len(photos), _TOGETHER):
        on_progress(encoder.name, first, len(photos))
        images = np.stack([_image(encoder, photo) for photo in photos[first : first + _TOGETHER]])
        with torch.no_grad():
            found.append(network(torch.from_numpy(images).float() / 255).float())
    on_progress(encoder.name, len(photos), len(photos))
    values = torch.cat(found)
    if file:
        remember(file, encoder.identity, save({"features": values.contiguous()}))
    return _array(values)


def _array(values: torch.Tensor) -> Floats:
    found: Floats = values.double().numpy()
    return found


def _image(encoder: Encoder, photo: Photo) -> npt.NDArray[np.uint8]:
    return encoder.transform.apply(photo.path.read_bytes(), photo.name, upright=True)


def _name(encoder: Encoder, photos: Sequence[Photo]) -> str:
    digest = hashlib.sha256(encoder.identity.encode())
    for photo in photos:
        digest.update(photo.digest.encode())
    return digest.hexdigest()[:32]
