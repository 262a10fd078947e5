"""Does `bench try` keep its promises? Small folders drawn from a large one, against the truth of the rest.

    python docs/try_simulation.py POOL --classes 8 --images 5 --trials 80 --features lite0 --features pixels

POOL is a folder of class folders with many images each, or of several such folders (alphabets, say), of which each
trial takes one. A trial draws classes and images, asks `advise` as the command does, then measures every method on
images of the same classes that were not drawn. One row of the table of docs/try.md is printed: in how many trials the
interval held the accuracy of the recommended method on those images, in how many it was within a point of the best
method there and how far behind on average, and, where images suffice, in how many the interval of what 5 and 10 more
labels a class buy held the gain. The last one is averaged over which images are labelled.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.own.advice import Advice, advise
from bench.own.encoders import named
from bench.own.evaluate import Method
from bench.own.features import features
from bench.own.heads import HEADS, Floats, Labels
from bench.own.photos import read_known

MORE = 10  # labels a class that gains are looked at for
FRESH = 15  # images a class that must be left beyond those for a gain to be measured
REDRAWN = 8  # sets of labelled images that a gain's truth is averaged over


@dataclass(frozen=True)
class Pool:
    """features : by encoder, float64 [N, D]; labels : int64 [N]"""

    features: dict[str, Floats]
    labels: Labels


@dataclass(frozen=True)
class Trial:
    """What was promised and what was true. regret : points behind the best; gains : did the intervals hold?"""

    advice: Advice
    truth: float
    regret: float
    gains: tuple[bool, ...]

    @property
    def covered(self) -> bool:
        return self.advice.expected.low <= self.truth <= self.advice.expected.high


def trial(pool: Pool, classes: int, images: int, generator: np.random.Generator, name: str) -> Trial:
    chosen = generator.choice(np.unique(pool.labels), classes, replace=False)
    members = [generator.permutation(np.flatnonzero(pool.labels == label)) for label in chosen]
    known, rest = _rows(members, 0, images), images
    advice = advise(name, {encoder: z[known] for encoder, z in pool.features.items()}, _labels(members, 0, images))
    rich = min(map(len, members)) >= images + MORE + FRESH
    if rich:
        rest += MORE
    fresh, answers = _rows(members, rest), _labels(members, rest)

    def accuracy(method: Method, rows: Labels, labels: Labels) -> float:
        z = pool.features[method.encoder]
        right = HEADS[method.head](z[rows], labels).scores(z[fresh]).argmax(1) == answers
        return float(np.mean([right[answers == label].mean() for label in range(classes)]))

    true = {method: accuracy(method, known, _labels(members, 0, images)) for method in advice.accuracy}
    method = advice.choice.method

    def average(shots: int) -> float:
        found = []
        for _ in range(REDRAWN):
            drawn = [generator.permutation(rows[:rest])[:shots] for rows in members]
            found.append(accuracy(method, _rows(drawn, 0, shots), _labels(drawn, 0, shots)))
        return float(np.mean(found))

    gains = []
    if rich and advice.curve.gains:
        now = average(images)
        gains = [g.gain.low <= average(images + g.more) - now <= g.gain.high for g in advice.curve.gains]
    return Trial(advice, true[method], 100 * (max(true.values()) - true[method]), tuple(gains))


def _rows(members: list[Labels], first: int, last: int | None = None) -> Labels:
    return np.concatenate([rows[first:last] for rows in members])


def _labels(members: list[Labels], first: int, last: int | None = None) -> Labels:
    return np.repeat(np.arange(len(members)), [len(rows[first:last]) for rows in members])


def read_pools(folder: Path, encoders: list[str]) -> list[Pool]:
    grouped = any(place.is_dir() for inner in folder.iterdir() if inner.is_dir() for place in inner.iterdir())
    pools = []
    for place in sorted(folder.iterdir()) if grouped else [folder]:
        known = read_known(place)
        pools.append(Pool({name: features(named(name), known.photos) for name in encoders}, known.labels))
    return pools


def row(name: str, classes: int, images: int, trials: list[Trial]) -> str:
    expected = [t.advice.expected for t in trials]
    gains = [held for t in trials for held in t.gains]
    cells = [
        f"{name}, {classes} x {images}",
        str(len(trials)),
        f"{100 * np.mean([t.truth for t in trials]):.1f}",
        f"{100 * np.mean([e.high - e.low for e in expected]) / 2:.0f}",
        f"{np.mean([t.covered for t in trials]):.2f}",
        f"{np.mean([t.regret <= 1 for t in trials]):.2f}",
        f"{np.mean([t.regret for t in trials]):.2f}",
        f"{np.mean(gains):.2f}" if gains else "",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pool", type=Path)
    parser.add_argument("--classes", type=int, default=8)
    parser.add_argument("--images", type=int, default=5)
    parser.add_argument("--trials", type=int, default=80)
    parser.add_argument("--features", action="append", required=True)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    generator = np.random.default_rng([asked.seed, asked.classes, asked.images])
    pools = [p for p in read_pools(asked.pool, asked.features) if len(np.unique(p.labels)) >= asked.classes]
    trials = []
    for number in range(asked.trials):
        pool = pools[generator.integers(len(pools))]
        trials.append(trial(pool, asked.classes, asked.images, generator, f"{asked.seed} {number}"))
    print(row(asked.pool.name, asked.classes, asked.images, trials))


if __name__ == "__main__":
    main()
