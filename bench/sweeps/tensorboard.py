"""A sweep's events as curves for TensorBoard: one run per cell, training loss, validation and speed by step."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bench.errors import UsageError
from bench.sweeps.events import Event

_SCALARS = ("loss", "validation", "episodes_per_s")


def write_curves(events: Iterable[Event], folder: Path) -> int:
    """Write every cell's curve as it comes; returns how many cells there were. UsageError without the extra."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UsageError(f"TensorBoard is not installed: {error}", "pip install 'meta-bench[tensorboard]'") from None
    writers: dict[str, SummaryWriter] = {}
    try:
        for event in events:
            if event.event not in ("training", "ended"):
                continue
            name = f"{event.title.replace(' on ', '/').replace(' ', '-')}-{event.cell[:6]}"
            writer = writers.get(event.cell) or SummaryWriter(str(folder / name))
            writers[event.cell] = writer
            if event.event == "training":
                for scalar in _SCALARS:
                    if (value := event.values.get(scalar)) is not None:
                        writer.add_scalar(scalar, value, event.values["step"], event.seconds)
            elif event.values.get("mean") is not None:
                writer.add_scalar(f"test/{event.values['metric']}", event.values["mean"], 0, event.seconds)
    finally:
        for writer in writers.values():
            writer.close()
    return len(writers)
