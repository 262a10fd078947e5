"""The process that drives a sweep on a Ray cluster, started by `cluster`: one task a cell, wherever there is room.

Tasks are told strings, and give none back: what came of a cell is in the store, which all nodes must see under the same
path. Ray itself repeats tasks whose worker or node was lost; a cell continues where its last validation check left it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.errors import BenchError, ClusterLost, StoreError
from bench.records.files import first_line
from bench.records.lease import Busy, lease
from bench.sweeps.attempts import RETRIES
from bench.sweeps.engines.desk import carry_out
from bench.sweeps.plan import Cell, Plan, load_plan
from bench.sweeps.standing import Standing
from bench.sweeps.state import attempts_at, claim_file

_WAIT_S = 0.5
_AHEAD = 2  # tasks that wait in Ray for each processor there is


def main(folder: str, address: str | None, workers: int | None, a_gpu: int, data_dir: str) -> None:
    """Drive a sweep and end the process: an error is the last line of its output, as JSON."""
    try:
        _drive(load_plan(Path(folder)), address, workers, a_gpu, data_dir)
    except BenchError as error:
        print(json.dumps([type(error).__name__, error.message, error.fix]), flush=True)  # noqa: T201  # to `cluster`
        sys.exit(1)


def _drive(plan: Plan, address: str | None, workers: int | None, a_gpu: int, data_dir: str) -> None:
    """Until every cell is over.

    address : of a running cluster, None to start one on this machine with `workers` processors
    a_gpu : cells that share a GPU

    Raises ClusterLost without a cluster, StoreError where cells can't be brought to an end.
    """
    ray = _ray()
    with _connected(ray, address, workers):
        print(ray.get_runtime_context().gcs_address, flush=True)  # noqa: T201  # to `cluster`
        standing, running, lost = Standing(plan), dict[Any, Cell](), dict[str, int]()
        gpus = 0.0 if plan.device == "cpu" else 1 / a_gpu
        while (cells := standing.open()) and not plan.cancelled:
            there = ray.cluster_resources()
            gpu = gpus if there.get("GPU") else 0.0
            submitted = {cell.key for cell in running.values()}
            wanted = [cell for cell in cells if cell.key not in submitted and lost.get(cell.key, 0) <= RETRIES]
            wanted.sort(key=lambda cell: -cell.estimate.seconds)
            for cell in wanted[: max(0, _AHEAD * int(there.get("CPU", 1)) - len(running))]:
                running[_submit(ray, plan, cell, gpu, data_dir)] = cell
            if not running:
                raise StoreError(
                    f"{len(cells)} cells of {plan.name} are left, and tasks end without having done one of them.",
                    f"fix: `bench status {plan.name}` has reasons, {plan.folder / 'logs'} what the workers said",
                )
            done, _ = ray.wait(list(running), num_returns=1, timeout=_WAIT_S)
            for task in done:
                cell = running.pop(task)
                lost[cell.key] = lost.get(cell.key, 0) + 1  # of no account where the cell is over
                _result(ray, plan, cell, task)
            standing.again()
        for task in running:  # cancelled, or their cells were done elsewhere
            ray.cancel(task, force=True)


def _submit(ray: Any, plan: Plan, cell: Cell, gpus: float, data_dir: str) -> Any:
    task = ray.remote(max_retries=RETRIES, retry_exceptions=False)(carry_out)
    needs = {"num_cpus": 1, "num_gpus": gpus, "memory": int(cell.estimate.memory_mib * 2**20)}
    return task.options(name=cell.title, **needs).remote(str(plan.folder), cell.key, data_dir, bool(gpus))


def _result(ray: Any, plan: Plan, cell: Cell, task: Any) -> None:
    """What a task came to, where that is not in the store: its node had no memory left."""
    try:
        ray.get(task)
    except ray.exceptions.OutOfMemoryError:
        with contextlib.suppress(Busy), lease(claim_file(plan, cell)):
            attempts_at(plan, cell).begun().ended("memory", "out of memory: its node had none left")
    except (ray.exceptions.RayTaskError, ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError):
        return  # submitted again, unless it was so too often
    except ray.exceptions.RayError as error:
        raise _lost(plan, first_line(error)) from error


def _lost(plan: Plan, why: str) -> ClusterLost:
    return ClusterLost(f"The Ray cluster is gone: {why}.", f"Finished cells are kept; `{plan.command}` goes on.")


@contextlib.contextmanager
def _connected(ray: Any, address: str | None, workers: int | None) -> Iterator[None]:
    began = time.monotonic()
    try:
        ray.init(
            address=address,
            num_cpus=None if address else workers,
            include_dashboard=None if address else False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (ConnectionError, ray.exceptions.RayError, ValueError, RuntimeError) as error:
        where = f"at {address}" if address else "on this machine"
        raise ClusterLost(
            f"No Ray cluster {where} after {time.monotonic() - began:.0f} s: {first_line(error)}",
            "`ray start --head` starts one, `ray start --address=HOST:6379` joins it; or leave --address out.",
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _ray() -> Any:
    os.environ.setdefault("RAY_task_oom_retries", "0")  # bench repeats such cells itself, smaller; Ray would for ever
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")
    import ray
    import ray.exceptions

    return ray


if __name__ == "__main__":
    main(*json.loads(sys.argv[1]))
