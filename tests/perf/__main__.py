"""Run every benchmark and print what it took beside what is aimed at: `python -m tests.perf`."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

CASES = (
    "plain_protonet_step",
    "bench_protonet_step",
    "sinusoid_meta_step",
    "omniglot_meta_step",
    "evaluation",
    "indices",
)


def measure(case: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.perf.cases", case], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def start_up(*arguments: str) -> float:
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "bench", *arguments], capture_output=True, check=True)
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    found = {case: measure(case) for case in CASES}
    plain, ours = found["plain_protonet_step"], found["bench_protonet_step"]
    sinusoid, omniglot, scoring = found["sinusoid_meta_step"], found["omniglot_meta_step"], found["evaluation"]
    (slowest, draw), *_ = found["indices"].items()
    rows = [
        ("ProtoNet training step, plain / bench", f"{plain['step'] / ours['step']:.1f} x", "2 x"),
        ("Conv4-64 embedding, plain / bench", f"{plain['embedding'] / ours['embedding']:.1f} x", ""),
        ("Conv4-64 embedding, share of matmul peak", f"{ours['share of matmul peak']:.0%}", "70 %"),
        (
            "MAML sinusoid meta-step, retained graphs / compiled",
            f"{sinusoid['loop'] / sinusoid['compiled']:.0f} x",
            "40 x",
        ),
        ("  the same / vmap", f"{sinusoid['loop'] / sinusoid['vmap']:.0f} x", ""),
        ("  compiled", f"{1e3 * sinusoid['compiled']:.2f} ms", ""),
        (
            "MAML Omniglot meta-step, conv2d loop / columns, compiled",
            f"{omniglot['conv2d, loop'] / omniglot['columns, compiled']:.1f} x",
            "2 x",
        ),
        ("  the same / columns, vmap", f"{omniglot['conv2d, loop'] / omniglot['columns, vmap']:.1f} x", ""),
        (
            "10,000 episodes / 1,000, embedded once",
            f"{scoring['10,000 episodes'] / scoring['1,000 episodes']:.2f} x",
            "< 2 x",
        ),
        (
            "1,000 episodes, each embedded / embedded once",
            f"{scoring['1,000 episodes, each embedded'] / scoring['1,000 episodes']:.1f} x",
            "",
        ),
        (f"indices of 10,000 episodes of {slowest}", f"{draw:.2f} s", "< 1 s"),
        ("bench --help", f"{start_up('--help'):.2f} s", "< 0.3 s"),
        ("bench list", f"{start_up('list'):.2f} s", "< 0.5 s"),
    ]
    table = Table("measured here, in this run", "", "aim")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
