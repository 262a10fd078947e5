"""Published weights come from a folder or an address, are believed by their hash, and nothing in them is executed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from bench.catalogue import fetch_weights, is_here, load_catalogue, weights_file
from bench.errors import DataInvalid, Mismatch, StoreError
from tests.catalogue.conftest import PATHS, Published
from tests.conftest import Cli
from tests.data.conftest import WebServer


def test_from_a_folder(published: Published, cli: Cli) -> None:
    done = cli("weights", "fetch", "tiny", "--from", published.folder)
    assert done.code == 0, done.err
    assert "Licence: MIT. Trained on drawings of their own." in done.out
    entry = load_catalogue()["tiny"]
    file = weights_file(entry)
    assert is_here(entry) and [path.name for path in file.parent.iterdir()] == [file.name]  # the originals are gone
    again = cli("weights", "fetch", "tiny", "--from", "nowhere")
    assert again.code == 0 and "here already" in again.out
    assert "yes" in cli("weights", "list", "--catalogue").out.splitlines()[3]


def test_from_an_address(published: Published, web: WebServer, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    web.files = {f"/mirror/{path}": (published.folder / path).read_bytes() for path in PATHS}
    done = cli("weights", "fetch", "tiny", "--from", f"{web.url}/mirror")
    assert done.code == 0 and is_here(load_catalogue()["tiny"]), done.err
    assert [path for path, _ in web.requests] == [f"/mirror/{path}" for path in PATHS]


def test_the_users_token_stays_with_their_store(
    published: Published, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []
    web.behave = lambda handler: seen.append(handler.headers.get("Authorization"))  # type: ignore[assignment, return-value]
    web.files = {f"/{path}": (published.folder / path).read_bytes() for path in PATHS}
    monkeypatch.setenv("BENCH_WEIGHTS_TOKEN", "secret")
    entry = load_catalogue()["tiny"].model_copy(update={"base": web.url})
    fetch_weights(entry)
    assert is_here(entry) and seen == [None, None]


def test_other_files_are_refused(published: Published) -> None:
    entry = load_catalogue()["tiny"]
    (published.folder / PATHS[1]).write_bytes(b"something else")
    with pytest.raises(StoreError, match="is not what its name says") as caught:
        fetch_weights(entry, str(published.folder))
    assert "Under --from the files lie as below https://example.org/models" in caught.value.fix
    with pytest.raises(StoreError, match=r"has no models/encoder\.pkl"):
        fetch_weights(load_catalogue()["tiny"].model_copy(update={"name": "other"}), str(published.data))
    assert not weights_file(entry).exists()


def test_another_conversion_is_refused(published: Published) -> None:
    entry = published.describe("e" * 64)
    with pytest.raises(Mismatch, match=r"converted file has sha256 .*, the catalogue says eeee"):
        fetch_weights(entry, str(published.folder))
    assert not weights_file(entry).exists()


class Hostile:
    """A pickle that makes a folder when it is loaded."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.file),))


def test_code_in_a_pickle_is_not_executed(published: Published, tmp_path: Path) -> None:
    proof = tmp_path / "executed"
    hostile = published.folder / PATHS[0]
    torch.save({"layer1.0.weight": Hostile(proof)}, hostile)
    torch.load(hostile, weights_only=False)
    assert proof.exists()  # it would work
    proof.rmdir()
    with pytest.raises(DataInvalid, match=r"models/encoder\.pkl is not a file of tensors alone"):
        fetch_weights(published.describe(), str(published.folder))
    assert not proof.exists()


def test_other_tensors_than_the_converter_expects(published: Published) -> None:
    first, second = (published.folder / path for path in PATHS)
    first.write_bytes(second.read_bytes())
    with pytest.raises(DataInvalid, match="can't convert these files: KeyError: 'layer3"):
        fetch_weights(published.describe(), str(published.folder))
