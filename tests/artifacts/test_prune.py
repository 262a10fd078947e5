"""Published weights stay below a limit, the same ones wherever it is done, and none is lost."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from bench.artifacts import find_weights, open_place, prune, push
from bench.artifacts.prune import in_order
from bench.records import RunStore
from tests.artifacts.conftest import run_with_weights
from tests.conftest import Cli

PUBLISHED = Path(__file__).parents[2] / "leaderboards" / "results"
LIMIT = 40_000_000


def test_published_weights_are_those_of_each_first_seed_and_less_than_the_limit() -> None:
    present, rows = 0, defaultdict(list)
    for weights in find_weights([PUBLISHED]):
        algorithm = weights.record.algorithm
        present += weights.file.stat().st_size if weights.here else 0
        if weights.record.seed is None and not weights.record.published_weights:
            continue  # nothing was trained: options name the weights, and building the learner brings them
        row = (weights.record.suite.name, algorithm.origin, str(algorithm.options), algorithm.source_sha256)
        rows[(*row, weights.record.recipe, weights.record.precision)].append(weights)
    assert rows and present <= LIMIT
    for row in rows.values():
        lowest = min(weights.record.seed for weights in row)
        assert any(weights.here for weights in row if weights.record.seed == lowest), row[0].run


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Two rows of three seeds; sizes 1,000 + 100 * seed and 2,000 + 100 * seed."""
    root = tmp_path / "runs"
    for name, size in (("small", 1_000), ("large", 2_000)):
        for seed in (2, 0, 1):
            content = f"{name}{seed}".encode() * size
            run_with_weights(root, content[: size + 100 * seed], algorithm__name=name, seed=seed)
    return root


def left(root: Path) -> set[tuple[str, int]]:
    return {(w.record.algorithm.name, w.record.seed or 0) for w in find_weights([root]) if w.here}


def test_first_seeds_stay_and_others_while_there_is_room(many: Path, tmp_path: Path) -> None:
    store = open_place(str(tmp_path / "store"))
    push(list(find_weights([many])), store)
    everything = left(many)
    assert prune(many, 10_000, store).removed == () and left(many) == everything
    planned = prune(many, 6_400, store, dry_run=True)
    assert left(many) == everything and planned.bytes_left == 6_200
    assert prune(many, 6_400, store) == planned
    firsts = {("small", 0), ("large", 0)}
    assert left(many) == firsts | {("small", 1), ("large", 1)}
    assert len(planned.removed) == 2 and prune(many, 6_400, store).removed == ()
    assert prune(many, 0, store).bytes_left == 3_000 and left(many) == firsts
    assert all(run.problem is None for run in RunStore(many).runs())


def test_the_order_does_not_depend_on_where_it_is_done(many: Path) -> None:
    found = list(find_weights([many]))
    first, others = in_order(found)
    assert in_order(reversed(found))[1] == others
    assert [(w.record.algorithm.name, w.record.seed) for w in others] == [
        ("small", 1), ("large", 1), ("small", 2), ("large", 2),
    ]  # fmt: skip
    assert {(w.record.algorithm.name, w.record.seed) for w in first} == {("small", 0), ("large", 0)}


def test_what_no_store_has_is_not_deleted(many: Path, cli: Cli, tmp_path: Path) -> None:
    everything = left(many)
    refused = cli("weights", "prune", many, "--limit", "0")
    assert refused.code == 1 and "no store has them" in refused.err and "bench weights push" in refused.err
    assert left(many) == everything
    store = tmp_path / "store"
    assert cli("weights", "push", store, "--runs", many).code == 0
    would = cli("weights", "prune", many, "--limit", "0.0042", "--store", store, "--dry-run")
    assert would.code == 0 and "3 would go" in would.out and left(many) == everything
    done = cli("weights", "prune", many, "--limit", "0.0042", "--store", store)
    assert done.code == 0 and "3 deleted" in done.out and "deleted " + str(many) in done.out
    assert left(many) == {("small", 0), ("large", 0), ("small", 1)}
    assert cli("weights", "prune", many, "--limit", "0", "--store", store).code == 1, "first seeds are more than that"
    back = cli("weights", "fetch", "--all", "--from", store, "--runs", many)
    assert back.code == 0 and left(many) == everything


def test_packed_runs_keep_their_files(many: Path, tmp_path: Path) -> None:
    store = open_place(str(tmp_path / "store"))
    push(list(find_weights([many])), store)
    packed = next(w for w in find_weights([many]) if w.record.seed == 2)
    (packed.run / "bundle.json").write_text("{}")
    prune(many, 0, store)
    assert packed.here
