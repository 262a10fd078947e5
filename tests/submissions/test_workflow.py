"""The workflow's own shell, run on a small repository: what it fetches of a pull request, and what it refuses."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

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


def _fetch(tmp_path: Path, files: dict[str, str | bytes], link: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the fetch step in a clone whose origin has a pull request that adds `files`."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    _git(origin, "init", "--quiet")
    (origin / "README.md").write_text("base\n")
    _git(origin, "add", ".")
    _git(origin, "commit", "--quiet", "-m", "base")
    base = _git(origin, "rev-parse", "HEAD")
    _git(tmp_path, "clone", "--quiet", str(origin), str(clone))
    for name, content in files.items():
        path = origin / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if link:
        (origin / link).symlink_to("/etc/hostname")
    _git(origin, "add", "--force", ".")
    _git(origin, "commit", "--quiet", "-m", "submission")
    _git(origin, "update-ref", "refs/pull/1/head", "HEAD")
    step = next(step for step in _job()["steps"] if step.get("id") == "fetch")
    environment = {**os.environ, "BASE": base, "HEAD": "refs/pull/1/head", "OUT": str(tmp_path / "out")}
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
