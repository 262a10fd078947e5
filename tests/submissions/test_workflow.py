"""The workflow's own shell, run on a small repository: what it fetches of a pull request, and what it refuses."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.records.files import read_record

from .conftest import Packed

WORKFLOW = Path(__file__).parents[2] / ".github" / "workflows" / "submissions.yml"
FOLDER = "leaderboards/results/glyphs-5w1s/protonet/0123456789abcdef"

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def _job() -> dict[str, Any]:
    job: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text())["jobs"]["consistent"]
    return job


def _git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    return subprocess.run(
        ["git", *identity, "-C", str(folder), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def _fetch(
    tmp_path: Path,
    files: dict[str, str | bytes],
    link: str | None = None,
    base_files: dict[str, str] | None = None,
    moved: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the fetch step in a clone whose origin has a pull request that adds `files` and moves others."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    _git(origin, "init", "--quiet")
    for name, content in {"README.md": "base\n", **(base_files or {})}.items():
        (origin / name).parent.mkdir(parents=True, exist_ok=True)
        (origin / name).write_text(content)
    _git(origin, "add", ".")
    _git(origin, "commit", "--quiet", "-m", "base")
    base = _git(origin, "rev-parse", "HEAD")
    _git(tmp_path, "clone", "--quiet", str(origin), str(clone))
    for name, content in files.items():
        path = origin / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for old, new in (moved or {}).items():
        (origin / new).parent.mkdir(parents=True, exist_ok=True)
        _git(origin, "mv", old, new)
    if link:
        (origin / link).symlink_to("/etc/hostname")
    _git(origin, "add", "--force", ".")
    _git(origin, "commit", "--quiet", "-m", "submission")
    _git(origin, "update-ref", "refs/pull/1/head", "HEAD")
    step = next(step for step in _job()["steps"] if step.get("id") == "fetch")
    environment = {**os.environ, "BASE": base, "HEAD": "refs/pull/1/head", "OUT": str(tmp_path / "out")}
    environment["GITHUB_OUTPUT"] = str(tmp_path / "outputs")
    return subprocess.run(
        ["bash", "-c", step["run"]], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )


def test_submitted_files_arrive_byte_for_byte(tmp_path: Path) -> None:
    files = {
        f"{FOLDER}/record.json": "{}\r\n",
        f"{FOLDER}/adapter/baselines/x.py": "print()\n",
        f"{FOLDER}/.gitattributes": "* export-ignore ident\n",
    }
    done = _fetch(tmp_path, files)
    assert done.returncode == 0, done.stdout + done.stderr
    for name, content in files.items():
        assert (tmp_path / "out" / name).read_bytes() == content.encode()
    assert (tmp_path / "out.folders").read_text() == f"{FOLDER}\0"
    assert not (tmp_path / "clone" / "leaderboards").exists()  # nothing of it was checked out


@pytest.mark.parametrize(
    "stray",
    [
        "bench/evil.py",
        ".github/workflows/submissions.yml",
        "leaderboards/results/x.txt",
        "leaderboards/results/a/b/c/d",
    ],
)
def test_anything_else_is_refused(tmp_path: Path, stray: str) -> None:
    done = _fetch(tmp_path, {f"{FOLDER}/record.json": "{}", stray: "x"})
    assert done.returncode == 1 and "nothing else" in done.stderr and stray in done.stderr


@pytest.mark.parametrize(
    ("old", "new"),
    [("bench/verifier.py", f"{FOLDER}/adapter/x.py"), (f"{FOLDER}/record.json", "bench/record.json")],
    ids=["into the results", "out of the results"],
)
def test_a_rename_shows_both_of_its_ends(tmp_path: Path, old: str, new: str) -> None:
    """Git would report an unchanged file in a new place by its new name only."""
    text = "".join(f"line {i}\n" for i in range(50))
    done = _fetch(tmp_path, {f"{FOLDER}/scores.parquet": "x"}, base_files={old: text}, moved={old: new})
    stray = next(name for name in (old, new) if not name.startswith("leaderboards/"))
    assert done.returncode == 1 and "nothing else" in done.stderr and stray in done.stderr


def test_a_pull_request_without_results_passes_by(tmp_path: Path) -> None:
    done = _fetch(tmp_path, {"bench/new.py": "x = 1\n", "docs/leaderboards/results/x": ""})
    assert done.returncode == 0 and "no result is submitted" in done.stdout
    assert not (tmp_path / "outputs").exists()
    after = [step for step in _job()["steps"] if step.get("id") != "fetch"][1:]
    assert after and all(step["if"] == "steps.fetch.outputs.submitted == 'true'" for step in after)


def test_every_pull_request_is_looked_at() -> None:
    """A filter of paths sees one end of a rename only; `on` is True to YAML."""
    workflow = yaml.safe_load(WORKFLOW.read_text())
    assert workflow[True] == {"pull_request_target": None}


def test_the_preview_runs_on_what_was_fetched(tmp_path: Path, images: Packed) -> None:
    """The step's own shell, with the bench that is tested: changes and pages end in the job's summary."""
    record = read_record(images.folder / "record.json")
    folder = f"leaderboards/results/{record.suite.name}/protonet/{record.key}"
    out, clone, tools = tmp_path / "out", tmp_path / "clone", tmp_path / "tools"
    shutil.copytree(images.folder, out / folder)
    (tmp_path / "out.folders").write_text(f"{folder}\0leaderboards/results/a/deleted/{'0' * 16}\0")
    (clone / "leaderboards").mkdir(parents=True)
    shutil.copytree(images.runs, clone / "leaderboards" / "results")
    tools.mkdir()
    (tools / "bench").write_text(f'#!/bin/sh\nexec {sys.executable} -m bench "$@"\n')
    (tools / "bench").chmod(0o755)
    step = next(step for step in _job()["steps"] if step.get("name") == "Preview of the boards")
    environment = {
        **os.environ,
        "OUT": str(out),
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(WORKFLOW.parents[2]),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    subprocess.run(["bash", "-c", step["run"]], cwd=clone, env=environment, check=True)
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("## What would change\n") and record.key in summary and "budget smoke" in summary


def test_links_are_refused(tmp_path: Path) -> None:
    done = _fetch(tmp_path, {f"{FOLDER}/record.json": "{}"}, link=f"{FOLDER}/scores.parquet")
    assert done.returncode == 1 and "not a plain file (mode 120000)" in done.stderr


def test_the_job_is_harmless() -> None:
    """Base checkout, read-only token, pinned actions, and nothing of the pull request pasted into a script."""
    text = WORKFLOW.read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"} and "permissions" not in _job()
    assert "secrets." not in text
    for step in _job()["steps"]:
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
        assert "${{" not in step.get("run", "")
    checkout = _job()["steps"][0]["with"]
    assert "base.sha" in checkout["ref"] and checkout["persist-credentials"] is False
