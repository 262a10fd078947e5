"""python -m bench.boards.compare.halves [ROOT...]: what control variates gain on real records, and whether they hold.

Every learner with published scores is taken for a new one, many times: a random part of its episodes is its short run,
the others are known on the whole stream, and the truth is its own mean over that stream. Intervals are those for the
stream itself (`control_variates`, target "stream"): both kinds should contain the truth 95 times of 100.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.boards.board.domain_facts import episodes_per_unit
from bench.boards.board.ranking import Matrix
from bench.boards.compare.controls import candidates, find_controls, one_a_learner, read_scores
from bench.records import Record, default_roots, each_run
from bench.stats import control_variates

_SAYS = "Gain and coverage of control variates on real records."


@dataclass(frozen=True)
class Measured:
    """One learner on one suite.

    controls : how many others were known
    ratio : variance ratio, the median over repetitions
    mse_ratio : squared errors of the plain means divided by those of the sharpened ones, both summed
    plain_held, held : share of the intervals that contained the truth
    """

    suite: str
    learner: str
    episodes: int
    stream: int
    controls: int
    ratio: float
    mse_ratio: float
    plain_held: float
    held: float


def measure(
    roots: Sequence[Path], episodes: int, repetitions: int, consecutive: bool = False, suite: str | None = None
) -> Iterator[Measured]:
    """Every learner of every suite (or one) below the roots that has more episodes than a short run shall have.

    consecutive : a short run is a stretch of the stream, taken as a ring, as a prefix is; else its units are random
    """
    for newest in _newest_of_each_suite(roots, suite):
        metric, per_unit = newest.metrics[0].name, episodes_per_unit(newest.suite)
        for run in one_a_learner(candidates(roots, newest, metric, more_than=1), measured=()):
            controls = find_controls(roots, run.record, metric, more_than=1)
            scores = read_scores(run.store, run.path, run.record, metric)
            if controls is None or np.ptp(scores) == 0.0:
                continue
            stream = min(scores.size, len(controls.scores))
            if episodes // per_unit >= stream:
                continue
            y, known = scores[:stream], controls.scores[:stream]
            rng = np.random.default_rng(zlib.crc32(f"{newest.suite.name} {run.learner}".encode()))
            trials = np.array([_trial(y, known, episodes // per_unit, rng, consecutive) for _ in range(repetitions)])
            plain, sharp = trials[:, 0] - y.mean(), trials[:, 1] - y.mean()
            yield Measured(
                suite=newest.suite.name,
                learner=run.learner.name,
                episodes=episodes // per_unit * per_unit,
                stream=per_unit * stream,
                controls=known.shape[1],
                ratio=float(np.median(trials[:, 2])),
                mse_ratio=float((plain @ plain) / (sharp @ sharp)),
                plain_held=float(trials[:, 3].mean()),
                held=float(trials[:, 4].mean()),
            )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.boards.compare.halves", description=_SAYS)
    parser.add_argument("roots", nargs="*", type=Path, help="directories of records [default: published, ./runs]")
    parser.add_argument("--episodes", type=int, default=1000, help="of a short run [default: 1000]")
    parser.add_argument("--repetitions", type=int, default=200, help="short runs a learner [default: 200]")
    parser.add_argument("--consecutive", action="store_true", help="short runs are stretches, not random episodes")
    parser.add_argument("--suite", help="only this one")
    asked = parser.parse_args()
    sys.stdout.write("| suite | learner | episodes | others | variance / | squared errors / | plain held | held |\n")
    sys.stdout.write("|---|---|---:|---:|---:|---:|---:|---:|\n")
    roots = asked.roots or default_roots()
    for found in measure(roots, asked.episodes, asked.repetitions, asked.consecutive, asked.suite):
        sys.stdout.write(_row(found) + "\n")
        sys.stdout.flush()
    return 0


def _row(found: Measured) -> str:
    cells = (
        found.suite,
        found.learner,
        f"{found.episodes:,} of {found.stream:,}",
        str(found.controls),
        f"{found.ratio:.1f}",
        f"{found.mse_ratio:.1f}",
        f"{found.plain_held:.3f}",
        f"{found.held:.3f}",
    )
    return f"| {' | '.join(cells)} |"


def _newest_of_each_suite(roots: Sequence[Path], suite: str | None) -> list[Record]:
    newest: dict[str, Record] = {}
    for _, run in each_run(roots, suite):
        record = run.record
        if record and record.status == "ok" and record.metrics and record.budget == "full":
            other = newest.get(record.suite.name)
            if other is None or (record.suite.version, record.finished) > (other.suite.version, other.finished):
                newest[record.suite.name] = record
    return list(newest.values())


def _trial(
    y: Matrix, known: Matrix, n: int, rng: np.random.Generator, consecutive: bool
) -> tuple[float, float, float, bool, bool]:
    """Both means of n units, the variance ratio, and whether each interval contains the stream's mean."""
    order = np.roll(np.arange(y.size), rng.integers(y.size)) if consecutive else rng.permutation(y.size)
    found = control_variates(y[order[:n]], known[order], target="stream")
    truth = float(y.mean())
    plain, sharp = found.plain, found.sharpened
    held = [interval.low <= truth <= interval.high for interval in (plain, sharp)]
    return plain.mean, sharp.mean, found.variance_ratio, held[0], held[1]


if __name__ == "__main__":
    sys.exit(main())
