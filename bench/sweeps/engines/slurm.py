"""Slurm: an array script whose tasks are workers, each with a share of the cells. No library, and no job per cell.

Schedulers dislike thousands of short jobs, so a task carries out many cells. Before its time is up the scheduler
signals; the worker saves its training and leaves, and the task queues again.
"""

from __future__ import annotations

import math
import shlex
import sys
from pathlib import Path

from bench.errors import UsageError
from bench.records.files import explain
from bench.sweeps.plan import Plan
from bench.sweeps.standing import Standing
from bench.sweeps.work import Share

_BUNDLE_S = 3600.0  # of work for one array task, if nothing else is asked
_MARGIN = 1.5  # of time and memory over the estimates
_LEAST_S = 900.0
_WARNING_S = 120  # before the limit

_SCRIPT = """\
#!/usr/bin/env bash
# {summary}
# Hand it to sbatch; add what your site asks for, such as --account and --partition. Once more, and it goes on.
#SBATCH --job-name=bench-{name}
#SBATCH --array=0-{last}
#SBATCH --cpus-per-task=1
#SBATCH --mem={memory}M
#SBATCH --time={limit}
{gpu}#SBATCH --requeue
#SBATCH --signal=B:USR1@{warning}
#SBATCH --open-mode=append
#SBATCH --output={logs}/slurm-%A-%a.log
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
cd {here}
{work} --shard "$SLURM_ARRAY_TASK_ID/{tasks}" &
worker=$!
told=
trap 'told=1; kill -USR1 "$worker"' USR1 # time is nearly up
trap 'kill -TERM "$worker"' TERM          # cancelled: not to queue again
wait "$worker"
code=$?
while kill -0 "$worker" 2> /dev/null; do # the signal cut the waiting short: the worker saves now
    wait "$worker"
    code=$?
done
if [ "$told" ]; then
    scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"
fi
exit "$code"
"""


def write_script(plan: Plan, file: Path, tasks: int | None, data_dir: Path | None) -> str:
    """Write the array script for the cells that are not over; returns what to do with it.

    tasks : of the array, [default: about an hour of work each]

    Raises UsageError where nothing is left, StoreError when the file can't be written.
    """
    cells = Standing(plan).open()
    if not cells:
        raise UsageError(f"Every cell of {plan.name} is over.", f"`bench status {plan.name}` shows them.")
    whole = sum(cell.estimate.seconds for cell in cells)
    tasks = min(tasks or math.ceil(whole / _BUNDLE_S), len(cells))
    left = {cell.key for cell in cells}
    shares = [[cell for cell in Share(i, tasks).cells(plan) if cell.key in left] for i in range(tasks)]
    longest = max(sum(cell.estimate.seconds for cell in share) for share in shares)
    work = [sys.executable, "-m", "bench", "work", str(plan.folder)]
    work += ["--data-dir", str(data_dir.absolute())] if data_dir else []
    logs = plan.folder / "logs"
    text = _SCRIPT.format(
        summary=f"{plan.name}: {len(cells)} cells in {tasks} array tasks; made by: {plan.command}",
        name=plan.name,
        last=tasks - 1,
        memory=math.ceil(max(cell.estimate.memory_mib for cell in cells) * _MARGIN),
        limit=_limit(max(_LEAST_S, longest * _MARGIN)),
        gpu="#SBATCH --gres=gpu:1\n" if plan.device == "cuda" else "",
        warning=_WARNING_S,
        logs=logs,
        here=shlex.quote(str(Path.cwd())),
        work=shlex.join(work),
        tasks=tasks,
    )
    try:
        logs.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
    except OSError as error:
        raise explain(error, file) from error
    return f"sbatch {shlex.quote(str(file))}"


def _limit(seconds: float) -> str:
    """
    >>> _limit(90_000)
    '1-01:00:00'
    """
    minutes = math.ceil(seconds / 60)
    return f"{minutes // 1440}-{minutes // 60 % 24:02}:{minutes % 60:02}:00"
