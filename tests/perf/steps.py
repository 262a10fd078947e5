"""What training steps of learners cost, in this checkout or in two of them, with the shapes of their recipes:

    python -m tests.perf.steps convcnp anp rl2 rl2:mdp-n10 [--against ../other/checkout] [--recipe fast]

CPU seconds of one thread: the draw of the problems, train_step, clipping and the optimiser, as in a run. Two checkouts
train the same steps in turns, each in a process of its own, and their losses are compared: where only rounding is
another they agree at the start, and come apart as training amplifies it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parents[2]
SUITES = {"rl2": "bandit-n10k5", "relnet": "glyphs-5w1s", "protonet": "glyphs-5w1s"}  # others learn functions
WARM_UP = 10  # steps before the first that counts


def serve(algo: str, suite: str, recipe_name: str) -> None:
    """Train as many steps as each line of the standard input says; answer with their CPU seconds and losses."""
    import torch

    from bench.learners.loading import load
    from bench.learners.options import resolve_options
    from bench.runs.allocator import keep_memory
    from bench.runs.build import build
    from bench.runs.job import Settings
    from bench.runs.prepared_suite import prepare
    from bench.seeding import seed_step
    from bench.training.loop import _step, build_optimizer
    from tests.inprocess import resolve_here

    keep_memory()
    torch.set_num_threads(1)
    (job,) = resolve_here(algo, suite, [0], Settings(recipe=recipe_name, device="cpu"))
    prepared = prepare(job.suite, torch.device("cpu"))
    learner_class = load(job.info)
    learner = build(
        learner_class, resolve_options(learner_class, job.facts.options), prepared, 0, job.recipe.strategy, None
    )
    optimizer = learner.configure_optimizer(job.recipe.steps) or build_optimizer(job.recipe.optimizer, learner)
    source, done = prepared.training(0), 0
    learner.train()
    for line in sys.stdin:
        began, losses = time.process_time(), []
        for _ in range(int(line)):
            seed_step(0, done)
            losses.append(_step(learner, source, optimizer, job.recipe, first=done == 0))
            done += 1
        seconds = time.process_time() - began
        sys.stdout.write(json.dumps({"seconds": seconds, "losses": [float(loss) for loss in losses]}) + "\n")
        sys.stdout.flush()


@dataclass
class Training:
    """One checkout's training of a learner, in a process of its own."""

    process: subprocess.Popen[str]
    seconds: list[float] = field(default_factory=list)  # CPU seconds a step, of each turn
    losses: list[float] = field(default_factory=list)

    @classmethod
    def start(cls, checkout: Path, *what: str) -> Training:
        environment = os.environ | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-P", "-W", "ignore", str(Path(__file__).resolve()), "--serve", *what]
        pipe = subprocess.PIPE
        return cls(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=checkout, env=environment))

    def turn(self, steps: int, counts: bool = True) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"the training process ended: {' '.join(map(str, self.process.args))}")  # type: ignore[arg-type]
        found = json.loads(answer)
        self.losses += found["losses"]
        if counts:
            self.seconds.append(found["seconds"] / steps)

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def compare(checkouts: list[Path], what: tuple[str, str, str], steps: int, turns: int) -> list[Training]:
    trainings = [Training.start(checkout, *what) for checkout in checkouts]
    for turn in range(turns + 1):
        for training in trainings:
            training.turn(steps if turn else WARM_UP, counts=turn > 0)
    for training in trainings:
        training.end()
    return trainings


def row(name: str, trainings: list[Training]) -> list[str]:
    """Least and median milliseconds of each checkout, then the ratios of both and how far losses came apart."""
    cells = [f"{1e3 * f(t.seconds):.2f}" for t in trainings for f in (min, statistics.median)]
    if len(trainings) == 2:
        new, old = trainings
        cells += [f"{f(old.seconds) / f(new.seconds):.2f}" for f in (min, statistics.median)]
        apart = [abs(a - b) for a, b in zip(new.losses, old.losses, strict=True)]
        cells += [f"{max(apart[:WARM_UP]):.0e}", f"{max(apart):.0e}"]
    return [name, *cells]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("learners", nargs="+", metavar="LEARNER[:SUITE]")
    parser.add_argument("--against", type=Path, help="another checkout of this repository")
    parser.add_argument("--recipe", default="fast")
    parser.add_argument("--steps", type=int, default=64, help="steps of a turn: what is drawn at once")
    parser.add_argument("--turns", type=int, default=5)
    asked = parser.parse_args()
    columns = ["ms a step: least", "median"]
    if asked.against:
        columns += ["other: least", "median", "other / this: least", "median", f"losses differ, {WARM_UP} steps", "all"]
    table = Table("", *columns)
    checkouts = [HERE] + ([asked.against.resolve()] if asked.against else [])
    for name in asked.learners:
        algo, _, suite = name.partition(":")
        what = (algo, suite or SUITES.get(algo, "gp1d-rbf"), asked.recipe)
        table.add_row(*row(f"{algo} on {what[1]}", compare(checkouts, what, asked.steps, asked.turns)))
    Console(width=140).print(table)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(*sys.argv[2:])
    else:
        main()
