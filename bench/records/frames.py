"""Many runs as pandas frames.

Roots default to the published records that came with bench and `./runs`.
A run that lies under several roots counts once: the first root wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import UsageError
from bench.records.schema import Record
from bench.records.store import RunStore, StoredRun
from bench.records.summary import COMMON, HOW, METRIC, WHO
from bench.resources import resource

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

# Column -> pandas type, so that an empty frame and a full one have the same columns and types.
_RESULTS = WHO | METRIC | HOW | {"path": "str"}
_SCORES = {
    "suite": "str",
    "algorithm": "str",
    "key": "str",
    "seed": "Int64",
    "episode": "int64",
    "metric": "str",
    "value": "float64",
}


def default_roots() -> tuple[Path, ...]:
    """The published records, then `./runs`; those of the two that exist."""
    return tuple(root for root in (published_records(), Path("runs")) if root and root.is_dir())


def published_records() -> Path | None:
    """The published records that came with this bench, without weights in a wheel; None where they were taken out."""
    try:
        return resource("leaderboards/results")
    except FileNotFoundError:
        return None


def find_run(text: str, roots: Sequence[Path] = ()) -> tuple[RunStore, Path]:
    """The run that a directory, a key or its first letters name, below the first root that knows it.

    roots : [default: `default_roots`, else ./runs]. Raises UsageError as the last root does.
    """
    failures = []
    for root in roots or default_roots() or (Path("runs"),):
        store = RunStore(root)
        try:
            return store, store.resolve(text)
        except UsageError as error:
            failures.append(error)
    raise failures[-1]


def load_results(*roots: Path | str) -> pd.DataFrame:
    """One row per run and metric, names flattened with dots.

    A run without metrics (failed, skipped, interrupted) has one row with an empty metric and NaN numbers; a damaged
    directory one with status "damaged" and the problem as the reason. Units as in the record: accuracies are
    fractions in [0, 1], log-likelihoods nats per target point, times seconds unless the name says ms.
    """
    import numpy as np
    import pandas as pd

    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for run, said in (pair for store in _stores(roots) for pair in store.summaries([*COMMON, *METRIC])):
        suite, algo, key = place = run.place
        if run.problem is not None:
            said = {"suite": suite, "algorithm": algo, "key": key, "status": "damaged", "reason": run.problem}
        found.setdefault(place, said | {"path": str(run.path)})
    runs = list(found.values())
    metrics = [max(len(said.get("metric", ())), 1) for said in runs]
    each = np.repeat(np.arange(len(runs)), metrics)
    common = pd.DataFrame({name: [said.get(name) for said in runs] for name in [*COMMON, "path"]})
    frame = common.astype({name: _RESULTS[name] for name in [*COMMON, "path"]}).iloc[each].reset_index(drop=True)
    for name in METRIC:
        frame[name] = pd.Series([value for said in runs for value in said.get(name) or [None]], dtype=_RESULTS[name])
    return frame[list(_RESULTS)]


def load_scores(*roots: Path | str, suite: str | None = None, algo: str | None = None) -> pd.DataFrame:
    """Per-episode scores of every run that has some: suite, algorithm, key, seed, episode, metric, value.

    Metrics have their names from the record (`score` of the file is the ranked one). Errors: Mismatch when scores
    are not those the record was written with; damaged directories are left out here and listed by `load_results`.
    """
    import numpy as np
    import pandas as pd

    parts: list[tuple[str, str, str, int | None, str]] = []  # of the columns that one run and metric share
    episodes: list[npt.NDArray[np.int64]] = []
    values: list[npt.NDArray[np.float64]] = []
    for store, run in each_run(roots, suite, algo):
        record = run.record
        if record is None or record.scores is None or not record.metrics:
            continue
        scores = store.read_scores(run.path, record)
        for metric in record.metrics:
            column = score_column(record, metric.name)
            if column is not None:
                parts.append((record.suite.name, record.algorithm.name, record.key, record.seed, metric.name))
                episodes.append(scores["episode"].to_numpy(dtype=np.int64))
                values.append(scores[column].to_numpy(dtype=np.float64))
    names = ["suite", "algorithm", "key", "seed", "metric"]
    shared = pd.DataFrame(parts, columns=names).astype({name: _SCORES[name] for name in names})
    each = np.repeat(np.arange(len(parts)), [len(part) for part in values])
    columns = {name: shared[name].array.take(each) for name in names}  # text is held once more, never as objects
    columns["episode"] = np.concatenate(episodes or [np.empty(0, np.int64)])
    columns["value"] = np.concatenate(values or [np.empty(0)])
    return pd.DataFrame({name: columns[name] for name in _SCORES}, copy=False)


def score_column(record: Record, metric: str) -> str | None:
    """The column of scores.parquet that holds a metric: its own name, `score` for the ranked one, else None."""
    columns = record.scores.columns if record.scores else []
    if metric in columns:
        return metric
    return "score" if record.metrics and record.metrics[0].name == metric else None


def each_run(
    roots: Sequence[Path | str], suite: str | None = None, algo: str | None = None
) -> Iterator[tuple[RunStore, StoredRun]]:
    """Every run below the roots (default: `default_roots`) with the store it lies in, once each."""
    seen: set[tuple[str, str, str]] = set()
    for store in _stores(roots):
        for run in store.runs(suite, algo):
            if run.place not in seen:
                seen.add(run.place)
                yield store, run


def _stores(roots: Sequence[Path | str]) -> list[RunStore]:
    return [RunStore(Path(root)) for root in roots or default_roots()]
