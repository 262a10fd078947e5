"""Reading and writing single files of a run: durable, strict JSON, errors a person can act on."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench.errors import StoreError
from bench.records.schema import Record

RECORD = "record.json"

_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_FULL = {errno.ENOSPC, errno.EDQUOT}


def record_bytes(record: Record) -> bytes:
    """record.json: sorted keys, LF; StoreError when a number is not finite, which JSON can't say."""
    fields = record.model_dump(mode="python", by_alias=True)
    try:
        return json_bytes(fields)
    except ValueError as error:
        raise StoreError(
            f"The record of {record.algorithm.name} on {record.suite.name} holds a number that is not finite at "
            f"{_not_finite(fields)}: JSON has none.",
            "fix: a score needs at least two test episodes",
        ) from error


def json_bytes(fields: Any) -> bytes:
    """JSON for files that people compare: sorted keys, a line a field, LF. ValueError for a number not finite."""
    text = json.dumps(fields, sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False)
    return text.encode() + b"\n"


def read_record(path: Path) -> Record:
    """Parse and validate record.json; StoreError names the file and the field."""
    again = "fix: restore the file, or delete the run's directory and run it again"
    try:
        fields = strict_json(path.read_bytes())
    except FileNotFoundError:
        raise StoreError(f"{path.parent} holds no {RECORD}: half-written, or not a run.", again) from None
    except OSError as error:
        raise StoreError(f"{path} can't be read: {error.strerror}.", "fix: check its permissions") from error
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError are both ValueErrors
        raise StoreError(f"{path} is not valid JSON: {error}.", again) from error
    try:
        return Record.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the whole file"
        more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise StoreError(f"{path}: field {field}: {first['msg']}{more}.", again) from error


def strict_json(content: bytes) -> Any:
    """Parse JSON that means the same to every reader: no key twice, no NaN, no number beyond 64 bits.

    Raises ValueError saying what is wrong.
    """
    return json.loads(
        content, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=_modest
    )


def write_file(path: Path, content: bytes | Path) -> None:
    """Write bytes, or copy a file, and wait until the disk has them."""
    with path.open("xb") as out:
        if isinstance(content, bytes):
            out.write(content)
        else:
            with content.open("rb") as source:
                shutil.copyfileobj(source, out)
        out.flush()
        os.fsync(out.fileno())


def replace_file(path: Path, content: bytes | Path) -> None:
    """Write a file in the place of another: readers see the old or the new one, as a whole. OSError leaves the old."""
    aside = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        write_file(aside, content)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def file_sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable; without effect where directories can't be opened (Windows)."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def explain(error: OSError, target: Path) -> StoreError:
    """The error for a run that could not be stored: why, and what to do."""
    if error.errno in _READ_ONLY:
        why, fix = "the directory can't be written", "fix: choose a directory of yours with --runs DIR"
    elif error.errno in _FULL:
        why, fix = "the disk is full", "fix: free some space, or choose another disk with --runs DIR"
    else:
        why, fix = "the system refused", "fix: choose another directory with --runs DIR"
    return StoreError(f"The run was not stored at {target}: {why} ({error.strerror or error}).", fix)


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"field {next(n for n in names if names.count(n) > 1)} is there twice")
    return fields


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is beyond what a float can hold")
    return number


def _modest(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= int(text) < 2**63:
        raise ValueError(f"{text[:40]} is beyond 64 bits")
    return int(text)


def _not_finite(value: Any, at: str = "") -> str:
    """The dotted path of the first NaN or infinity, '' if there is none."""
    if isinstance(value, float):
        return at if value != value or value in (float("inf"), float("-inf")) else ""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    return next(filter(None, (_not_finite(item, f"{at}.{name}".lstrip(".")) for name, item in items)), "")
