"""A small site with one of everything: seeds, checkpoints, older sources, curves, timed and untimed rows, pictures, and
text that would like to be markup."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.boards import build_boards
from bench.records import RunStore, Timing
from bench.site import write_site
from tests.inprocess import finish_here
from tests.records.factory import accuracy_scores, make_record, regression_scores, store_run

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7*7 }} &lt;b&gt;'


WANTED = """
- {suite: omniglot-5w1s, algo: maml, recipe: paper, seeds: 0-2, cost: 3 x 10 hours on one core, why: nobody has}
- {suite: omniglot-5w1s, algo: relnet, recipe: fast, seeds: 0, cost: none, why: there it is}
- {suite: birds-5w1s, algo: protonet, recipe: fast, seeds: 0-2, cost: 1 hour, why: no row yet}
"""


@dataclass(frozen=True)
class Site:
    """root : its folder; roots : the records behind it"""

    root: Path
    roots: tuple[Path, ...]

    def pages(self, kind: str = "**") -> list[Path]:
        return sorted(self.root.glob(f"{kind}/*.html"))


class Tags(HTMLParser):
    """Every tag of a page with its attributes, and its text."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, attribute: str, *tags: str) -> list[str]:
        return [found[attribute] for tag, found in self.tags if attribute in found and (not tags or tag in tags)]


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory, bench_data: Path) -> tuple[Path, Path]:
    """Read-only. The first root is made up, the second holds runs of the glyphs that are real."""
    made = tmp_path_factory.mktemp("site") / "made"
    validation = [0.9, np.inf, 0.3, 0.2]
    curve = pd.DataFrame({"step": [50, 100, 150, 200], "validation": validation, "seconds": [4.0, 8.0, 12.0, 16.0]})
    for seed in range(3):
        scores = regression_scores(2000, 0.2, seed)
        record = make_record(scores, seed=seed, algorithm__name="maml")
        RunStore(made).write(record, scores, curve, {"steps": 150}, None)
    store_run(made, regression_scores(2000, 0.3), algorithm__name="anil", algorithm__overrides={"inner_lr": HOSTILE})
    store_run(made, regression_scores(2000, 2.0), algorithm__name="chance", algorithm__trains=False, seed=None)
    passed = {
        "level": "rescored",
        "passed": True,
        "agree": 2000,
        "k": 2000,
        "date": "2026-01-05T00:00:00Z",
        "by": HOSTILE,
    }
    other = {"algorithm__name": "linear", "algorithm__origin": f"lib/{HOSTILE}.py:Linear", "algorithm__title": HOSTILE}
    store_run(made, regression_scores(2000, 0.5), verification=[passed], command=f"bench run {HOSTILE}", **other)
    store_run(
        made, None, seed=9, reason=HOSTILE, algorithm__name="maml", suite__name="sinusoid-10s", suite__kind="regression"
    )
    rng = np.random.default_rng(0)
    for name, mean in (("protonet", 0.95), ("relnet", 0.93)):
        store_run(
            made,
            accuracy_scores(2000, mean, int(rng.integers(9))),
            algorithm__name=name,
            suite__name="omniglot-5w1s",
            timing=Timing(train_s=60.0),
        )
    (made.parent / "wanted.yaml").write_text(WANTED)
    real = tmp_path_factory.mktemp("site") / "real"
    finish_here(["nearest_centroid", "chance"], "glyphs-5w1s", real, data_dir=bench_data)
    return made, real


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, records: tuple[Path, Path], bench_data: Path) -> Site:
    root = tmp_path_factory.mktemp("site") / "written"
    write_site(root, build_boards(*records), records, bench_data)
    return Site(root, records)
