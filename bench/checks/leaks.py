"""Leaks: does an answer depend on what it must not know, the other queries or the other episodes?"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from bench.checks.answers import EXACT, ROUNDED, distance, gap, take, verdict
from bench.checks.result import Finding, NotApplicable
from bench.checks.subject import Subject
from bench.domains.episodes import with_queries
from bench.domains.tensors import chosen
from bench.learners.contract import EmbeddingLearner

FEWER = ("queries_alone", "queries_in_sevens", "queries_in_groups")  # these ask fewer queries than a suite does
FIXED = "if it answers only as many queries at a time as the suite asks, declare `fixed_queries = True`"


def queries_alone(subject: Subject) -> Finding:
    """A query is answered the same without the others of its episode.

    Catches batch normalisation that never leaves training mode, the most common leak in published few-shot code, and
    features centred or whitened on the queries. Every third query is asked alone.
    """
    _fewer(subject)
    return _in_parts(subject, [torch.tensor([query]) for query in range(0, _count(subject), 3)])


def queries_in_sevens(subject: Subject) -> Finding:
    """Queries asked seven at a time are answered as all at once.

    Catches statistics over the queries that need more than one, and so are switched off for a query alone.
    """
    _fewer(subject)
    return _in_parts(subject, list(torch.split(torch.arange(_count(subject)), 7)))


def queries_replaced(subject: Subject) -> Finding:
    """A query is answered the same where every other one of its episode is a stranger's.

    Catches statistics over the queries of a learner that can only be asked as many as its suite asks.
    """
    whole, stranger = subject.episodes(1), subject.episodes(1, first=1)
    order = torch.arange(_count(subject), device=subject.device)
    kept, replaced = order[::2], order[1::2]
    query_x = whole.query_x.clone()
    query_x[:, replaced] = stranger.query_x[:, replaced]
    found = subject.answer(dataclasses.replace(whole, query_x=query_x))
    return verdict([gap(take(subject.reference, kept), take(found, kept))], subject.exact)


def queries_permuted(subject: Subject) -> Finding:
    """Answers move with their queries.

    Catches answers by position: evaluation code whose queries come sorted by class, in equal numbers, and a learner
    that makes use of it.
    """
    return _in_parts(subject, [torch.arange(_count(subject)).roll(3).flip(0)])


def other_episodes_swapped(subject: Subject) -> Finding:
    """An episode is answered the same beside whichever other one, by transductive learners too.

    Catches statistics over the whole batch of episodes and state that one task leaves to the next within a batch.
    """
    part = subject.part(3)
    one, other = subject.answer(chosen(part, [0, 1])), subject.answer(chosen(part, [0, 2]))
    first = [{name: value[:1] for name, value in answers.items()} for answers in (one, other)]
    return verdict([gap(*first)], subject.exact)


def embed_one_is_embed_many(subject: Subject) -> Finding:
    """An image is embedded the same alone and among others.

    Catches the same statistics where an inductive embedding learner is scored: every pool image is embedded once, in
    chunks that mix classes and episodes.
    """
    learner = subject.instance()
    if not isinstance(learner, EmbeddingLearner):
        raise NotApplicable("not an embedding learner")
    images = subject.episodes(1).query_x[0]
    with torch.no_grad():
        many = learner.embed(images.clone())
        relative = max(
            distance(many[i : i + 1], learner.embed(images[i : i + 1].clone())) for i in range(0, len(images), 3)
        )
    limit = EXACT if subject.exact else ROUNDED
    return Finding(relative <= limit, f"relative difference {relative:.1e}", relative, limit)


def _fewer(subject: Subject) -> None:
    """Raises NotApplicable for a learner that says it can't be asked fewer queries."""
    if subject.instance().fixed_queries:
        raise NotApplicable(f"declared to answer {_count(subject)} queries only, see queries_replaced")


def _count(subject: Subject) -> int:
    return subject.episodes(1).query_x.shape[1]


def _in_parts(subject: Subject, parts: list[Tensor]) -> Finding:
    """Episode 0 asked again with these groups of queries, against all its queries at once."""
    whole, reference = subject.episodes(1), subject.reference
    parts = [part.to(subject.device) for part in parts]
    return verdict(
        [gap(take(reference, part), subject.answer(with_queries(whole, part))) for part in parts], subject.exact
    )
