"""What cells are forked from has its numerical libraries."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.runs.processes import call

BLAS = {"numpy", "scipy.linalg.blas", "scipy.special"}


def loaded(argument: object, reporter: object) -> list[str]:
    """In a cell's process."""
    return sorted(BLAS & set(sys.modules))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the server")
def test_a_cell_finds_blas_loaded() -> None:
    """Loaded late where memory is limited, OpenBLAS asks for its buffers for ever: the cell never ends."""
    assert call("tests.runs.test_server:loaded", None) == sorted(BLAS)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space")
def test_blas_is_not_loaded_where_it_would_ask_for_ever() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20));"
        "import bench.runs.server"  # takes itself for the server, as it is started with -c
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "the server of processes ended: OSError [Errno 12] Cannot allocate memory\n"
