"""What support labels do to the answers of a classifier."""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor

from bench.checks.answers import gap, verdict
from bench.checks.result import Finding, NotApplicable
from bench.checks.subject import Subject
from bench.domains.episodes import Episodes
from bench.learners.contract import Learner
from bench.philox import words
from bench.tasks.draws import permutations

_EPISODES, _BATCH, _FIRST = 60, 20, 2_000
_STANDARD_ERRORS = 4.0


def random_support_labels(subject: Subject) -> Finding:
    """After a few training steps, with support labels shuffled in every episode, accuracy falls to chance.

    Catches answers that do not come from the labels: support images taken to be grouped by class, classes known
    beforehand, query labels in reach.
    """
    way, true, shuffled = _way(subject), [], []
    for first in range(_FIRST, _FIRST + _EPISODES, _BATCH):
        part = subject.episodes(_BATCH, first, dtype=torch.float32)
        order = permutations(words(("checks", "labels"), first, _BATCH, part.support_y.shape[1]))
        labels = part.support_y.gather(1, torch.from_numpy(order).to(subject.device))
        true.append(_correct(subject, subject.trained, part))
        shuffled.append(_correct(subject, subject.trained, dataclasses.replace(part, support_y=labels)))
    hit, chance = torch.cat(shuffled), 1 / way
    error = float(hit.std()) / math.sqrt(len(hit))
    off = abs(float(hit.mean()) - chance)
    errors = 0.0 if off < 1e-9 else off / max(error, 1e-12)
    detail = (
        f"accuracy {float(hit.mean()):.3f} with shuffled labels, {errors:.1f} standard errors from chance; "
        f"{float(torch.cat(true).mean()):.3f} with the true ones"
    )
    return Finding(errors <= _STANDARD_ERRORS, detail, errors, _STANDARD_ERRORS)


def label_equivariance(subject: Subject) -> Finding:
    """Renaming the classes renames the answers.

    Required of learners that declare `label_equivariant`; a head of one unit per label, as MAML's, need not be so.
    """
    way, part = _way(subject), subject.episodes(1)
    renamed = torch.arange(way, device=subject.device).roll(2)
    found = subject.answer(dataclasses.replace(part, support_y=renamed[part.support_y]))
    return verdict(
        [gap(subject.reference, {name: value[..., renamed] for name, value in found.items()})], subject.exact
    )


def _way(subject: Subject) -> int:
    """Classes of an episode. Raises NotApplicable where there are none."""
    part = subject.part(1)
    if isinstance(part, Episodes) and part.way:
        return part.way
    raise NotApplicable(f"{subject.spec.kind} has no labels")


def _correct(subject: Subject, learner: Learner, part: Episodes) -> Tensor:
    """Fraction of right labels in each episode [B]."""
    logits = subject.answer(part, learner)["final.logits"]
    return (logits.argmax(-1) == part.query_y).double().mean(1)
