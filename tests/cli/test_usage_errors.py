"""Mistakes in a command: exit 2, what was meant, nothing written, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Cli

RUN = ("run", "--suite", "sinusoid-10s", "--algo", "chance")
MISTAKES = [
    (("run", "--algo", "relnt", "--suite", "glyphs-5w1s"), "Unknown algo 'relnt'. Did you mean 'relnet'?"),
    (("run", "--algo", "chance", "--suite", "sinusoid-10"), "Unknown suite 'sinusoid-10'. Did you mean 'sinusoid-10s'"),
    (("run", "--algo", "chance,relnt", "--suite", "glyphs-5w1s"), "Did you mean 'relnet'?"),
    (("run", "--algo", "maml", "--suite", "sinusoid-10s", "--set", "inner_rl=1"), "Did you mean 'inner_lr'"),
    (("run", "--algo", "maml", "--suite", "sinusoid-10s", "--set", "inner_lr=fast"), "Option inner_lr of MAML"),
    (("run", "--algo", "relnet", "--suite", "glyphs-5w1s", "--set", "norm=none"), "found 'none'"),
    ((*RUN, "--set", "norm"), "Expected --set key=value, found 'norm'."),
    ((*RUN, "--set", "=3"), "Expected --set key=value"),
    (("run", "--algo", "maml", "--suite", "sinusoid-10s", "--recipe", "papr"), "maml has no recipe 'papr'"),
    (("run", "--algo", "tnp", "--suite", "sinusoid-5s", "--recipe", "fast"), "tnp has no recipe 'fast' for sinusoid"),
    ((*RUN, "--seeds", "2-0"), "Write 0-2."),
    ((*RUN, "--seeds", "one"), "Expected seeds like 0, 0-2 or 0,3,5, found 'one'."),
    ((*RUN, "--seeds", "-1"), "Expected seeds like"),
    ((*RUN, "--seeds", ""), "Expected seeds like"),
    ((*RUN, "--no-train"), "--no-train needs --checkpoint FILE."),
    ((*RUN, "--checkpoint", "none.safetensors"), "No such checkpoint: none.safetensors"),
    ((*RUN, "--episodes", "1"), "--episodes must lie in 2..10,000, found 1."),
    ((*RUN, "--episodes", "0"), "found 0."),
    ((*RUN, "--budget", "tiny"), "'tiny' is not one of"),
    ((*RUN, "--buget", "smoke"), "No such option: --buget"),
    (("run", "--suite", "sinusoid-10s"), "Say what to measure: --algo NAMES"),
    (("run", "--algo", ",", "--suite", "sinusoid-10s"), "Expected names separated by commas, found ','."),
    (("run", "--algo", "nowhere.py:Net", "--suite", "sinusoid-10s"), "No such file: nowhere.py"),
    (("run", "--algo", "net.py", "--suite", "sinusoid-10s"), "Expected --algo path/file.py:Class"),
    (("run", "--algo", "mine.py:Nte", "--suite", "sinusoid-10s"), "Unknown class in mine.py 'Nte'. Did you mean 'Net'"),
    (("run", "--algo", "mine.py:Net", "--suite", "sinusoid-10s"), "ModuleNotFoundError: No module named 'nonsense'"),
    (("run", "--algo", "plain.py:Plain", "--suite", "sinusoid-10s"), "plain.py:Plain is not a subclass of bench.Lear"),
    (("run", "--algo", "broken.py:Net", "--suite", "sinusoid-10s"), "broken.py:1: "),
    ((*RUN, "--tasks", "absent.yaml"), "Can't read the suites file absent.yaml"),
    ((*RUN, "--tasks", "tasks.yaml"), "tasks.yaml:4: suite 'mine'"),
    (("info", "protonett"), "Unknown suite or algo 'protonett'. Did you mean 'protonet'?"),
    (("list", "suits"), "'suits' is not one of"),
    (("show", "abcdef"), "Unknown run 'abcdef'."),
    (("new", "3net"), "Expected a Python class name, found '3net'."),
    (("leaderboard", "--write", "a", "--check", "b"), "--write, --check and --preview exclude each other."),
    (("data", "fetch", "omniglt"), "Did you mean 'omniglot'?"),
    (("rnu",), "No such command 'rnu'"),
]


@pytest.fixture
def empty(tmp_path: Path, bench_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: a few bad files, and no runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_DATA", str(bench_data))
    (tmp_path / "mine.py").write_text("import nonsense\n\nclass Net: ...\n")
    (tmp_path / "plain.py").write_text("class Plain: ...\n")
    (tmp_path / "broken.py").write_text("class Net(:\n")
    (tmp_path / "tasks.yaml").write_text("schema: 1\nsuites:\n  mine:\n    version: zero\n")
    return tmp_path


@pytest.mark.parametrize(("command", "said"), MISTAKES, ids=[" ".join(command) for command, _ in MISTAKES])
def test_a_mistake_is_explained_and_nothing_is_written(
    empty: Path, cli: Cli, command: tuple[str, ...], said: str
) -> None:
    before = sorted(path.name for path in empty.iterdir())
    done = cli(*command)
    flat = " ".join(done.err.replace("│", " ").split())
    assert done.code == 2, done.err
    assert said in flat and "Traceback" not in done.err and done.out == ""
    assert len(done.err.splitlines()) < 12
    assert sorted(path.name for path in empty.iterdir() if path.name != "__pycache__") == before


def test_one_mistake_stops_the_whole_grid_before_anything_runs(empty: Path, cli: Cli) -> None:
    assert cli("run", "--algo", "chance", "--suite", "sinusoid-10s,sinusoid-99s", "--budget", "smoke").code == 2
    assert not (empty / "runs").exists()


def test_a_missing_gpu_is_said(empty: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    done = cli(*RUN, "--device", "cuda")
    assert done.code == 2 and "torch sees no CUDA device" in done.err and not (empty / "runs").exists()
