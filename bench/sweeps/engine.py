"""Who starts a sweep's workers, as the command line says it: this machine, or a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.sweeps.plan import Plan


@dataclass(frozen=True)
class Engine:
    """workers : None for one a core, one a GPU; a_gpu : that share a GPU; memory_gib : for all cells of a machine

    address : of a running Ray cluster, None to start one
    """

    name: Literal["local", "ray"] = "local"
    workers: int | None = None
    a_gpu: int = 1
    memory_gib: float | None = None
    address: str | None = None
    data_dir: Path | None = None

    def run(self, plan: Plan, look: Callable[[], None]) -> None:
        """Until every cell is over. `look` is called a few times a second. Raises as the engines do."""
        if self.name == "ray":
            from bench.sweeps.engines.cluster import run_on_ray

            run_on_ray(plan, look, self.address, self.workers, self.a_gpu, self.data_dir)
            return
        from bench.sweeps.engines.local import Local

        arguments: tuple[str, ...] = ("--memory", str(self.memory_gib)) if self.memory_gib else ()
        arguments += ("--data-dir", str(self.data_dir.absolute())) if self.data_dir else ()
        Local(self.workers, self.a_gpu, arguments).run(plan, look)

    def places(self, device: str) -> int:
        """How many workers share the work, for an ETA."""
        from bench.sweeps.engines.local import slots

        return self.workers or len(slots(device, None, self.a_gpu))
