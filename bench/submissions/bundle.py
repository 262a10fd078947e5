"""What a packed result holds. `bundle.json` names every other file with its hash; `checklist.yaml` is a person's word.

    bundle.json             this module's `BundleFile`
    checklist.yaml          this module's `Checklist`
    record.json, scores.parquet, curve.parquet, recipe.yaml, checkpoint.safetensors    as the run left them;
                            the scores with their class ids, which a store keeps once for all runs
    environment.txt         every installed package when the bundle was packed
    adapter/<folder>/...    the learner's file and the siblings it imports

A bundle is a stored run with files added: a folder that boards read as it is and a reviewer can compare line by line.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bench.errors import Mismatch
from bench.records.files import RECORD, json_bytes, strict_json
from bench.records.names import BUNDLE
from bench.records.store import CURVE, RECIPE, SCORES
from bench.records.weights import CHECKPOINT
from bench.submissions.plain import check_length, demand_plain, read_plain_yaml

SCHEMA: Final = "bench.submission/1"
CHECKLIST, ENVIRONMENT, ADAPTER = "checklist.yaml", "environment.txt", "adapter"
PLAIN_FILES: Final = (RECORD, SCORES, CURVE, RECIPE, CHECKPOINT, CHECKLIST, ENVIRONMENT)

Sha256 = str
_HEX = r"^[0-9a-f]{64}$"
_ADAPTER_FILE = rf"^{ADAPTER}(/[A-Za-z_][A-Za-z0-9_]*)+\.py$"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileEntry(_Part):
    """One file. record.json is hashed without its `verification` list, which grows after packing."""

    sha256: Sha256 = Field(pattern=_HEX)
    bytes: int = Field(ge=0)


class AdapterSource(_Part):
    """Where the learner's code is: in the bundle (`file`), or in a commit of bench (`commit`)."""

    class_name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    file: str | None = Field(default=None, pattern=_ADAPTER_FILE)
    commit: str | None = Field(default=None, pattern=r"^[0-9a-f]{40}$")

    @model_validator(mode="after")
    def _one_of_them(self) -> AdapterSource:
        if (self.file is None) == (self.commit is None):
            raise ValueError("give either the adapter's file in the bundle or the commit it is from")
        return self


class CheckpointSource(_Part):
    """A checkpoint that is too large to be in the bundle."""

    uri: str = Field(pattern=r"^(https|hf|s3|gs)://\S+$", max_length=500)
    sha256: Sha256 = Field(pattern=_HEX)
    bytes: int = Field(ge=0)


class BundleFile(_Part):
    """`bundle.json`."""

    schema_: Literal["bench.submission/1"] = Field(default=SCHEMA, alias="schema")
    suite: str
    algorithm: str
    key: str
    adapter: AdapterSource
    checkpoint: CheckpointSource | None = None  # None: in the bundle, or the learner has no weights
    initial_checkpoint_sha256: Sha256 | None = Field(default=None, pattern=_HEX)  # of `run --checkpoint`
    bench_version: str
    files: dict[str, FileEntry]

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="after")
    def _files_are_known(self) -> BundleFile:
        adapter = {name for name in self.files if name.startswith(f"{ADAPTER}/")}
        unknown = sorted(set(self.files) - adapter - set(PLAIN_FILES))
        if unknown:
            raise ValueError(f"a bundle has no file {unknown[0]!r}")
        missing = [name for name in (RECORD, SCORES, RECIPE, CHECKLIST) if name not in self.files]
        if self.adapter.file is not None and self.adapter.file not in self.files:
            missing.append(self.adapter.file)
        if missing:
            raise ValueError(f"{missing[0]} is not listed")
        return self


class Checklist(_Part):
    """What only the submitter knows, in the submitter's name. Wrong answers withdraw the result."""

    by: str = Field(min_length=1, max_length=200)
    batch_norm: Literal["none", "running", "support", "query"]  # statistics of normalisation layers at test time
    external_data: list[str]  # anything learned from outside the suite's train split, pre-training included
    saw_test_classes: bool
    selection_split: Literal["validation", "none"]  # what chose checkpoint and hyper-parameters; never test
    n_configs_tried: int = Field(ge=1)  # on the way to this configuration, counted honestly
    notes: str = Field(default="", max_length=2_000)


def read_bundle_file(folder: Path) -> BundleFile | None:
    """The folder's bundle.json, None where there is none. Raises Mismatch naming the field that is wrong."""
    path = folder / BUNDLE
    if not path.is_file():
        return None
    try:
        check_length(path)
        fields = strict_json(path.read_bytes())
        demand_plain(BUNDLE, fields)
        return BundleFile.model_validate(fields)
    except ValidationError as error:
        raise Mismatch(f"{BUNDLE}: {first_problem(error)}", "Pack the run again with `bench pack`.") from None
    except (ValueError, RecursionError) as error:
        raise Mismatch(f"{BUNDLE} is not JSON: {error}", "Pack the run again with `bench pack`.") from None


def read_checklist(folder: Path) -> Checklist:
    """Raises Mismatch naming the field that is wrong."""
    check_length(folder / CHECKLIST)
    fields = read_plain_yaml(folder / CHECKLIST)
    demand_plain(CHECKLIST, fields)
    try:
        return Checklist.model_validate(fields)
    except ValidationError as error:
        raise Mismatch(f"{CHECKLIST}: {first_problem(error)}", "Pack the run again.") from None


def first_problem(error: ValidationError) -> str:
    """The first problem of a pydantic error in one line: field, what is wrong."""
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"])) or "the whole file"
    return f"{field}: {first['msg'].removeprefix('Value error, ')}"


def record_entry(path: Path) -> FileEntry:
    """Hash and length of record.json as it was packed: without verifications, which are appended later.

    Of what the file says, not of what this version would write: fields that it did not have then change nothing.
    """
    content = json_bytes(strict_json(path.read_bytes()) | {"verification": []})
    return FileEntry(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def file_entry(path: Path) -> FileEntry:
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    return FileEntry(sha256=digest, bytes=path.stat().st_size)
