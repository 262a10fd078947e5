"""The fourth step of a run: the test episodes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from bench.checks.audit import Watch, audited_pairs
from bench.learners.weights import Tensors
from bench.runs.environment import Contention, environment
from bench.runs.evaluation import evaluate
from bench.runs.outcome import Outcome
from bench.runs.prepared_suite import PreparedSuite
from bench.runs.workplace import Workplace

if TYPE_CHECKING:
    import pandas as pd

    from bench.learners.contract import Learner


@dataclass(frozen=True)
class Scored:
    """Scores of the test episodes and what it took to get them."""

    scores: pd.DataFrame
    seconds: float
    new: int  # episodes scored in these seconds
    contended: bool
    pairs: list[tuple[int, ...]]  # of episodes that are audited
    watch: Watch
    began_with: Tensors  # the learner's state before the first of these episodes


def score(at: Workplace, prepared: PreparedSuite, learner: Learner, found: Outcome | None) -> Scored:
    """Score the test episodes that are not scored yet.

    All of them, where the earlier ones were scored on another machine: a record speaks of one environment.
    """
    import pandas as pd

    job, recipe = at.job, at.job.recipe
    earlier = at.store.read_scores(found.path, found.record) if found and _same_machine(found, at.device) else None
    first = 0 if earlier is None else len(earlier)
    at.observer.phase("evaluation", job.episodes, first)
    done = first

    def advance(count: int) -> None:
        nonlocal done
        done += count
        at.observer.alone()
        at.observer.advance(done)

    frozen, new = prepared.evaluation("test"), job.episodes - first
    chosen = audited_pairs(job.key, first, new, job.eval_batch)
    watch = Watch(frozen, frozenset(episode for pair in chosen for episode in pair))
    began_with = {name: value.detach().clone() for name, value in learner.state_dict().items()}
    contention, began = Contention(), time.perf_counter()
    scores = evaluate(
        learner,
        frozen,
        new,
        batch=job.eval_batch,
        precision=recipe.precision,
        first=first,
        advance=advance,
        watch=watch,
    )
    seconds = time.perf_counter() - began
    if earlier is not None:  # a metric that bench learned since then would be known for the new episodes only
        scores = pd.concat([earlier, scores[[str(name) for name in earlier.columns]]], ignore_index=True)
    return Scored(scores, seconds, len(scores) - first, contention.busy(), chosen, watch, began_with)


def _same_machine(found: Outcome, device: torch.device) -> bool:
    assert found.record is not None
    here, there = environment(device), found.record.environment
    return (here.hardware_class, here.versions) == (there.hardware_class, there.versions)
