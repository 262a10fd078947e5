"""Level rerun: meta-train again with seeds of the verifier's and compare."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from bench.errors import UsageError
from bench.identity import code_sha256
from bench.learners.options import resolve_options
from bench.learners.registry import load
from bench.records import Record, RunStore
from bench.runs.cell import carry_out
from bench.runs.facts import suite_state
from bench.runs.job import Job, LearnerFacts, Settings
from bench.stats import Interval, crossed_interval, t_interval
from bench.submissions.entry import Entry
from bench.submissions.plausible import Floats, Known, known_results
from bench.submissions.replay import Site, adapter, answered, prepared_suite
from bench.submissions.report import Answered, Finding, Report, mismatch, ok, suspicious
from bench.tasks.definition import definition_sha256
from bench.training.recipes import Recipe


def verify_rerun(
    entry: Entry, seeds: Sequence[int], site: Site, runs: Path, console: Console, against: Sequence[Path] = ()
) -> Report:
    """Meta-train the entry's resolved recipe with `seeds`, score the same episodes, compare the means.

    Intervals are crossed (seeds and episodes) where there are two seeds or more, of the entry's row below `against` or
    among `seeds`. Where a side has one seed its interval is that checkpoint's own, which knows nothing of how seeds
    differ: intervals that miss each other are then "suspicious", not a mismatch.

    runs : where the new runs are stored. `k` counts them, `agree` those whose mean lies in the entry's interval.
    Raises UsageError for an entry without training or a seed that is the entry's own.
    """
    record = entry.record
    if not entry.trained:
        raise UsageError(f"{record.algorithm.name} was not trained in this run.", "Use --level spot.")
    taken = [seed for seed in seeds if seed == record.seed]
    if taken or not seeds:
        raise UsageError(f"Seed {taken[0] if taken else '(none)'} is no new seed.", "Choose others with --seeds.")
    found, ran, scores = _train(entry, seeds, site, runs, console)
    own = entry.scores()["score"].to_numpy(dtype=np.float64)
    row = [
        k.scores[: len(own)]
        for k in known_results(record, against)
        if _sibling(k, record) and len(k.scores) >= len(own)
    ]
    published, again = _interval([own, *row]), _interval(scores)
    crossed = len(row) + 1 >= 2 and len(scores) >= 2
    finding = _compare(published, again, crossed)
    inside = sum(published.low <= float(s.mean()) <= published.high for s in scores)
    gap = abs(published.mean - again.mean)
    return Report("rerun", (found, finding), len(scores), inside, gap, answered=ran)


def _train(
    entry: Entry, seeds: Sequence[int], site: Site, runs: Path, console: Console
) -> tuple[Finding, Answered, list[Floats]]:
    record = entry.record
    info, found = adapter(entry, site.allow_code)
    prepared = prepared_suite(record, site)
    fields = {name: value for name, value in entry.recipe.items() if name != "name"}
    options = resolve_options(load(info), record.algorithm.options)
    job = Job(
        info=info,
        source_sha256=code_sha256(info.file),
        suite=prepared.suite,
        suite_sha256=definition_sha256(prepared.suite),
        state=suite_state(prepared),
        seed=None,
        recipe_name=record.recipe,
        recipe=Recipe.model_validate(fields),  # its budget is applied already
        facts=LearnerFacts(
            options=json.loads(json.dumps(dataclasses.asdict(options))),
            family=record.algorithm.family,
            trains=True,
            transductive=record.protocol.transductive,
            privileged=record.algorithm.privileged,
            skip=None,
        ),
        checkpoint_sha256=None,
        settings=Settings(
            budget=record.budget,
            episodes=record.episodes,
            device="cuda" if site.device.type == "cuda" else "cpu",
            overrides={name: str(value) for name, value in record.algorithm.overrides.items()},
            tasks_file=site.tasks_file,
            data_dir=site.data_dir,
            runs=runs,
            wait=True,
            command=f"bench verify --level rerun (of {record.key})",
        ),
    )
    scores = []
    for seed in seeds:
        outcome = carry_out(dataclasses.replace(job, seed=seed), console)
        if outcome.record is None or outcome.record.status != "ok":
            raise UsageError(f"Seed {seed} ended {outcome.status}: {outcome.reason}", "Nothing to compare.")
        stored = RunStore(runs).read_scores(outcome.path, outcome.record)["score"].to_numpy(dtype=np.float64)
        scores.append(stored[: record.episodes])
    return found, answered(info, options), scores


def _sibling(known: Known, record: Record) -> bool:
    """Another seed of the entry's row."""
    a, b = known.record, record
    return a.key != b.key and (
        a.algorithm.name,
        a.algorithm.options,
        a.recipe,
        a.budget,
        a.algorithm.source_sha256,
    ) == (
        b.algorithm.name,
        b.algorithm.options,
        b.recipe,
        b.budget,
        b.algorithm.source_sha256,
    )


def _interval(scores: Sequence[Floats]) -> Interval:
    return crossed_interval(np.stack(scores)) if len(scores) > 1 else t_interval(scores[0])


def _compare(published: Interval, again: Interval, crossed: bool) -> Finding:
    text = (
        f"published {published.mean:.4f} [{published.low:.4f}, {published.high:.4f}], "
        f"again {again.mean:.4f} [{again.low:.4f}, {again.high:.4f}]"
    )
    if published.low <= again.high and again.low <= published.high:
        return ok("rerun", text)
    if crossed:
        return mismatch("rerun", f"{text}: the intervals over seeds do not meet")
    return suspicious("rerun", f"{text}: they do not meet, but seeds may differ that much; train three with --seeds")
