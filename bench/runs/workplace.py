"""What every step of a job needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.records import RunStore
from bench.records.names import TRAINING
from bench.runs.job import Job
from bench.training.observer import Observer

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Workplace:
    """place : where the record belongs"""

    job: Job
    store: RunStore
    place: Path
    device: torch.device
    observer: Observer

    @property
    def folder(self) -> Path:
        """Where an unfinished training lies."""
        return self.place.with_name(TRAINING + self.job.key)
