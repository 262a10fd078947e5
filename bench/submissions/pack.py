"""From a finished run to a bundle that somebody else can check.

A folder by default: it is what a pull request carries, a reviewer sees every line of it, and once accepted it lies
under `leaderboards/results/` and is read as any stored run. A name that ends in .zip gives the same files in one zip.
"""

from __future__ import annotations

import secrets
import shutil
import zipfile
from importlib.metadata import distributions
from pathlib import Path

from bench._version import __version__
from bench.errors import UsageError
from bench.identity import code_sha256
from bench.learners.registry import LearnerInfo, find_learner
from bench.learners.source import Layout, source_files
from bench.moments import utc_text
from bench.records import Record, RunStore
from bench.records.compact import scores_bytes
from bench.records.files import RECORD, explain, json_bytes, record_bytes, write_file
from bench.records.names import BUNDLE
from bench.records.scores import normal_scores
from bench.records.store import CURVE, RECIPE, SCORES
from bench.records.weights import CHECKPOINT, weights_of
from bench.submissions.bundle import (
    ADAPTER,
    CHECKLIST,
    ENVIRONMENT,
    AdapterSource,
    BundleFile,
    Checklist,
    CheckpointSource,
    file_entry,
)
from bench.submissions.container import files_below

LARGE_CHECKPOINT = 64 << 20  # bytes; code hosts refuse files beyond 100 MB
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # equal files give an equal archive


def pack(
    run: Path,
    checklist: Checklist,
    out: Path,
    *,
    algo: str | None = None,
    checkpoint_uri: str | None = None,
    initial_checkpoint: Path | None = None,
    tasks_file: Path | None = None,
) -> Path:
    """Write a bundle of the run directory `run` to `out` (a folder, or a file ending in .zip) and verify it.

    algo : where the adapter is, as for `bench run`, if it is not where the record says
    checkpoint_uri : where a large checkpoint can be fetched; it is then left out of the bundle
    initial_checkpoint : the file of `bench run --checkpoint`, where the run had one; only its hash is packed

    Raises UsageError for what the submitter must mend, Mismatch when the run itself is inconsistent.
    """
    record = RunStore(run).read(run)
    if record.status != "ok":
        raise UsageError(f"{run} is {record.status!r}: {record.reason}.", "Only finished runs can be packed.")
    if out.exists():
        raise UsageError(f"{out} exists already.", "Choose another --out, or delete it first.")
    aside = out.with_name(f".{out.name}-{secrets.token_hex(4)}")
    try:
        aside.mkdir(parents=True)
        _fill(aside, run, record, checklist, algo, checkpoint_uri, initial_checkpoint)
        _prove(aside, tasks_file)
        if out.suffix == ".zip":
            _zip(aside, out)
        else:
            aside.replace(out)
    except OSError as error:
        raise explain(error, out) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return out


def _fill(
    folder: Path,
    run: Path,
    record: Record,
    checklist: Checklist,
    algo: str | None,
    checkpoint_uri: str | None,
    initial_checkpoint: Path | None,
) -> None:
    import yaml

    scores = normal_scores(RunStore(run).read_scores(run, record))
    record = record.model_copy(update={"verification": [], "submission": {"by": checklist.by}})
    copied = [RECIPE, *(name for name in (CURVE,) if (run / name).is_file())]
    elsewhere = _elsewhere(run, record, checkpoint_uri)
    if record.checkpoint is not None and elsewhere is None:
        copied.append(CHECKPOINT)
    elif record.checkpoint is not None:
        record = record.model_copy(update={"checkpoint": record.checkpoint.model_copy(update={"uri": checkpoint_uri})})
    for name in copied:
        write_file(folder / name, run / name)
    write_file(folder / SCORES, scores_bytes(scores))
    write_file(folder / RECORD, record_bytes(record))
    write_file(folder / CHECKLIST, yaml.safe_dump(checklist.model_dump(), sort_keys=False, allow_unicode=True).encode())
    write_file(folder / ENVIRONMENT, _environment().encode())
    bundle = BundleFile(
        suite=record.suite.name,
        algorithm=record.algorithm.name,
        key=record.key,
        adapter=_adapter(folder, record, algo),
        checkpoint=elsewhere,
        initial_checkpoint_sha256=file_entry(initial_checkpoint).sha256 if initial_checkpoint else None,
        bench_version=__version__,
        files={name: file_entry(path) for name, path in files_below(folder).items()},
    )
    write_file(folder / BUNDLE, bundle_bytes(bundle))


def bundle_bytes(bundle: BundleFile) -> bytes:
    """bundle.json."""
    return json_bytes(bundle.model_dump(mode="json", by_alias=True))


def _adapter(folder: Path, record: Record, algo: str | None) -> AdapterSource:
    """Copy the learner's files if they are still those that ran; else name the commit of bench they are from."""
    algorithm = record.algorithm
    info = _find_adapter(record, algo)
    if info is not None and code_sha256(info.file) == algorithm.source_sha256:
        layout = Layout.of(info.file)
        home = layout.root.name if layout.root.name.isidentifier() else "source"
        target = folder / ADAPTER / ("" if layout.package else home)
        for path in source_files(info.file):
            place = target / path.relative_to(layout.root)
            place.parent.mkdir(parents=True, exist_ok=True)
            write_file(place, path)
        file = (target / info.file.resolve().relative_to(layout.root)).relative_to(folder).as_posix()
        return AdapterSource(class_name=info.class_name, file=file)
    shipped = algorithm.origin.startswith("baselines/")
    if info is not None and shipped and record.code.commit and record.code.dirty is False:
        return AdapterSource(class_name=info.class_name, commit=record.code.commit)
    raise UsageError(
        f"The source of {algorithm.name} ({algorithm.origin}) is not the one that ran "
        f"(sha256 {algorithm.source_sha256[:16]}).",
        "Name the file that ran with --algo path/file.py:Class, or run again with the present source.",
    )


def _find_adapter(record: Record, algo: str | None) -> LearnerInfo | None:
    """The named adapter; else by the record's name, then by its origin `path/file.py:Class`."""
    if algo is not None:
        return find_learner(algo)
    for name in (record.algorithm.name, record.algorithm.origin):
        try:
            return find_learner(name)
        except UsageError:
            continue
    return None


def _elsewhere(run: Path, record: Record, uri: str | None) -> CheckpointSource | None:
    checkpoint = record.checkpoint
    if checkpoint is None:
        if uri:
            raise UsageError("--checkpoint-uri: this run has no checkpoint.", "Leave the option out.")
        return None
    if uri is not None:
        return CheckpointSource(uri=uri, sha256=checkpoint.sha256, bytes=checkpoint.bytes)
    weights_of(run, record, otherwise="say where they lie with --checkpoint-uri")
    if checkpoint.bytes > LARGE_CHECKPOINT:
        raise UsageError(
            f"The checkpoint has {checkpoint.bytes:,} bytes, a bundle takes {LARGE_CHECKPOINT:,}.",
            "Put it where it stays, and say where with --checkpoint-uri https://...",
        )
    return None


def _environment() -> str:
    found = {(d.metadata["Name"] or "").lower(): d.version for d in distributions()}
    lines = [f"{name}=={version}" for name, version in sorted(found.items()) if name]
    now = utc_text()
    return "\n".join([f"# Installed when packed, {now}. What the run used is in record.json.", *lines]) + "\n"


def _prove(folder: Path, tasks_file: Path | None) -> None:
    """A submitter learns at once what a maintainer would find."""
    from bench.submissions.consistent import verify_consistent

    verify_consistent(folder, tasks_file=tasks_file, submitted=True).demand()


def _zip(folder: Path, out: Path) -> None:
    try:
        with zipfile.ZipFile(out, "x", zipfile.ZIP_DEFLATED) as archive:
            for name, path in files_below(folder).items():
                archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), path.read_bytes(), zipfile.ZIP_DEFLATED)
    except BaseException:
        out.unlink(missing_ok=True)
        raise


def default_checklist(record: Record, by: str, batch_norm: str, n_configs_tried: int | None, notes: str) -> Checklist:
    """The checklist of a record: what the record knows is taken from it, the rest is the submitter's word.

    Raises UsageError for an answer that is not one of the possible ones.
    """
    from pydantic import ValidationError

    protocol = record.protocol
    try:
        return Checklist(
            by=by,
            batch_norm=batch_norm,  # type: ignore[arg-type]  # checked by pydantic
            external_data=protocol.external_data,
            saw_test_classes=protocol.saw_test_classes,
            selection_split="validation" if protocol.selection == "validation" else "none",
            n_configs_tried=n_configs_tried or protocol.n_configs_tried,
            notes=notes,
        )
    except ValidationError as error:
        from bench.submissions.bundle import first_problem

        raise UsageError(f"The checklist: {first_problem(error)}", "See docs/submitting.md.") from None
