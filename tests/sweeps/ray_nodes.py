"""A Ray cluster of several nodes on this machine, each a process group that dies as a machine goes down."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

_UP_S = 120.0
_TASK = re.compile(r"ray::.+ on ")  # how a worker is called that is at a cell


class RayNodes:
    """`start` adds nodes; the first one is the head. All die with the block of `ray_nodes`.

    environment : what a process needs that is to reach the cluster
    """

    def __init__(self, logs: Path) -> None:
        self.logs, self.port = logs, _free_port()
        self.environment = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_task_oom_retries": "0",
        }
        self.nodes: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self, cpus: int = 1) -> subprocess.Popen[bytes]:
        """One more node, when it has joined."""
        head = not self.nodes
        where = (
            ["--head", f"--port={self.port}", "--include-dashboard=false"] if head else [f"--address={self.address}"]
        )
        command = [str(Path(sys.executable).with_name("ray")), "start", *where, f"--num-cpus={cpus}"]
        command += ["--node-ip-address=127.0.0.1", "--block", "--disable-usage-stats"]
        environment = os.environ | self.environment
        with (self.logs / f"ray-{len(self.nodes)}.log").open("wb") as out:
            node = subprocess.Popen(command, stdout=out, stderr=out, env=environment, start_new_session=True)
        self.nodes.append(node)
        self._wait_for(node, "gcs_server" if head else "raylet")
        return node

    def _wait_for(self, node: subprocess.Popen[bytes], part: str) -> None:
        deadline = time.monotonic() + _UP_S
        while node.poll() is None and time.monotonic() < deadline:
            if any(part in _name(child) for child in psutil.Process(node.pid).children(recursive=True)):
                return
            time.sleep(0.2)
        raise TimeoutError(f"ray start gave no {part}")

    def kill(self, node: subprocess.Popen[bytes]) -> None:
        """The machine is gone: everything that runs on it dies at once."""
        with contextlib.suppress(psutil.Error):
            doomed = [psutil.Process(node.pid), *psutil.Process(node.pid).children(recursive=True)]
            for process in doomed:
                with contextlib.suppress(psutil.Error):
                    process.kill()
        node.wait(10)

    def kill_worker(self) -> bool:
        """One of Ray's worker processes dies; False where none is at work."""
        for node in self.nodes:
            if node.poll() is None:
                for child in psutil.Process(node.pid).children(recursive=True):
                    with contextlib.suppress(psutil.Error):
                        if _TASK.match(" ".join(child.cmdline())):
                            os.kill(child.pid, signal.SIGKILL)
                            return True
        return False


@contextlib.contextmanager
def ray_nodes(logs: Path) -> Iterator[RayNodes]:
    nodes = RayNodes(logs)
    try:
        yield nodes
    finally:
        for node in nodes.nodes:
            if node.poll() is None:
                nodes.kill(node)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _name(process: psutil.Process) -> str:
    try:
        return f"{process.name()} {' '.join(process.cmdline()[:1])}"
    except psutil.Error:
        return ""
