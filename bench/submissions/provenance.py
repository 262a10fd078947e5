"""Is the code that a record names bench's own? Commits are looked up in the checkout that verifies, if there is one."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench._version import __version__
from bench.records import Record
from bench.resources import repository
from bench.submissions.report import Finding, mismatch, note, ok, suspicious

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_RELEASE = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:\.?[a-z]+\d*)?(?:\+[a-z0-9.]+)?$")
_TIMEOUT_S = 30


def check_code(
    record: Record, finished: datetime | None, submitted: bool, checkout: Path | None = None
) -> Iterator[Finding]:
    """The version is not later than the one that verifies; the commit is in its history and not younger than the run.

    finished : when the run ended, UTC; None where its date can't be read
    submitted : an unknown commit is then a mismatch; of a stored run it is suspicious only, for histories are rewritten
    checkout : the repository to ask [default: the one this package runs from]
    """
    code = record.code
    if _later(code.bench_version, __version__):
        yield mismatch(
            "code", f"bench {code.bench_version} is no release; this is {__version__}, and it knows no later one"
        )
        return
    if code.commit is None:
        yield note("code", f"bench {code.bench_version}, no commit named: an installed release")
        return
    if not _COMMIT.fullmatch(code.commit):
        yield mismatch("code", f"{code.commit[:80]!r} is no commit: 40 hexadecimal digits are expected")
        return
    short = code.commit[:12]
    folder = checkout or repository()
    if folder is None or _git(folder, "rev-parse", "HEAD") is None:
        yield note("code", f"commit {short} not checked: bench does not run from a git checkout here")
        return
    date = _git(folder, "show", "--no-patch", "--format=%ct", f"{code.commit}^{{commit}}", "--")
    if date is None and _git(folder, "rev-parse", "--is-shallow-repository") == "true":
        yield note("code", f"commit {short} not checked: this checkout is shallow")
    elif date is None or _git(folder, "merge-base", "--is-ancestor", code.commit, "HEAD") is None:
        finding = mismatch if submitted else suspicious
        yield finding("code", f"commit {short} is not in bench's history: run from a release or from a commit of bench")
    elif finished and (made := datetime.fromtimestamp(int(date), UTC)) > finished:
        text = f"commit {short} is of {made:%Y-%m-%d %H:%M}, later than the run, which ended {finished:%Y-%m-%d %H:%M}"
        yield mismatch("code", text)
    else:
        yield ok("code", f"bench {code.bench_version}, commit {short}{', with local changes' if code.dirty else ''}")


def _later(version: str, than: str) -> bool:
    """Is it a later version, or none at all? Compared by the numbers before any suffix."""
    here, there = _RELEASE.match(version), _RELEASE.match(than)
    return here is None or there is None or tuple(map(int, here.groups())) > tuple(map(int, there.groups()))


def _git(folder: Path, *arguments: str) -> str | None:
    """What git says, None where it refuses or is not there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
