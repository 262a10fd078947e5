"""How long work on a data set tells its caller where it is; the CLI draws a bar, a library caller may ignore it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Progress:
    """One report, sent at most a few times a second.

    stage : what is being done, e.g. "download images_background.zip" or "prepare omniglot"
    done, total : in `unit`; total is None where a server does not say how much is coming
    """

    stage: str
    done: int
    total: int | None
    unit: Literal["bytes", "images"]


OnProgress = Callable[[Progress], None]
