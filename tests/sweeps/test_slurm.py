"""The array script: its text, and what it does under a stand-in of Slurm."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.sweeps.engines.slurm import write_script
from tests.conftest import Cli
from tests.sweeps.conftest import StandIn, Sweeps, cell
from tests.sweeps.undisturbed import COMMAND, check, plan_of, recipe, steps_done, until

GOLDEN = Path(__file__).parent / "golden" / "array.sbatch"
SBATCH = """\
#!{python}
# Carries out an array's tasks one after the other, again where they were requeued; the signal goes to the script alone.
import os, pathlib, re, subprocess, sys
script = sys.argv[1]
last = int(re.search(r"#SBATCH --array=0-([0-9]+)", pathlib.Path(script).read_text())[1])
for task in range(last + 1):
    again = pathlib.Path(f"requeue-7_{{task}}")
    while True:
        again.unlink(missing_ok=True)
        environment = os.environ | {{"SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": str(task)}}
        process = subprocess.Popen(["bash", script], env=environment)
        pathlib.Path("batch.pid").write_text(str(process.pid))
        code = process.wait()
        with open("codes", "a") as out:
            print(task, code, file=out)
        if not again.exists():
            break
"""
SCONTROL = '#!/bin/sh\n[ "$1" = requeue ] && touch "requeue-$2"\n'


def test_the_script_word_for_word(sweeps: Sweeps) -> None:
    cells = [cell(f"k{i}", seconds, 1000.0) for i, seconds in enumerate((4000, 2000, 1500, 100))]
    plan = sweeps.plan(*cells, name="wanted", command="bench sweep wanted.yaml", device="cuda")
    said = write_script(plan, Path("a b.sbatch"), None, Path("data"))
    text = Path("a b.sbatch").read_text()
    text = text.replace(str(sweeps.folder), "HERE").replace(sys.executable, "PYTHON")
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text() and said == "sbatch 'a b.sbatch'"
    assert subprocess.run(["bash", "-n", "a b.sbatch"], check=False).returncode == 0
    assert os.access("a b.sbatch", os.X_OK)


def _line(file: str, option: str) -> str:
    (found,) = [line for line in Path(file).read_text().splitlines() if line.startswith(f"#SBATCH --{option}=")]
    return found.partition("=")[2]


def test_tasks_times_and_memory_follow_from_the_cells(sweeps: Sweeps) -> None:
    cells = [cell("a", 7200, 1000), cell("b", 3600, 3000), cell("c", 10, 10)]
    plan = sweeps.plan(*cells)
    write_script(plan, Path("x"), None, None)
    assert (_line("x", "array"), _line("x", "time"), _line("x", "mem")) == ("0-2", "0-03:00:00", "4500M")
    write_script(plan, Path("x"), 2, None)
    assert (_line("x", "array"), _line("x", "time")) == ("0-1", "0-03:01:00")  # 7,210 s and half as much again
    write_script(plan, Path("x"), 50, None)
    assert _line("x", "array") == "0-2" and "--gres" not in Path("x").read_text()


def test_a_task_has_time_for_its_open_cells_whichever_are_over(sweeps: Sweeps, stand_in: StandIn) -> None:
    plan = sweeps.planned("tiny.py:Latent", "sinusoid-10s", (0, 1, 2, 3))
    estimate = dataclasses.replace(plan.cells[0].estimate, seconds=1000.0)
    plan = sweeps.plan(*(dataclasses.replace(one, estimate=estimate) for one in plan.cells))
    from bench.sweeps.work import Share, Worker

    Worker(plan.folder).work(Share(1, 2))
    write_script(plan, Path("x"), 2, None)  # both that are left belong to share 0
    assert _line("x", "time") == "0-00:50:00"
    Worker(plan.folder).work(Share())
    with pytest.raises(UsageError, match="Every cell of sweep is over"):
        write_script(plan, Path("x"), None, None)


def test_the_command_writes_it_and_starts_nothing(sweeps: Sweeps, cli: Cli) -> None:
    asked = ("sweep", "-a", "chance", "-s", "sinusoid-*", "--budget", "smoke", "--engine", "slurm", "--write", "go.sh")
    done = cli(*asked, "--bundles", "2")
    assert done.code == 0 and done.out == "sbatch go.sh\n" and _line("go.sh", "array") == "0-1"
    assert not list(sweeps.runs.glob("*/*/*/record.json"))


@pytest.mark.slow
def test_under_slurm_a_signalled_task_saves_queues_again_and_scores_the_same(
    sweeps: Sweeps, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe(sweeps)
    tools = sweeps.folder / "tools"
    tools.mkdir()
    for name, text in (("sbatch", SBATCH.format(python=sys.executable)), ("scontrol", SCONTROL)):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    assert cli(*COMMAND, "--engine", "slurm", "--write", "go.sbatch", "--bundles", "2").code == 0
    assert shutil.which("bash")
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "EATER_PAUSE": "0.3"}
    with subprocess.Popen(["sbatch", "go.sbatch"], env=environment, executable=tools / "sbatch") as slurm:
        until(lambda: steps_done(sweeps))
        os.kill(int(Path("batch.pid").read_text()), signal.SIGUSR1)
        until(lambda: Path("codes").exists())
        assert steps_done(sweeps)
        assert slurm.wait(280) == 0
    codes = [line.split() for line in Path("codes").read_text().splitlines()]
    assert [task for task, _ in codes] == ["0", "0", "1"] and [code for _, code in codes[1:]] == ["0", "0"]
    records = check(sweeps, monkeypatch)
    assert len(records) == 2 and not any(record.attempts for record in records)
    assert len(plan_of(sweeps).cells) == 2
