"""What lies in a user's image folder: the images of each class of each split, and what was passed over."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.data.contract import SPLITS, Remark
from bench.data.names import IMAGE_SUFFIXES, has_image_suffix, is_foreign, text_of
from bench.data.remarks import remark
from bench.data.splitfile import SPLIT_FILE, read_split
from bench.errors import DataInvalid

LAYOUT = "Expected FOLDER/{train,val,test}/<class>/*.png|jpg|..., or FOLDER/<class>/* with FOLDER/split.yaml."
KINDS_BESIDE = ("hidden", "suffix", "stray", "link")  # of remarks about what is beside the images
Images = Mapping[str, Mapping[str, Sequence[Path]]]


@dataclass(frozen=True)
class Listing:
    """images : split -> class, as `text_of` writes it -> files, sorted"""

    images: Images
    remarks: tuple[Remark, ...]


@dataclass
class _PassedOver:
    """Names below the folder, by the kind of remark they make."""

    folder: Path
    names: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS_BESIDE})

    def add(self, kind: str, path: Path) -> None:
        self.names[kind].append(text_of(path.relative_to(self.folder).as_posix()))

    def remarks(self) -> tuple[Remark, ...]:
        return tuple(
            found
            for kind, names in self.names.items()
            for found in remark(kind, suffixes(names) if kind == "suffix" else "", sorted(names))
        )


def list_images(folder: Path) -> Listing:
    """Raises DataInvalid: another layout, a class without images, a folder that can't be read."""
    passed = _PassedOver(folder)
    with _readable(folder):
        of_split_file = (folder / SPLIT_FILE).is_file()
        class_folders = _named(folder, passed) if of_split_file else _in_split_folders(folder, passed)
        images = {part: _images_of(found, passed) for part, found in class_folders.items()}
    return Listing(images, passed.remarks())


def list_classes(folder: Path) -> tuple[dict[str, list[Path]], tuple[Remark, ...]]:
    """The images of each class of a folder of class folders, without splits; raises as `list_images` does."""
    passed = _PassedOver(folder)
    with _readable(folder):
        images = _images_of(_folders(folder, passed), passed)
    return images, passed.remarks()


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = text_of(error.filename or folder)
        raise DataInvalid(f"{where} can't be read ({error.strerror})", "Look at its permissions.") from error


def _images_of(class_folders: Mapping[str, Path], passed: _PassedOver) -> dict[str, list[Path]]:
    return {text_of(label): _images(path, passed) for label, path in class_folders.items()}


def suffixes(names: Sequence[str]) -> str:
    """The most common suffixes with their numbers: "3 .heic, 1 without suffix"."""
    counts = Counter(Path(name).suffix.lower() or "without suffix" for name in names)
    told = ", ".join(f"{count} {suffix}" for suffix, count in sorted(counts.items(), key=lambda c: (-c[1], c[0]))[:5])
    return told + (", ..." if len(counts) > 5 else "")


def _named(folder: Path, passed: _PassedOver) -> dict[str, dict[str, Path]]:
    """The class folders that split.yaml names."""
    unnamed = {text_of(name): path for name, path in _folders(folder, passed).items()}
    found: dict[str, dict[str, Path]] = {}
    for part, labels in read_split(folder / SPLIT_FILE).items():
        found[part] = {}
        for label in labels:
            if is_foreign(label) and label not in (".", ".."):
                raise DataInvalid(
                    f"{folder / SPLIT_FILE}: {label} has the name of a hidden folder, which is no class", "Rename it."
                )
            known = label if label in unnamed else _same_folder(folder, label, unnamed)
            if known is None:
                raise DataInvalid(f"There is no class folder {folder / label}", LAYOUT)
            path = unnamed.pop(known)
            found[part][path.name] = path
    for path in unnamed.values():
        passed.add("stray", path)
    return found


def _same_folder(folder: Path, label: str, among: Mapping[str, Path]) -> str | None:
    """For file systems that know a folder by another case or Unicode form than the one it is listed in."""
    path = folder / label
    if "\\" in label or not path.is_dir():
        return None
    return next((name for name, other in among.items() if other.samefile(path)), None)


def _in_split_folders(folder: Path, passed: _PassedOver) -> dict[str, dict[str, Path]]:
    if absent := [part for part in SPLITS if not (folder / part).is_dir()]:
        raise DataInvalid(f"{folder} has no {' and no '.join(f'{part}/' for part in absent)}", LAYOUT)
    for name, path in _folders(folder, passed).items():
        if name not in SPLITS:
            passed.add("stray", path)
    found = {part: _folders(folder / part, passed) for part in SPLITS}
    for part, paths in found.items():
        if not paths:
            raise DataInvalid(f"{folder / part} holds no class folder", LAYOUT)
    return found


def _folders(folder: Path, passed: _PassedOver) -> dict[str, Path]:
    """The folders in `folder` by their names; what else lies in it is passed over."""
    found = {}
    for path in sorted(folder.iterdir()):
        if is_foreign(path.name):
            passed.add("hidden", path)
        elif path.is_dir():
            found[path.name] = path
        elif has_image_suffix(path.name):
            passed.add("stray", path)
    return found


def _images(class_folder: Path, passed: _PassedOver) -> list[Path]:
    """The images at any depth, sorted by path."""
    found: list[Path] = []
    unread: list[str] = []
    for place, folders, files in os.walk(class_folder, onerror=_raise):
        base = Path(place)
        for name in [name for name in folders if is_foreign(name) or (base / name).is_symlink()]:
            folders.remove(name)
            passed.add("hidden" if is_foreign(name) else "link", base / name)
        for name in files:
            path = base / name
            if is_foreign(name):
                passed.add("hidden", path)
            elif not path.is_file():
                passed.add("link", path)
            elif has_image_suffix(name):
                found.append(path)
            else:
                passed.add("suffix", path)
                unread.append(name)
    if not found:
        holds = f"no image, but {suffixes(unread)}" if unread else "no image"
        raise DataInvalid(
            f"The class folder {text_of(class_folder)} holds {holds}",
            f"Remove it, or add images ({', '.join(sorted(IMAGE_SUFFIXES))}).",
        )
    return sorted(found)


def _raise(error: OSError) -> None:
    raise error
