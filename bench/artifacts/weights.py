"""Which weights there are: of each run, how many bytes, whether they lie beside it, and where else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.records import each_run
from bench.records.schema import Checkpoint, Record
from bench.records.weights import CHECKPOINT


@dataclass(frozen=True)
class Weights:
    """The weights of one run, as its record names them."""

    run: Path
    record: Record
    recorded: Checkpoint

    @property
    def file(self) -> Path:
        """Where they lie beside the record, if they do."""
        return self.run / CHECKPOINT

    @property
    def here(self) -> bool:
        return self.file.is_file()

    @property
    def name(self) -> str:
        """What the file is called in a store."""
        return f"{self.recorded.sha256}.safetensors"

    @classmethod
    def of(cls, run: Path, record: Record) -> Weights | None:
        """None for a run without weights."""
        return cls(run, record, record.checkpoint) if record.checkpoint else None


def find_weights(roots: Sequence[Path] = ()) -> Iterator[Weights]:
    """Of every run below the roots that has some, in the store's order."""
    for _, stored in each_run(roots):
        if stored.record is not None and (found := Weights.of(stored.path, stored.record)):
            yield found
