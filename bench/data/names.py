"""Names of files and folders: which are images, which are not a person's own, and how a name is written down."""

from __future__ import annotations

import os
import re
from pathlib import Path

LOSSLESS = frozenset({".png", ".bmp", ".dib", ".gif", ".pbm", ".pgm", ".pnm", ".ppm", ".tga"})
"""Decode to the same pixels everywhere; a TIFF may hold JPEG."""

IMAGE_SUFFIXES = LOSSLESS | {".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".jp2", ".j2k"}

_FOREIGN = frozenset(
    {
        "@eadir",  # thumbnails of Synology's servers
        "@recycle",
        "@__thumb",  # QNAP
        "#recycle",
        "#snapshot",
        "__macosx",
        "__pycache__",
        "$recycle.bin",
        "system volume information",
        "lost+found",
        "network trash folder",
        "temporary items",
        "thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "icon\r",  # a folder's own picture on macOS
    }
)
_ESCAPE = re.compile(r"\\x[0-9a-f]{2}")


def is_foreign(name: str) -> bool:
    """True for what programs leave in people's folders: hidden names, thumbnails, recycle bins."""
    return name.startswith(".") or name.lower() in _FOREIGN


def has_image_suffix(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES  # noqa: PTH122  # a name, not a path


def is_image_file(path: Path) -> bool:
    """By its name; macOS's "._name" files are none."""
    return has_image_suffix(path.name) and not is_foreign(path.name) and path.is_file()


def text_of(name: str | Path) -> str:
    r"""A name on disk as text that any file can hold, the same under every locale, and that leads back to the name.

    A name in UTF-8 stands as it is. Bytes that are not UTF-8 become `\xNN`; where that occurs, and where a name
    happens to look like it, each backslash that the name has itself is doubled.

    >>> text_of("Käfer"), text_of("K\udce4fer")
    ('Käfer', 'K\\xe4fer')
    """
    raw = os.fsencode(name)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
    return text.replace("\\", "\\\\") if _ESCAPE.search(text) else text
