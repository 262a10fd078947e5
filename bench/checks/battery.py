"""The checks: one function each, by name. `examine` runs them and says which ones the learner had to pass."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from bench.checks.result import Finding, NotApplicable, Result
from bench.checks.subject import Answers, Subject
from bench.errors import BenchError
from bench.learners.contract import EmbeddingLearner, Learner, TaskSpec
from bench.learners.predictions import named, validate

TOLERANCE = 1e-6  # relative difference of answers in float64
MARGIN = 1e-3  # float32: decisions closer than this may differ
Check = Callable[[Subject], Finding]


def shapes_and_finiteness(subject: Subject) -> Finding:
    """Answers have the promised types and shapes, positive spreads, finite numbers."""
    ask = subject.ask(3)
    for name, prediction in named(subject.predict(subject.learner, ask)).items():
        validate(name, prediction, ask.query_y, subject.spec.way)
    finite = all(bool(torch.isfinite(tensor).all()) for tensor in subject.answer(ask).values())
    return Finding(finite, "3 episodes" if finite else "some answers are not finite")


def determinism(subject: Subject) -> Finding:
    """The same question gets the same answer, whatever torch's global generator did in between."""
    ask = subject.ask(2)
    torch.manual_seed(1)
    first = subject.answer(ask)
    torch.manual_seed(2)
    second = subject.answer(ask)
    largest = max(float((first[name] - second[name]).abs().max()) for name in first)
    return Finding(largest == 0, f"difference {largest:.2g}")


def queries_alone(subject: Subject) -> Finding:
    """A query asked alone is answered as among the others. Catches batch statistics and centring on the queries."""
    ask = subject.ask(2)
    count = ask.query_x.shape[1]
    parts = [subject.answer(ask.queries(slice(i, i + 1))) for i in range(count)]
    return _compare(subject, subject.answer(ask), _joined(parts))


def queries_in_sevens(subject: Subject) -> Finding:
    """Queries asked seven at a time are answered as all at once. Catches statistics over chunks."""
    ask = subject.ask(2)
    parts = [subject.answer(ask.queries(slice(i, i + 7))) for i in range(0, ask.query_x.shape[1], 7)]
    return _compare(subject, subject.answer(ask), _joined(parts))


def queries_permuted(subject: Subject) -> Finding:
    """Answers move with their queries. Catches answers by position: the assumption that queries come sorted."""
    ask = subject.ask(2)
    order = torch.arange(ask.query_x.shape[1]).roll(5).flip(0)
    moved = {name: value[:, order] for name, value in subject.answer(ask).items()}
    return _compare(subject, moved, subject.answer(ask.queries(order)))


def other_episodes_swapped(subject: Subject) -> Finding:
    """An episode's answer does not depend on the other episodes of its batch. Catches statistics over the batch."""
    ask = subject.ask(4)
    first, second = subject.answer(ask.episodes([0, 1])), subject.answer(ask.episodes([0, 2]))
    return _compare(subject, _first(first), _first(second))


def batch_is_single(subject: Subject) -> Finding:
    """Three episodes at once are answered as one by one."""
    ask = subject.ask(3)
    singles = [subject.answer(ask.episodes([i])) for i in range(3)]
    return _compare(subject, subject.answer(ask), {n: torch.cat([s[n] for s in singles]) for n in singles[0]})


def embed_one_is_embed_many(subject: Subject) -> Finding:
    """An image's embedding does not depend on what is embedded with it: the ground of embedding each image once."""
    learner = subject.learner
    if not isinstance(learner, EmbeddingLearner):
        raise NotApplicable("not an embedding learner")
    images = subject.ask(1).query_x[0]
    with torch.no_grad():
        many = learner.embed(images)
        one = torch.cat([learner.embed(image[None]) for image in images])
    relative = _relative(many, one)
    limit = TOLERANCE if subject.dtype == torch.float64 else MARGIN
    return Finding(relative <= limit, f"relative difference {relative:.2g}, at most {limit:g}")


def no_state_between_episodes(subject: Subject) -> Finding:
    """Episode A, then B, then A again: both answers to A agree. Catches memories and running statistics."""
    a, b = subject.ask(1), subject.ask(1, first=7)
    before = subject.answer(a)
    subject.answer(b)
    return _compare(subject, before, subject.answer(a))


def inputs_untouched(subject: Subject) -> Finding:
    """Support and query tensors are not written to."""
    ask = subject.ask(2)
    given = ask.copy()
    subject.predict(subject.learner, given)
    names = ("support_x", "support_y", "query_x")
    changed = [name for name in names if not torch.equal(getattr(ask, name), getattr(given, name))]
    return Finding(not changed, f"changed: {', '.join(changed)}" if changed else "unchanged")


def checkpoint_round_trip(subject: Subject) -> Finding:
    """Weights saved and loaded into a fresh instance give the same answers. Catches state outside the state dict."""
    ask = subject.ask(2)
    expected = subject.answer(ask)
    fresh = subject.instance(seed=1)
    subject.answer(ask, fresh)  # noise buffers are drawn at the first prediction
    fresh.load_state_dict(load(save({k: v.contiguous().clone() for k, v in subject.learner.state_dict().items()})))
    return _compare(subject, expected, subject.answer(ask, fresh))


def random_support_labels(subject: Subject) -> Finding:
    """With support labels drawn at random, accuracy falls to chance. Catches knowledge of the query labels."""
    if not subject.spec.way:
        raise NotApplicable("classification only")
    ask, way = subject.ask(60), subject.spec.way
    generator = torch.Generator().manual_seed(3)
    shuffled = torch.stack([torch.randperm(way, generator=generator)[labels] for labels in ask.support_y])
    correct = (subject.answer(ask.relabelled(shuffled))["final"].argmax(-1) == ask.query_y).double().mean(1)
    error = max(float(correct.std()) / math.sqrt(len(correct)), 1e-12)
    off = abs(float(correct.mean()) - 1 / way) / error
    return Finding(
        off <= 4 or abs(float(correct.mean()) - 1 / way) < 1e-9,
        f"accuracy {float(correct.mean()):.3f}, {off:.1f} standard errors from chance {1 / way:.3f}, at most 4",
    )


def label_equivariance(subject: Subject) -> Finding:
    """Renaming the classes renames the answers. Reported only: heads with a fixed order may legitimately differ."""
    if not subject.spec.way:
        raise NotApplicable("classification only")
    ask = subject.ask(2)
    renamed = torch.arange(subject.spec.way).roll(2)
    expected = subject.answer(ask)["final"]
    found = subject.answer(ask.relabelled(renamed[ask.support_y]))["final"][:, :, renamed]
    return _compare(subject, {"final": expected}, {"final": found})


LEAK_CHECKS: tuple[Check, ...] = (queries_alone, queries_in_sevens, queries_permuted, other_episodes_swapped)
CHECKS: tuple[Check, ...] = (
    shapes_and_finiteness,
    determinism,
    *LEAK_CHECKS,
    batch_is_single,
    embed_one_is_embed_many,
    no_state_between_episodes,
    inputs_untouched,
    checkpoint_round_trip,
    random_support_labels,
    label_equivariance,
)
_INDUCTIVE_ONLY = {queries_alone, queries_in_sevens, queries_permuted, embed_one_is_embed_many}
_REPORTED = {label_equivariance}


def examine(
    learner: type[Learner], options: Any, spec: TaskSpec, checks: tuple[Check, ...] = CHECKS
) -> tuple[Result, ...]:
    """Run checks on a small instance of the learner. The process's random state is left as it was.

    A learner that can't answer such a task is skipped as a whole; one that raises has failed that check.
    """
    reason = learner.skip(spec)
    if reason:
        return tuple(Result(check.__name__, "skipped", reason) for check in checks)
    with torch.random.fork_rng():
        subject = Subject(learner, options, dataclasses.replace(spec, query=3))
        return tuple(_judge(subject, check) for check in checks)


def _judge(subject: Subject, check: Check) -> Result:
    name = check.__name__
    try:
        finding = check(subject)
    except NotApplicable as why:
        return Result(name, "skipped", str(why))
    except BenchError as error:
        return Result(name, "failed", error.message, raised=True)
    except Exception as error:  # whatever a learner raises is a finding about that learner
        return Result(name, "failed", f"{type(error).__name__}: {error}", raised=True)
    if subject.learner.transductive and check in _INDUCTIVE_ONLY:
        would = "would pass" if finding.ok else "would fail"
        return Result(name, "reported", f"{would}, not required of a transductive learner; {finding.detail}")
    if check in _REPORTED:
        return Result(name, "reported", f"{'yes' if finding.ok else 'no'}; {finding.detail}")
    return Result(name, "passed" if finding.ok else "failed", finding.detail)


def _compare(subject: Subject, expected: Answers, found: Answers) -> Finding:
    if not all(bool(torch.isfinite(value).all()) for answers in (expected, found) for value in answers.values()):
        raise NotApplicable("the answers are not finite, see shapes_and_finiteness")
    if subject.dtype == torch.float64:
        relative = max(_relative(expected[name], found[name]) for name in expected)
        return Finding(relative <= TOLERANCE, f"relative difference {relative:.2g}, at most {TOLERANCE:g}")
    if not subject.spec.way:
        relative = max(_relative(expected[name], found[name]) for name in expected)
        return Finding(relative <= MARGIN, f"float32: relative difference {relative:.2g}, at most {MARGIN:g}")
    logits, others = expected["final"], found["final"]
    top = logits.topk(2, dim=-1).values
    clear = top[..., 0] - top[..., 1] > MARGIN
    changed = int(((logits.argmax(-1) != others.argmax(-1)) & clear).sum())
    return Finding(changed == 0, f"float32: {changed} clear decisions of {int(clear.sum())} changed")


def _relative(a: Tensor, b: Tensor) -> float:
    if a.shape != b.shape:
        return math.inf
    scale = max(float(a.abs().max()), 1e-12)
    return float((a - b).abs().max()) / scale


def _joined(parts: list[Answers]) -> Answers:
    return {name: torch.cat([part[name] for part in parts], dim=1) for name in parts[0]}


def _first(answers: Answers) -> Answers:
    return {name: value[:1] for name, value in answers.items()}
