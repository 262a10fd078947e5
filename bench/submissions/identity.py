"""Is the result what it says it is? Files, suite, options, key, code, weights and checklist against each other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench.errors import BenchError
from bench.identity import RunIdentity, code_sha256, former_key, learner_identity
from bench.learners.registry import loose_learner
from bench.records.files import RECORD
from bench.records.names import BUNDLE
from bench.records.weights import CHECKPOINT
from bench.submissions.bundle import file_entry, first_problem, record_entry
from bench.submissions.container import files_below
from bench.submissions.entry import Entry
from bench.submissions.report import Finding, mismatch, note, ok
from bench.tasks.manifest import manifest_sha256
from bench.tasks.suites import Suite
from bench.training.recipes import Recipe


def check_files(entry: Entry) -> Iterator[Finding]:
    """Exactly the files that bundle.json lists, each with its hash; bundle.json names the record it is packed with."""
    bundle, record = entry.bundle, entry.record
    if bundle is None:
        yield note("files", f"no {BUNDLE}: a stored run, not a packed one; only what its record names is checked")
        return
    found = files_below(entry.folder)
    found.pop(BUNDLE)
    listed = set(bundle.files) | ({CHECKPOINT} if bundle.checkpoint else set())  # fetched since, from where it says
    wrong = [mismatch("files", f"{name} is there but not listed in {BUNDLE}") for name in set(found) - listed]
    for name, expected in bundle.files.items():
        if name not in found:
            wrong.append(mismatch("files", f"{name} is listed in {BUNDLE} but missing"))
            continue
        seen = record_entry(found[name]) if name == RECORD else file_entry(found[name])
        if seen != expected:
            wrong.append(
                mismatch("files", f"{name} was changed after packing: {_hashes(expected.sha256, seen.sha256)}")
            )
    for name, packed, recorded in (
        ("suite", bundle.suite, record.suite.name),
        ("algorithm", bundle.algorithm, record.algorithm.name),
        ("key", bundle.key, record.key),
    ):
        if packed != recorded:
            wrong.append(mismatch("files", f"{BUNDLE} is for {name} {packed!r}, the record for {recorded!r}"))
    yield from sorted(wrong, key=lambda finding: finding.text) or [ok("files", f"{len(found)} files, hashes agree")]


def check_suite(entry: Entry, suite: Suite) -> Iterator[Finding]:
    """Version, manifest and fingerprint: the record's, the pinned ones and the recomputed manifest."""
    wrong = list(_suite_mismatches(entry, suite))
    yield from wrong
    if not wrong:
        yield ok("suite", f"{suite.name}@{suite.version}, manifest {entry.record.suite.manifest_sha256[:16]}")
    claimed = entry.record.suite
    if suite.domain.loads_data and (suite.pin is None or suite.pin.data_of(claimed.data_source) is None):
        found = f"{claimed.data_fingerprint} of {claimed.data_source}"
        yield note("data fingerprint", f"{suite.name} does not pin these images: {found} can't be compared")
    if not suite.domain.drawable(suite):
        yield note("manifest hash", "the episodes can't be drawn without the suite's folder of images")


def _suite_mismatches(entry: Entry, suite: Suite) -> Iterator[Finding]:
    claimed = entry.record.suite
    if (claimed.version, claimed.kind) != (suite.version, suite.kind):
        yield mismatch(
            "suite", f"{claimed.name}@{claimed.version} ({claimed.kind}); known is {suite.version} ({suite.kind})"
        )
    manifest = manifest_sha256(suite) if suite.domain.drawable(suite) else None
    for name, expected in (("recomputed", manifest), ("pinned", suite.pin.manifest if suite.pin else None)):
        if expected is not None and claimed.manifest_sha256 != expected:
            yield mismatch("manifest hash", f"the {name} one is {_hashes(expected, claimed.manifest_sha256)}")
    if not suite.domain.loads_data and claimed.data_fingerprint is not None:
        yield mismatch("data fingerprint", f"{suite.name} is generated and has none, found {claimed.data_fingerprint}")
    expected_data = suite.pin.data_of(claimed.data_source) if suite.pin else None
    if expected_data is not None and claimed.data_fingerprint != expected_data:
        yield mismatch("data fingerprint", f"pinned is {_hashes(expected_data, str(claimed.data_fingerprint))}")
    pinned = suite.pin is not None and (expected_data is not None or not suite.domain.loads_data)
    if claimed.pinned != pinned:
        yield mismatch("suite", f"the record says pinned: {claimed.pinned}, tasks.yaml says {pinned}")


def check_options(entry: Entry) -> Iterator[Finding]:
    """recipe.yaml against record.json, and the key against its parts."""
    record, recipe = entry.record, entry.recipe
    algorithm = record.algorithm
    yield from _differences("option", algorithm.options, recipe.get("options"))
    for name in sorted(set(algorithm.overrides) - set(algorithm.options)):
        yield mismatch("options", f"--set {name} is no option of {algorithm.name}")
    if entry.trained:
        yield from _check_recipe(entry)
    elif set(recipe) != {"options"}:
        yield mismatch("recipe", f"recipe.yaml of a run without training holds options only, found {sorted(recipe)}")
    key = key_of(entry)
    if key == record.key:
        yield ok("key", key)
    elif entry.bundle is None and "--checkpoint" in record.command:
        yield note(
            "key", "the run started from a checkpoint whose hash is in no stored run: the key can't be recomputed"
        )
    else:
        yield mismatch(
            "key",
            f"suite, source, recipe, options, budget, seed, precision and strategy hash to {key}, "
            f"the record says {record.key}: one of them was changed",
        )


def key_of(entry: Entry) -> str:
    """The key that the entry's parts hash to, by the protocol that it was made under."""
    record = entry.record
    parts = {
        "manifest": record.suite.manifest_sha256,
        "fingerprint": record.suite.data_fingerprint,
        "recipe": entry.recipe,
        "budget": record.budget if entry.trained else None,
        "seed": record.seed,
        "precision": record.precision,
        "strategy": record.strategy,
    }
    if record.identity is None:
        return former_key(
            suite=(record.suite.name, record.suite.version),
            algorithm=record.algorithm.name,
            source=record.algorithm.source_sha256,
            checkpoint=entry.bundle.initial_checkpoint_sha256 if entry.bundle else None,
            **parts,  # type: ignore[arg-type]  # as named above
        )
    return RunIdentity(
        suite_sha256=record.identity.suite_sha256,
        learner=learner_identity(record.algorithm.origin),
        source_sha256=record.algorithm.source_sha256,
        checkpoint=record.identity.initial_checkpoint_sha256,
        protocol=record.identity.protocol,
        **parts,  # type: ignore[arg-type]  # as named above
    ).key


def check_adapter(entry: Entry) -> Iterator[Finding]:
    """The bundled source hashes to what the record says; it is parsed, never imported."""
    algorithm = entry.record.algorithm
    adapter = entry.bundle.adapter if entry.bundle else None
    if adapter is None or adapter.file is None:
        where = f"in commit {adapter.commit}" if adapter else "not packed"
        yield note("adapter", f"source {algorithm.source_sha256[:16]} is {where}")
        return
    path = entry.folder / adapter.file
    try:
        found = code_sha256(path)
        info = loose_learner(path, adapter.class_name, algorithm.name)
    except BenchError as error:
        yield mismatch("adapter", error.message)
        return
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:  # what ast.parse may raise
        yield mismatch("adapter", f"{adapter.file} is not readable Python: {type(error).__name__}: {error}")
        return
    if found != algorithm.source_sha256:
        yield mismatch("adapter", f"the source is not the one that ran: {_hashes(algorithm.source_sha256, found)}")
    elif info.family not in ("?", algorithm.family):
        yield mismatch("adapter", f"the source declares family {info.family}, the record {algorithm.family}")
    else:
        yield ok("adapter", f"{adapter.file}:{adapter.class_name}, source {found[:16]}")


def check_checkpoint(entry: Entry) -> Iterator[Finding]:
    """The weights are those that were scored, in safetensors, and enough for the parameters that are claimed."""
    recorded, path = entry.record.checkpoint, entry.folder / CHECKPOINT
    elsewhere = entry.bundle.checkpoint if entry.bundle else None
    if recorded is None:
        if path.exists() or elsewhere:
            yield mismatch("checkpoint", "there is one, but the record names none")
        return
    if not path.is_file():
        if elsewhere and (elsewhere.sha256, elsewhere.bytes) == (recorded.sha256, recorded.bytes):
            yield note("checkpoint", f"at {elsewhere.uri}, {recorded.bytes:,} bytes; levels that run it need a copy")
        elif elsewhere:
            yield mismatch("checkpoint", f"the one at {elsewhere.uri} is {_hashes(recorded.sha256, elsewhere.sha256)}")
        else:
            where = f"at {recorded.uri}" if recorded.uri else "not here"
            yield note("checkpoint", f"{where}; levels that run it need them: `bench weights fetch`")
        return
    found = file_entry(path)
    if found.sha256 != recorded.sha256:
        yield mismatch("checkpoint", f"not the weights that were scored: {_hashes(recorded.sha256, found.sha256)}")
    problem = _weights_problem(path, entry.record.size.parameters if entry.record.size else 0)
    yield mismatch("checkpoint", problem) if problem else ok("checkpoint", f"{found.bytes:,} bytes of safetensors")


def check_history(entry: Entry, submitted: bool) -> Iterator[Finding]:
    """Verifications are a maintainer's to append: a bundle that arrives with some made them up."""
    claimed = entry.record.verification
    if claimed and submitted:
        yield mismatch("verification", f"a new submission carries none, found {len(claimed)}")
    elif claimed:
        yield note("verification", f"{len(claimed)} recorded before; the file's history says by whom")


def _check_recipe(entry: Entry) -> Iterator[Finding]:
    record = entry.record
    fields = dict(entry.recipe)
    name = fields.pop("name", None)
    try:
        recipe = Recipe.model_validate(fields)
    except ValidationError as error:
        yield mismatch("recipe", f"recipe.yaml: {first_problem(error)}")
        return
    stated = {"name": record.recipe, "precision": record.precision, "strategy": record.strategy}
    held = {"name": name, "precision": recipe.precision, "strategy": recipe.strategy}
    yield from _differences("recipe field", stated, held)
    shape, protocol = recipe.train, record.protocol
    for field, trained, said in (
        ("train_way", shape.way, protocol.train_way),
        ("train_shot", shape.shot, protocol.train_shot),
        ("train_query", shape.query, protocol.train_query),
    ):
        if trained is not None and trained != said:
            yield mismatch("recipe", f"recipe.yaml trains with {field} {trained}, the record says {said}")
    if record.seed is None:
        yield mismatch("recipe", "the run trained, but the record has no seed")


def _differences(what: str, recorded: dict[str, Any], held: Any) -> Iterator[Finding]:
    held = held if isinstance(held, dict) else {}
    for name in sorted(set(recorded) | set(held)):
        a, b = recorded.get(name, "(none)"), held.get(name, "(none)")
        if a != b:
            yield mismatch("options", f"{what} {name} is {a!r} in record.json, {b!r} in recipe.yaml")


def _weights_problem(path: Path, parameters: int) -> str | None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            numbers = sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        return f"{path.name} is not a safetensors file ({str(error).partition(chr(10))[0]}); nothing else is read"
    return f"{numbers:,} numbers can't hold {parameters:,} parameters" if numbers < parameters else None


def _hashes(expected: str, found: str) -> str:
    return f"{expected[:16]}..., found {found[:16]}..." if expected[:16] != found[:16] else f"{expected}, found {found}"
