"""A published run with weights as a folder, and the hub as far as it is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli

REPOSITORY = Path(__file__).parents[2]
RECORDS = REPOSITORY / "leaderboards" / "results"
RUN = RECORDS / "omniglot-5w1s" / "protonet" / "a2ab41d0427f96f4"


class Hub:
    """The part of `huggingface_hub.HfApi` that is used: what was committed, and the error to raise instead."""

    def __init__(self) -> None:
        self.committed: dict[str, bytes] = {}
        self.where: tuple[str, str] | None = None
        self.error: Exception | None = None

    def __call__(self, endpoint: str, token: str | None) -> Hub:
        assert endpoint == "https://huggingface.co" and token == "hf_secret"
        return self

    def create_commit(
        self, repository: str, operations: list[Any], commit_message: str, revision: str, repo_type: str
    ) -> None:
        if self.error:
            raise self.error
        assert revision == "main" and "bench publish" in commit_message
        self.where = (repo_type, repository)
        self.committed = {added.path_in_repo: Path(added.path_or_fileobj).read_bytes() for added in operations}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    """Somebody is logged in there."""
    fake = Hub()
    for name in ("HF_ENDPOINT", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("bench.artifacts.hub.login", lambda: "hf_secret")
    monkeypatch.setattr("bench.publishing.hub.login", lambda: "hf_secret")
    monkeypatch.setattr("huggingface_hub.HfApi", fake)
    return fake


@pytest.fixture
def model(tmp_path: Path, cli: Cli) -> Path:
    """The folder of a published run, for a repository that is named."""
    folder = tmp_path / "model"
    ended = cli(
        *("publish", RUN, "--to", "hf", "--write", folder),
        *("--repo", "me/protonet", "--dry-run", "--license", "mit"),
    )
    assert ended.code == 0, ended.err
    return folder
