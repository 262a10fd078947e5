"""What the machine or the installation refuses is one line; where it happened is told on request."""

from __future__ import annotations

import errno
import os

import pytest

from tests.conftest import Cli


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/some/place"), "refused at /some/place: Permission"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "the system refused: No space left on device."),
        (MemoryError(), "there is not enough memory."),
        (
            ImportError("libtorch.so: failed to map segment"),
            "ImportError: libtorch.so: failed to map segment. `bench d",
        ),
    ],
)
def test_it_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr("bench.tasks.registry.all_suites", refuse)
    done = cli("info", "protonet")
    assert done.code == 1 and said in done.err and done.out == ""
    assert done.err.startswith("error: ") and len(done.err.splitlines()) == 2 and "BENCH_TRACEBACK=1" in done.err
    monkeypatch.setenv("BENCH_TRACEBACK", "1")
    with pytest.raises(type(error)):
        from bench.cli.app import main

        main()
