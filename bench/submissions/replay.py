"""An entry's learner, ready to answer again: adapter, options, weights and images, each checked against the record."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from bench.errors import Mismatch, UsageError
from bench.identity import code_sha256
from bench.learners.explorer import Explorer
from bench.learners.options import resolve_options
from bench.learners.registry import LearnerInfo, find_learner, load, loose_learner
from bench.records import Record
from bench.records.weights import weights_of
from bench.runs.audit import Made
from bench.runs.build import build
from bench.runs.environment import environment
from bench.runs.evaluation import Watch, evaluate
from bench.runs.prepared_suite import PreparedSuite, prepare
from bench.submissions.entry import Entry
from bench.submissions.report import Answered, Finding, mismatch, note, ok
from bench.tasks.registry import find_suite
from bench.training.precision import matmul_precision

if TYPE_CHECKING:
    from bench.learners.contract import Learner


@dataclass(frozen=True)
class Site:
    """Where a verification runs.

    allow_code : import the adapter that came with the bundle, where no installed one has its name or source
    checkpoint : a copy of weights that lie at a URI
    """

    device: torch.device
    data_dir: Path | None = None
    tasks_file: Path | None = None
    allow_code: bool = False
    checkpoint: Path | None = None


@dataclass(frozen=True)
class Replay:
    """A learner with the weights of a record, and the suite it answered.

    exact : this machine computes as the record's did (fp32, hardware class, torch version): equal counts are expected
    findings : what was seen on the way here
    answered : the adapter that runs, which may be of another source than the record's
    made : how the learner was made, for the audit
    """

    record: Record
    learner: Learner
    prepared: PreparedSuite
    exact: bool
    findings: tuple[Finding, ...]
    answered: Answered
    made: Made | None = None

    @property
    def acts(self) -> bool:
        """Whether its episodes are trials of exploration."""
        return isinstance(self.learner, Explorer)

    def singles(self, episodes: Iterable[int]) -> pd.DataFrame:
        """Scores of published episodes, each asked alone, in the order given."""
        return pd.concat([self.block(int(i), 1, 1) for i in episodes], ignore_index=True)

    def in_its_batch(self, episode: int) -> pd.DataFrame:
        """The score of one published episode, asked in the company it had when it was scored: one row."""
        batch = max(1, self.record.timing.batch)
        first = episode // batch * batch
        scores = self.block(first, min(batch, self.record.episodes - first), batch)
        return scores[scores["episode"] == episode]

    def block(self, first: int, n: int, batch: int, salt: int = 0, watch: Watch | None = None) -> pd.DataFrame:
        """Scores of test episodes first .. first + n - 1; a salt other than 0 draws them from an unpublished stream."""
        episodes, precision = self.prepared.evaluation("test", salt), self.record.precision
        with matmul_precision(precision):
            return evaluate(self.learner, episodes, n, batch=batch, precision=precision, first=first, watch=watch)


def replay(entry: Entry, site: Site) -> Replay:
    """Load everything that is needed to run the entry again.

    Raises UsageError when the adapter is not here, StoreError when the weights are not, DataMissing, Mismatch when the
    episodes, the images or the weights are not those of the record, DataInvalid when the weights do not fit.
    """
    record = entry.record
    info, found = adapter(entry, site.allow_code)
    learner = load(info)
    prepared = prepared_suite(record, site)
    options = resolve_options(learner, record.algorithm.options)
    weights = weights_of(entry.folder, record, site.checkpoint, "`bench verify --checkpoint FILE` with a copy of yours")
    built = build(learner, options, prepared, record.seed, record.strategy, weights)  # type: ignore[arg-type]  # a strategy the record's recipe was checked for
    findings = [found]
    if built.transductive != record.protocol.transductive:
        findings.append(
            mismatch("adapter", f"transductive is {built.transductive}, the record says {record.protocol.transductive}")
        )
    exact, why = _exact(record, prepared.device)
    findings.append(note("arithmetic", why))
    state = {name: value.detach().clone() for name, value in built.state_dict().items()}
    made = Made(info, dataclasses.asdict(options), record.seed, built.strategy, state)
    return Replay(record, built, prepared, exact, tuple(findings), answered(info, options), made)


def answered(info: LearnerInfo, options: Any) -> Answered:
    """What a recorded verification says of the adapter that ran, as plain values."""
    return Answered(code_sha256(info.file), json.loads(json.dumps(dataclasses.asdict(options))))


def adapter(entry: Entry, allow_code: bool) -> tuple[LearnerInfo, Finding]:
    """The installed learner of the record's name and source; else, if allowed, the bundled one; else the installed one.

    An installed learner of another source may confirm the scores for that source, which the finding then says.
    """
    algorithm = entry.record.algorithm
    try:
        installed = find_learner(algorithm.name)
    except UsageError:
        installed = None
    if installed is not None and code_sha256(installed.file) == algorithm.source_sha256:
        return installed, ok("adapter", f"installed {installed.origin}, the source that ran")
    bundled = entry.bundle.adapter if entry.bundle else None
    if allow_code and bundled is not None and bundled.file is not None:
        path = (entry.folder / bundled.file).resolve()
        if code_sha256(path) != algorithm.source_sha256:
            raise Mismatch(f"{bundled.file} is not the source that ran; it was not imported.")
        return loose_learner(path, bundled.class_name, algorithm.name), note(
            "adapter", f"SUBMITTED CODE was run: {bundled.file}"
        )
    if installed is not None:
        found = code_sha256(installed.file)
        return installed, note("adapter", f"installed {installed.origin} of another source: a pass is for {found[:16]}")
    raise UsageError(
        f"No installed learner is called {algorithm.name!r} ({algorithm.origin}).",
        "Install its package; or name its file with --adapter path/file.py:Class (time, plot); "
        "or read the bundled source and, in a container without network, add --allow-code.",
    )


def prepared_suite(record: Record, site: Site) -> PreparedSuite:
    """The record's suite on the site's device. Raises Mismatch unless episodes and images are the record's."""
    prepared = prepare(find_suite(record.suite.name, site.tasks_file), site.device, site.data_dir)
    for name, here, recorded in (
        ("manifest hash", prepared.manifest, record.suite.manifest_sha256),
        ("data fingerprint", prepared.fingerprint, record.suite.data_fingerprint),
    ):
        if here != recorded:
            raise Mismatch(f"The {name} here is {here}, the record's {recorded}.", "`bench data verify` checks images.")
    return prepared


def _exact(record: Record, device: torch.device) -> tuple[bool, str]:
    here = environment(device)
    differences = [
        f"{name} {a} here, {b} in the record"
        for name, a, b in (
            ("hardware", here.hardware_class, record.environment.hardware_class),
            ("torch", here.versions.get("torch"), record.environment.versions.get("torch")),
        )
        if a != b
    ]
    if record.precision != "fp32":
        differences.append(f"precision {record.precision}")
    return not differences, "; ".join(differences) or "fp32 on the record's hardware class and torch version"
