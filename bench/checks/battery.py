"""All checks in order, and what their findings mean for a learner with these declarations."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

from bench.checks.contract_checks import (
    batch_is_single,
    checkpoint_round_trip,
    determinism,
    embedding_path_is_predict,
    inputs_untouched,
    no_state_between_episodes,
    shapes_and_finiteness,
)
from bench.checks.labels import label_equivariance, random_support_labels
from bench.checks.leaks import (
    embed_one_is_embed_many,
    other_episodes_swapped,
    queries_alone,
    queries_in_sevens,
    queries_permuted,
    queries_replaced,
)
from bench.checks.result import Finding, NotApplicable, Result
from bench.checks.resume import exact_resume
from bench.checks.subject import Subject
from bench.checks.training import training_steps
from bench.domains import TaskSpec
from bench.errors import BenchError, traceback_of
from bench.learners.contract import Learner, unfit

Check = Callable[[Subject], Finding]

LEAK_CHECKS: tuple[Check, ...] = (
    queries_alone,
    queries_in_sevens,
    queries_permuted,
    queries_replaced,
    other_episodes_swapped,
    embed_one_is_embed_many,
    no_state_between_episodes,
)
QUICK_CHECKS: tuple[Check, ...] = (shapes_and_finiteness, determinism, *LEAK_CHECKS)
CHECKS: tuple[Check, ...] = (
    *QUICK_CHECKS,
    batch_is_single,
    embedding_path_is_predict,
    inputs_untouched,
    training_steps,
    exact_resume,
    checkpoint_round_trip,
    random_support_labels,
    label_equivariance,
)
_OF_INDUCTIVE = (queries_alone, queries_in_sevens, queries_permuted, queries_replaced, embed_one_is_embed_many)
_FOR_RANDOM_ANSWERS = (shapes_and_finiteness, determinism, inputs_untouched, training_steps, random_support_labels)
_AFTER_TRAINING = (exact_resume, checkpoint_round_trip, random_support_labels)
_CPU = torch.device("cpu")


def examine(
    learner: type[Learner],
    options: Any,
    spec: TaskSpec,
    checks: tuple[Check, ...] = CHECKS,
    device: torch.device = _CPU,
) -> tuple[Result, ...]:
    """Run checks in order on instances of their own. The process's random state is left as it was.

    A learner that can't answer such a task is skipped as a whole; one that raises has failed that check. Where
    there is no answer, or another one each time, what compares answers is skipped.
    """
    reason = unfit(learner, spec)
    if reason:
        return tuple(Result(check.__name__, "skipped", reason) for check in checks)
    results: list[Result] = []
    with torch.random.fork_rng():
        subject = Subject(learner, options, spec, device)
        for check in checks:
            why = _pointless(check, results)
            results.append(Result(check.__name__, "skipped", why) if why else _judged(subject, check))
    return tuple(results)


def behaves_inductively(results: tuple[Result, ...]) -> bool:
    """Whether a learner that is declared transductive answered every query as if it were alone."""
    names = {check.__name__ for check in _OF_INDUCTIVE}
    found = [result for result in results if result.check in names and result.state == "reported"]
    return bool(found) and all(result.agrees for result in found)


def _pointless(check: Check, before: list[Result]) -> str | None:
    failed = {result.check: result for result in before if result.state == "failed"}
    if shapes_and_finiteness.__name__ in failed and failed[shapes_and_finiteness.__name__].raised:
        return "there is no answer, see shapes_and_finiteness"
    if determinism.__name__ in failed and check not in _FOR_RANDOM_ANSWERS:
        return "no answer is like another, see determinism"
    if training_steps.__name__ in failed and check in _AFTER_TRAINING:
        return "there is no trained learner, see training_steps"
    return None


def _judged(subject: Subject, check: Check) -> Result:
    began, raised, trace = time.perf_counter(), False, ""
    try:
        finding = check(subject)
    except NotApplicable as why:
        return Result(check.__name__, "skipped", str(why), seconds=time.perf_counter() - began)
    except BenchError as error:
        finding, raised = Finding(False, error.message), True
    except Exception as error:  # whatever a learner raises is a finding about that learner
        finding, raised, trace = Finding(False, f"{type(error).__name__}: {error}"), True, traceback_of(error)
    excuse = None if raised and check is shapes_and_finiteness else _excuse(subject, check)
    return Result(
        check.__name__,
        "reported" if excuse else "passed" if finding.ok else "failed",
        f"{excuse[finding.ok]}: {finding.detail}" if excuse else finding.detail,
        finding.measured,
        finding.limit,
        round(time.perf_counter() - began, 4),
        raised,
        trace,
    )


def _excuse(subject: Subject, check: Check) -> tuple[str, str] | None:
    """What to say, of a failure and of a pass, where this learner need not pass."""
    if check in _OF_INDUCTIVE and subject.transductive:
        return "declared transductive, differs", "declared transductive, agrees"
    if check is label_equivariance and not subject.instance().label_equivariant:
        return "not declared, does not hold", "not declared, holds"
    return None
