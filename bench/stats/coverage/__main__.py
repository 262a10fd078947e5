"""python -m bench.stats.coverage [--write PAGE]: simulate every scenario; print the table or put it into the page."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from bench.errors import BenchError
from bench.stats.coverage import SCENARIOS, insert, simulate, table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.stats.coverage", description="Simulated coverage table.")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="replace the table between the page's markers")
    page: Path | None = parser.parse_args().write
    try:
        before = None if page is None else page.read_text(encoding="utf-8")
        if before is not None:
            insert(before, "")  # a page without markers fails here, not two minutes later
    except (OSError, BenchError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    outcomes = []
    for scenario in SCENARIOS:
        started = time.monotonic()
        outcome = simulate(scenario)
        outcomes.append(outcome)
        verdict = "" if outcome.as_expected else "  <- not as expected"
        seconds = time.monotonic() - started
        sys.stderr.write(f"{outcome.rate:.3f}  {scenario.name}: {scenario.method} ({seconds:.1f} s){verdict}\n")
    if page is None or before is None:
        sys.stdout.write(table(outcomes) + "\n")
    else:
        page.write_text(insert(before, table(outcomes)), encoding="utf-8")
    return 0 if all(outcome.as_expected for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
