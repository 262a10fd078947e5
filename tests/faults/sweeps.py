"""Sweeps whose workers, drivers, nodes or heads die: the same command again, and every cell is as it would be."""

from __future__ import annotations

import contextlib
import importlib.util
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import yaml

from bench.records import RunStore
from tests.faults.disk import NotAllowed
from tests.faults.trial import LIMIT_S, Row, Tally, Trial, Typed, end
from tests.sweeps.ray_nodes import RayNodes, ray_nodes

_CELLS = 4
_PAUSE = 0.05  # seconds more a training step, so that most kills meet a training
_WORKER = "work"  # what a worker's command line has as its third word


def worker_killed(trial: Trial, times: int, draw: random.Random) -> Row:
    """One of the processes that work on a sweep."""

    def kill(process: subprocess.Popen[str]) -> None:
        workers = _workers(process)
        if workers:
            draw.choice(workers).kill()

    tally = _disturbed(trial, times, draw, kill)
    seen = "nothing: another worker takes its place, the cell continues; the record's `attempts` tell of it"
    return tally.row("a sweep's worker is killed", "SIGKILL of one of two workers at a random moment", seen)


def driver_killed(trial: Trial, times: int, draw: random.Random) -> Row:
    """`bench sweep` itself: its workers see that, save, and end."""

    def kill(process: subprocess.Popen[str]) -> None:
        workers = _workers(process)
        process.kill()
        _gone, alive = psutil.wait_procs(workers, timeout=60)
        assert not alive, "workers went on without their driver"

    tally = _disturbed(trial, times, draw, kill)
    seen = "the shell's “Killed”; workers save and end within seconds"
    return tally.row("`bench sweep` is killed", "SIGKILL at a random moment, the same command again", seen)


def ray_worker_killed(trial: Trial, times: int, draw: random.Random) -> Row:
    tally = _on_ray(trial, times, draw, lambda nodes: nodes.kill_worker())
    seen = "nothing: Ray starts the task anew, the cell continues"
    return tally.row("a Ray worker is killed", "SIGKILL of one of Ray's workers on a cluster of two nodes", seen)


def ray_node_killed(trial: Trial, times: int, draw: random.Random) -> Row:
    tally = _on_ray(trial, times, draw, lambda nodes: nodes.kill(nodes.nodes[1]))
    seen = "nothing: its cells continue on the other node"
    return tally.row("a Ray node goes down", "SIGKILL of everything on one of two nodes", seen)


def ray_head_killed(trial: Trial, times: int, draw: random.Random) -> Row:
    tally = _on_ray(trial, times, draw, lambda nodes: nodes.kill(nodes.nodes[0]), lost="The Ray cluster is gone")
    seen = "“The Ray cluster is gone”, exit 1, what goes on with it; the same command on a new cluster does"
    return tally.row("the Ray head goes down", "SIGKILL of everything on the head's node, a new cluster", seen)


def sweep_file(trial: Trial) -> Path:
    file = trial.folder / "sweep.yaml"
    entry = {"algo": "tiny.py:Latent", "suite": "sinusoid-10s", "seeds": f"0-{_CELLS - 1}", "episodes": 100}
    file.write_text(yaml.safe_dump([entry]))
    return file


def scores(store: Path) -> dict[str, tuple[str, str, str]]:
    """What every finished run of a store came to: key -> (learner, hash of its scores, hash of its weights)."""
    found = {}
    for run in RunStore(store).runs():
        if (record := run.record) and record.status == "ok" and record.scores:
            weights = record.checkpoint.sha256 if record.checkpoint else ""
            found[record.key] = (record.algorithm.name, record.scores.sha256, weights)
    return found


def _words(trial: Trial, runs: str, *more: str) -> list[str]:
    return ["sweep", str(sweep_file(trial)), "--name", "s", "--runs", runs, "--workers", "2", *more]


def _quiet(trial: Trial) -> dict[str, tuple[str, str, str]]:
    """The undisturbed sweep, once a trial."""
    if not (trial.folder / "quiet-sweep").exists():
        done = trial.type(*_words(trial, "quiet-sweep"))
        assert done.code == 0, done.said
    return scores(trial.folder / "quiet-sweep")


def _judge(trial: Trial, tally: Tally, runs: str, done: Typed) -> None:
    expected, found = _quiet(trial), scores(trial.folder / runs)
    assert done.code == 0, done.said
    tally.times += 1
    tally.lost += len(expected.keys() - found.keys())
    tally.changed += sum(found[key] != value for key, value in expected.items() if key in found)


def _disturbed(trial: Trial, times: int, draw: random.Random, kill: Callable[[subprocess.Popen[str]], None]) -> Tally:
    tally = Tally()
    _quiet(trial)
    for number in range(times):
        runs = f"{kill.__qualname__.split('.')[0]}{number}"
        process = trial.start(*_words(trial, runs), pause=_PAUSE)
        while process.poll() is None and not _begun(trial.folder / runs):
            time.sleep(0.05)
        time.sleep(draw.uniform(0, _CELLS / 2 * 40 * _PAUSE))
        kill(process)
        if process.poll() is None:
            process.wait(LIMIT_S)
        end(process)
        _judge(trial, tally, runs, trial.type(*_words(trial, runs)))
    return tally


def _on_ray(trial: Trial, times: int, draw: random.Random, kill: Callable[[RayNodes], object], lost: str = "") -> Tally:
    if importlib.util.find_spec("ray") is None:
        raise NotAllowed("Ray is not installed")
    tally = Tally()
    _quiet(trial)
    for number in range(times):
        runs = f"ray{draw.randrange(10**6)}-{number}"
        with ray_nodes(trial.folder) as nodes:
            nodes.start(1)
            nodes.start(1)
            done = on_ray(trial, nodes, _words(trial, runs), trial.folder / runs, draw, kill)
            assert (lost in done.said) == bool(done.code) or not lost, done.said
        if lost:
            with ray_nodes(trial.folder) as nodes:
                nodes.start(2)
                done = on_ray(trial, nodes, _words(trial, runs), trial.folder / runs, draw, lambda nodes: None)
        _judge(trial, tally, runs, done)
    return tally


def on_ray(
    trial: Trial, nodes: RayNodes, words: list[str], runs: Path, draw: random.Random, kill: Callable[[RayNodes], object]
) -> Typed:
    """A sweep on the cluster; once a cell has begun, and a random moment later, something is killed."""
    process = trial.start(*words, "--engine", "ray", "--address", nodes.address, pause=_PAUSE, more=nodes.environment)
    while process.poll() is None and not _begun(runs):
        time.sleep(0.1)
    time.sleep(draw.uniform(0, 40 * _PAUSE))
    kill(nodes)
    said = process.communicate(timeout=10 * LIMIT_S)[0]
    return Typed(process.returncode, said)


def _begun(runs: Path) -> bool:
    """Has a cell begun to train?"""
    logs = [file.read_text() for file in runs.glob(".sweeps/*/events/*.jsonl")]
    return any('"training"' in log or '"ended"' in log for log in logs)


def _workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        below = psutil.Process(process.pid).children(recursive=True)
        return [child for child in below if child.cmdline()[1:4] == ["-m", "bench", _WORKER]]
    return []
