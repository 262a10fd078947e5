"""Weights go to a store and come back, whatever kind of store it is, and are believed by their hash only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.artifacts import Weights, fetch, find_weights, open_place, push
from bench.artifacts.web import Web
from bench.data.transfer import Patience
from bench.errors import Mismatch, StoreError, UsageError
from bench.records import RunStore
from bench.records.weights import weights_of
from tests.artifacts.conftest import run_with_weights
from tests.conftest import Cli
from tests.data.conftest import WebServer

QUICK = Patience(timeout_s=2.0, attempts=2, give_up_s=2.0, pause_s=0.01)


def drop(runs: Path) -> dict[Path, bytes]:
    """Take the weights away; returns what they were."""
    files = {path: path.read_bytes() for path in sorted(runs.rglob("checkpoint.safetensors"))}
    for path in files:
        path.unlink()
    return files


def here(runs: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(runs.rglob("checkpoint.safetensors"))}


class FakeHub:
    """The part of `huggingface_hub.HfApi` that is used, above a web server that plays the hub."""

    def __init__(self, web: WebServer) -> None:
        self.web, self.commits = web, list[int]()

    def __call__(self, **options: Any) -> FakeHub:
        assert options["endpoint"] == self.web.url
        return self

    def list_repo_files(self, repository: str, revision: str, repo_type: str) -> list[str]:
        if repository != "me/weights":
            from unittest.mock import Mock

            from huggingface_hub.errors import RepositoryNotFoundError

            raise RepositoryNotFoundError("404 Client Error", response=Mock())
        return [path.rpartition("/")[2] for path in self.web.files]

    def create_commit(
        self, repository: str, operations: list[Any], commit_message: str, revision: str, repo_type: str
    ) -> None:
        assert (repository, revision, repo_type) == ("me/weights", "main", "model") and commit_message
        self.commits.append(len(operations))
        for added in operations:
            content = Path(added.path_or_fileobj).read_bytes()
            self.web.files[f"/{repository}/resolve/main/{added.path_in_repo}"] = content


@pytest.fixture
def hub(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> FakeHub:
    fake = FakeHub(web)
    monkeypatch.setenv("HF_ENDPOINT", web.url)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.HfApi", fake)
    return fake


@pytest.fixture(params=["folder", "web", "hub"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "folder":
        yield str(tmp_path / "store")
    elif request.param == "web":
        yield request.getfixturevalue("web").url + "/bucket"
    else:
        request.getfixturevalue("hub")
        yield "hf://me/weights"


def test_there_and_back(store: str, runs: Path, cli: Cli) -> None:
    sent = cli("weights", "push", store, "--runs", runs)
    assert sent.code == 0 and "3 sent (0.1 MB), 0 there already" in sent.out, sent.err
    assert "0 sent (0.0 MB), 3 there already" in cli("weights", "push", store, "--runs", runs).out
    before = drop(runs)
    assert "here 0, 0.0 MB" in cli("weights", "list", "--runs", runs).out
    back = cli("weights", "fetch", "--all", "--from", store, "--runs", runs)
    assert back.code == 0 and "3 fetched (0.1 MB), 0 here already" in back.out, back.err
    assert here(runs) == before and not list((runs / ".weights").iterdir())
    assert all(run.problem is None for run in RunStore(runs).runs())
    assert "0 fetched (0.0 MB), 3 here already" in cli("weights", "fetch", "--all", "--from", store, "--runs", runs).out


def test_a_record_says_where_its_weights_lie_if_others_can_reach_it(store: str, runs: Path, cli: Cli) -> None:
    push(list(find_weights([runs])), open_place(store))
    before = drop(runs)
    entries = json.loads(cli("weights", "list", "--runs", runs, "--json").out)
    shared = "://" in store
    assert [entry["uri"] for entry in entries] == [
        f"{store}/{entry['sha256']}.safetensors" if shared else None for entry in entries
    ]
    back = cli("weights", "fetch", "--all", "--runs", runs)
    assert back.code == (0 if shared else 1) and here(runs) == (before if shared else {})
    assert shared or ("--from STORE" in back.err and "2 more were not fetched" in back.err)


def test_one_run_by_its_key(runs: Path, tmp_path: Path, cli: Cli) -> None:
    store = str(tmp_path / "store")
    push(list(find_weights([runs])), open_place(store))
    before = drop(runs)
    path = next(iter(before)).parent
    assert cli("weights", "fetch", path.name[:8], "--from", store, "--runs", runs).code == 0
    assert here(runs) == {path / "checkpoint.safetensors": before[path / "checkpoint.safetensors"]}
    assert cli("weights", "fetch", "--runs", runs).code == 2
    assert cli("weights", "fetch", path, "--all").code == 2


def test_what_is_not_what_the_record_says_is_not_taken(web: WebServer, runs: Path) -> None:
    wanted = list(find_weights([runs]))
    push(wanted, Web(web.url, QUICK))
    drop(runs)
    first, second, third = (f"/{weights.name}" for weights in wanted)
    web.files[first] = web.files[first][:-1] + b"!"  # another content
    web.files[second] += b"and no end"
    del web.files[third]
    done = list(fetch(wanted, Web(web.url, QUICK)))
    told = [str(one.problem) for one in done]
    assert "expected sha256" in told[0] and "bytes, found" in told[1] and "404" in told[2]
    assert here(runs) == {} and not any("bench data import" in text for text in told)
    assert not [path for path in (runs / ".weights").iterdir() if not path.name.endswith(".part")]


def test_a_broken_download_continues(web: WebServer, runs: Path) -> None:
    (weights,) = (found for found in find_weights([runs]) if found.record.algorithm.name == "maml")
    push([weights], Web(web.url))
    before, half = weights.file.read_bytes(), weights.recorded.bytes // 2
    weights.file.unlink()
    part = runs / ".weights" / f"{weights.name}.part"
    part.parent.mkdir()
    part.write_bytes(before[:half])
    web.requests.clear()
    (done,) = fetch([weights], Web(web.url))
    assert done.new and weights.file.read_bytes() == before
    assert web.requests == [(f"/{weights.name}", f"bytes={half}-")] and not part.exists()


def test_a_run_that_was_replaced_meanwhile_does_not_get_other_weights(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [found for found in find_weights([runs]) if found.record.algorithm.name == "maml"]
    place = open_place(str(tmp_path / "store"))
    push(wanted, place)
    run_with_weights(runs, b"a new training" * 100, algorithm__name="maml")
    (wanted[0].run / "checkpoint.safetensors").unlink()
    (done,) = fetch(wanted, place)
    assert "another run by now" in str(done.problem) and not wanted[0].file.exists()


def test_uploads_try_again_and_say_what_the_server_said(
    web: WebServer, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [503, 201]

    def behave(handler: Any) -> bool:
        handler.send_response(answers[0])
        handler.end_headers()
        return answers.pop(0) != 201 if len(answers) > 1 else True

    wanted = [found for found in find_weights([runs]) if found.record.algorithm.name == "maml"]
    web.behave = behave
    push(wanted, Web(web.url, QUICK))
    answers[:] = [403]
    with pytest.raises(StoreError, match=r"could not be sent: 403 .*"):
        push(wanted, Web(web.url, QUICK))
    web.behave = lambda handler: False
    monkeypatch.setenv("BENCH_WEIGHTS_TOKEN", "secret")
    push(wanted, Web(web.url, QUICK))
    assert web.tokens == ["Bearer secret"]
    with pytest.raises(StoreError, match="no answer"):
        push(wanted, Web("http://127.0.0.1:9", QUICK))


def test_weights_that_are_not_the_records_are_not_sent(runs: Path, tmp_path: Path) -> None:
    path = next(iter(here(runs)))
    path.write_bytes(b"others")
    with pytest.raises(Mismatch, match="not the checkpoint that was scored"):
        push(list(find_weights([runs])), open_place(str(tmp_path / "store")))
    assert not (tmp_path / "store").exists()


def test_what_the_hub_refuses(hub: FakeHub, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = list(find_weights([runs]))
    with pytest.raises(StoreError, match="shows no model repository me/other"):
        push(wanted, open_place("hf://me/other"))
    push(wanted, open_place("hf://me/weights"))
    assert hub.commits == [3], "one commit for all"
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(StoreError, match="HF_HUB_OFFLINE"):
        push(wanted, open_place("hf://me/weights"))


@pytest.mark.parametrize("text", ["s3://bucket", "hf://nobody", "hf://a/b/c/d", "ftp://host/x"])
def test_other_addresses_are_explained(text: str) -> None:
    with pytest.raises(UsageError, match=text):
        open_place(text)


@pytest.fixture
def without(runs: Path) -> Path:
    """A run whose weights are elsewhere."""
    path = next(iter(drop(runs))).parent
    assert Weights.of(path, RunStore(runs).read(path)) is not None
    return path


def test_who_starts_from_weights_that_are_not_here_is_told_how_to_get_them(without: Path, cli: Cli) -> None:
    """Verifications, timings, pictures and longer runs say the same: it is one function, `weights_of`."""
    weights = without / "checkpoint.safetensors"
    done = cli("run", "--algo", "protonet", "--suite", "glyphs-5w1s", "--checkpoint", weights)
    assert done.code == 1 and f"The weights of {without} are not here" in done.err
    assert f"bench weights fetch {without} --from STORE" in done.err
    with pytest.raises(StoreError, match="are not here"):
        weights_of(without, RunStore(without).read(without))


def test_show_says_where_weights_are(without: Path, cli: Cli) -> None:
    shown = cli("show", without)
    assert shown.code == 0 and "not here" in shown.out and "bench weights fetch" in shown.out
