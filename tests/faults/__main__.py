"""Inject every fault so many times, and write what became of the runs into docs/reliability.md.

python -m tests.faults                                  # all of them, ten times each; print the table
python -m tests.faults --times 30 --write docs/reliability.md
python -m tests.faults cell_killed clock_back           # some of them

A further scenario is a function (trial, times, draw) -> Row in SCENARIOS.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.faults import damage, disk, kills, leases, limits, network, sweeps, writers
from tests.faults.trial import Row, Trial

Scenario = Callable[[Trial, int, random.Random], Row]
SCENARIOS: dict[str, Scenario] = {
    it.__name__: it
    for it in (
        *(kills.cell_killed, kills.command_killed, kills.command_terminated, kills.hang),
        *(disk.full, disk.no_files, disk.read_only, limits.memory),
        *(damage.training_state, damage.stored_run),
        *(leases.holder_gone, leases.host_silent, leases.clock_back),
        *(network.dropped, writers.many, sweeps.worker_killed, sweeps.driver_killed),
        *(sweeps.ray_worker_killed, sweeps.ray_node_killed, sweeps.ray_head_killed),
    )
}
CHEAP = 20  # times as often: what takes milliseconds. `many --times 7` is 140 kills of 8 writers of 1,000 records
OFTEN = {"host_silent", "clock_back", "dropped", "many"}
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"


def table(rows: list[Row]) -> str:
    """Numbers as a table, and below it how each fault is injected and what a person sees of it."""
    numbers = "".join(f"| {row.fault} | {row.times:,} | {row.lost} | {row.changed} |\n" for row in rows)
    words = "\n".join(_wrapped(f"* **{row.fault}**: {row.how}. *Seen*: {row.seen}.") for row in rows)
    return f"| fault | times | runs lost | scores changed |\n|---|--:|--:|--:|\n{numbers}\n{words}\n"


def _wrapped(line: str) -> str:
    return textwrap.fill(line, 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def inject(names: list[str], times: int, seed: int = 0) -> Iterator[Row]:
    """Each scenario in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-faults-") as place:
        trial = Trial.prepare(Path(place))
        for name in names:
            began = time.monotonic()
            try:
                row = SCENARIOS[name](trial, times * CHEAP if name in OFTEN else times, random.Random(f"{seed} {name}"))
            except disk.NotAllowed as reason:
                sys.stderr.write(f"{name}: left out, {reason}\n")
                continue
            yield row
            found = f"{row.times} times, {row.lost} lost, {row.changed} changed"
            sys.stderr.write(f"{name}: {found}, {time.monotonic() - began:.0f} s\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *SCENARIOS], help="scenarios, all without")
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path, help="a document that has the table between its marks")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    rows: list[Row] = []
    try:
        for row in inject(asked.names or list(SCENARIOS), asked.times, asked.seed):
            rows.append(row)
    finally:  # one that can't be carried through does not take the others with it
        text = table(rows)
        sys.stdout.write(text)
    if asked.write:
        before, _, rest = asked.write.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        asked.write.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")
    return int(any(row.lost or row.changed for row in rows))


if __name__ == "__main__":
    sys.exit(main())
