"""Checks of the contract that scores rest on: right shapes, the same answer twice, nothing changed in passing."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from bench.checks.answers import flat, gap, verdict
from bench.checks.result import Finding, NotApplicable
from bench.checks.subject import Subject
from bench.domains.tensors import chosen, moved, tensors
from bench.learners.contract import EmbeddingLearner
from bench.learners.predictions import named
from bench.learners.weights import load_weights, read_tensors, write_tensors


def shapes_and_finiteness(subject: Subject) -> Finding:
    """Answers have the promised types and shapes, positive spreads and finite numbers.

    Catches a forgotten batch dimension, logits for the training classes instead of the episode's, overflow.
    """
    answers = subject.answer(subject.part(2))
    bad = sum(int((~torch.isfinite(value)).sum()) for value in answers.values())
    return Finding(bad == 0, f"{bad} numbers are not finite" if bad else "2 episodes", bad, 0)


def determinism(subject: Subject) -> Finding:
    """Two instances of one seed answer alike, whatever torch's global generator did in between.

    Catches dropout left on, samples from the global generator instead of `self.noise`, and constructors that draw
    from another generator than torch's.
    """
    part = subject.part(1)
    first, second = subject.build(subject.dtype), subject.build(subject.dtype)
    torch.manual_seed(1)
    before = subject.answer(part, first)
    torch.manual_seed(2)
    return verdict([gap(before, subject.answer(part, second))], subject.exact)


def batch_is_single(subject: Subject) -> Finding:
    """Three episodes at once are answered as one by one.

    Catches broadcasting over the wrong dimension and per-task work that reads the first task's support.
    """
    part = subject.part(3)
    together = subject.answer(part)
    gaps = [
        gap({name: value[i : i + 1] for name, value in together.items()}, subject.answer(chosen(part, [i])))
        for i in range(3)
    ]
    return verdict(gaps, subject.exact)


def embedding_path_is_predict(subject: Subject) -> Finding:
    """`predict` answers as `embed` followed by `classify`, the path that gives an inductive embedding learner's scores.

    Catches an overridden `predict`, say with a temperature or augmentation, that the scores would silently do without.
    """
    learner = subject.instance()
    if not isinstance(learner, EmbeddingLearner) or learner.transductive:
        raise NotApplicable("not an inductive embedding learner")
    part = subject.episodes(1)
    with torch.no_grad():
        found = flat(named(learner.predict(part.support_x, part.support_y, part.query_x)))
    return verdict([gap(subject.reference, found)], subject.exact)


def no_state_between_episodes(subject: Subject) -> Finding:
    """Episode A, then B, then A again: the same answer to A.

    Catches adapted weights that are not reset, caches keyed by too little, running statistics updated at test time.
    """
    learner, a, b = subject.instance(), subject.part(1), subject.part(1, first=1)
    before = subject.answer(a, learner)
    subject.answer(b, learner)
    return verdict([gap(before, subject.answer(a, learner))], subject.exact)


def inputs_untouched(subject: Subject) -> Finding:
    """The episode's tensors are not written to.

    Catches in-place normalisation, after which whoever is asked next sees other images.
    """
    part = subject.part(2)
    given = moved(part, subject.dtype, subject.device)
    subject.ask(subject.instance(), given)
    before, after = tensors(part), tensors(given)
    changed = [name for name, value in before.items() if not torch.equal(value, after[name])]
    return Finding(not changed, f"changed: {', '.join(changed)}" if changed else "unchanged", len(changed), 0)


def checkpoint_round_trip(subject: Subject) -> Finding:
    """After a few training steps, weights saved and loaded into a newly built learner give the same answers.

    Catches what the state dict does not hold: plain tensors, Python numbers, prototypes kept from training.
    """
    part = subject.part(1, dtype=torch.float32)
    expected = subject.answer(part, subject.trained)  # first of all it draws its noise, which belongs to its state
    other = subject.build(torch.float32, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "checkpoint.safetensors"
        write_tensors(file, subject.trained.state_dict())
        load_weights(other, read_tensors(file)[0])
    return verdict([gap(expected, subject.answer(part, other))], exact=True)  # the same arithmetic on the same bits
