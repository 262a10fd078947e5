"""Any images of your own: `FOLDER/{train,val,test}/<class>/*`, or `FOLDER/<class>/*` with a `split.yaml` beside them.

    # split.yaml
    train: [cat, dog]
    val: [fox]
    test: [owl, yak]

Images become RGB squares of `image_size` pixels. Prepared once; a file that is added, removed or changed makes a
new cache.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.data import cache
from bench.data.contract import SPLITS, ImageData
from bench.data.images import IMAGE_SUFFIXES, LOSSLESS, Transform, is_image_file
from bench.data.prepare import ImageFile, Source, prepare
from bench.data.progress import OnProgress
from bench.data.splits import ClassSplit, check_disjoint
from bench.errors import DataInvalid, DataMissing, UsageError

NAME = "imagefolder"
DEFAULT_SIZE = 84  # pixels a side
_LARGEST = 1024
Images = Mapping[str, Mapping[str, Sequence[Path]]]  # split -> class -> files

_LAYOUT = "Expected FOLDER/{train,val,test}/<class>/*.png|jpg|..., or FOLDER/<class>/* with FOLDER/split.yaml."


def load(folder: Path, image_size: int, data_root: Path, on_progress: OnProgress | None = None) -> ImageData:
    """The folder's images, prepared below `<root>/imagefolder` if they are not yet.

    Raises DataMissing (no such folder), DataInvalid (another layout, a class without images or in two splits, an
    image that can't be read), UsageError (size).
    """
    if not 1 <= image_size <= _LARGEST:
        raise UsageError(f"image_size must lie in 1..{_LARGEST}, found {image_size}")
    if not folder.is_dir():
        raise DataMissing(f"There is no folder {folder}", _LAYOUT)
    class_folders = _class_folders(folder)
    images = {part: {path.name: _images(path) for path in paths} for part, paths in class_folders.items()}
    split = {part: tuple(sorted(classes)) for part, classes in images.items()}
    check_disjoint(str(folder), split)
    transform = Transform(size=image_size, colour="rgb")
    target = cache.cache_folder(data_root / NAME, _state(folder, images), transform.id)
    if cache.is_prepared(target):
        return cache.read(target, NAME)
    return prepare(target, _source(folder, images), split, transform, on_progress)


def _class_folders(folder: Path) -> dict[str, list[Path]]:
    if (folder / "split.yaml").is_file():
        return {
            part: [folder / label for label in labels] for part, labels in _read_split(folder / "split.yaml").items()
        }
    if absent := [part for part in SPLITS if not (folder / part).is_dir()]:
        raise DataInvalid(f"{folder} has no {' and no '.join(f'{part}/' for part in absent)}", _LAYOUT)
    found = {part: sorted(path for path in (folder / part).iterdir() if path.is_dir()) for part in SPLITS}
    for part, paths in found.items():
        if not paths:
            raise DataInvalid(f"{folder / part} holds no class folder", _LAYOUT)
    return found


def _read_split(path: Path) -> ClassSplit:
    import yaml
    from pydantic import ValidationError

    from bench.data.card import SplitFile

    try:
        named = SplitFile.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataInvalid(f"{path} is not YAML: {error}", _LAYOUT) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "the file"
        raise DataInvalid(
            f"{path}: {where}: {first['msg']}", "It lists class folders: train: [...], val: [...], test: [...]"
        ) from error
    return {part: tuple(getattr(named, part)) for part in SPLITS}


def _images(class_folder: Path) -> list[Path]:
    if class_folder.name in ("", ".", "..") or not class_folder.is_dir():
        raise DataInvalid(f"There is no class folder {class_folder}", _LAYOUT)
    paths = sorted(path for path in class_folder.rglob("*") if is_image_file(path))
    if not paths:
        kinds = ", ".join(sorted(IMAGE_SUFFIXES))
        raise DataInvalid(f"The class folder {class_folder} holds no image ({kinds})", "Remove it, or add images.")
    return paths


def _source(folder: Path, images: Images) -> Source:
    by_class = {label: paths for classes in images.values() for label, paths in classes.items()}
    return Source(
        name=NAME,
        description=f"image folder {folder.resolve().name}",
        revision=None,
        licence="as the images",
        exact=all(path.suffix.lower() in LOSSLESS for paths in by_class.values() for path in paths),
        counts={label: len(paths) for label, paths in by_class.items()},
        files=lambda: (
            ImageFile(label, str(path), path.read_bytes) for label, paths in by_class.items() for path in paths
        ),
    )


def _state(folder: Path, images: Images) -> str:
    """A short name for the folder as it is now: it changes with any file's path, size or time of change."""
    digest = hashlib.sha256(str(folder.resolve()).encode())
    for part, classes in images.items():
        for label, paths in classes.items():
            for path in paths:
                facts = path.stat()
                digest.update(repr((part, label, str(path), facts.st_size, facts.st_mtime_ns)).encode())
    return f"{folder.resolve().name}-{digest.hexdigest()[:12]}"
