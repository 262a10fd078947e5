"""The submitter's word: the checklist against the record, and both against what is known of the data that they name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from bench.catalogue import Entry as Published
from bench.catalogue import is_here, load_catalogue, weights_file
from bench.learners.registry import find_learner
from bench.records import Record, exposure, shows_test_classes
from bench.records.weights import CHECKPOINT
from bench.submissions.entry import Entry
from bench.submissions.report import Finding, mismatch, note, ok


def check_checklist(entry: Entry) -> Iterator[Finding]:
    """The submitter's word against the record."""
    said, record = entry.checklist, entry.record
    if said is None:
        return
    protocol = record.protocol
    pairs: list[tuple[str, Any, Any]] = [
        ("external_data", said.external_data, protocol.external_data),
        ("saw_test_classes", said.saw_test_classes, protocol.saw_test_classes),
    ]
    wrong = [f"{name}: {a!r}, the record says {b!r}" for name, a, b in pairs if a != b]
    if said.batch_norm == "query" and not protocol.transductive:
        wrong.append("batch_norm: query statistics make a result transductive, the record says inductive")
    if protocol.selection == "validation" and said.selection_split == "none":
        wrong.append("selection_split: 'none', the record says that validation chose the checkpoint")
    if said.n_configs_tried < protocol.n_configs_tried:
        wrong.append(f"n_configs_tried: {said.n_configs_tried}, the record says {protocol.n_configs_tried}")
    yield from [mismatch("checklist", text) for text in wrong] or [ok("checklist", f"signed by {said.by}")]


def check_exposure(record: Record) -> Iterator[Finding]:
    """Is what the learner saw declared as the rule asks (`bench.records.exposure`)?"""
    protocol = record.protocol
    if protocol.saw_test_classes and not protocol.external_data:
        yield mismatch("exposure", "saw_test_classes: true, but external_data is empty: name what showed them")
    elif (name := shows_test_classes(record)) and not protocol.saw_test_classes:
        yield mismatch(
            "exposure", f"{name!r} shows, or may show, test classes of {record.suite.name}: declare saw_test_classes"
        )
    elif (seen := exposure(record)) == "train split":
        yield ok("exposure", "declares nothing beyond the train split; no level can prove that")
    else:
        ranked = "without a rank" if seen == "test classes" or record.published_weights else "ranked there"
        section = "authors' weights" if record.published_weights else "external data"
        yield note("exposure", f"{', '.join(protocol.external_data)}: section {section}, {ranked}")


def check_published_weights(entry: Entry) -> Iterator[Finding]:
    """Who says that the weights are published ones has started from those of the catalogue, and trained nothing."""
    record = entry.record
    claimed, known = record.published_weights, load_catalogue()
    if claimed is None:
        return
    if (ours := known.get(claimed.name)) is None:
        yield mismatch("published weights", f"no {claimed.name!r} in the catalogue: `bench weights list --catalogue`")
        return
    protocol = record.protocol
    started = record.identity.initial_checkpoint_sha256 if record.identity else None
    pairs: list[tuple[str, Any, Any]] = [
        ("initial weights", started, ours.sha256),
        ("learner", record.algorithm.origin, find_learner(ours.learner).origin),
        ("options", record.algorithm.overrides, ours.overrides),
        ("suites", record.suite.name, record.suite.name if record.suite.name in ours.suites else ours.suites),
        ("what is said of them", claimed, ours.published),
        ("external_data", protocol.external_data, list(ours.external_data)),
        ("saw_test_classes", protocol.saw_test_classes, ours.saw_test_classes),
        ("seed", record.seed, None),
        ("training", entry.trained, False),
    ]
    wrong = [f"{name}: {a!r}, the catalogue says {b!r}" for name, a, b in pairs if a != b]
    if wrong:
        yield from (mismatch("published weights", text) for text in wrong)
    else:
        yield _scored_weights(entry, ours)


def _scored_weights(entry: Entry, published: Published) -> Finding:
    """The weights that were scored, which a run writes to a file of its own, against the published ones."""
    own, theirs = entry.folder / CHECKPOINT, weights_file(published)
    if not own.is_file() or not is_here(published):
        fetch = f"`bench weights fetch {published.name}`"
        return note("published weights", f"as the catalogue says; the weights themselves are not all here: {fetch}")
    try:
        scored, known = load_file(own), load_file(theirs)
    except (OSError, SafetensorError) as error:
        return mismatch("published weights", f"{CHECKPOINT} can't be read: {str(error).partition(chr(10))[0]}")
    if scored.keys() != known.keys() or not all(np.array_equal(scored[name], known[name]) for name in known):
        return mismatch("published weights", f"{CHECKPOINT} holds other weights than {published.name}")
    return ok("published weights", f"{published.name}, of {published.paper}: every number is the published one")
