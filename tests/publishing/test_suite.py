"""A suite's repository: the episodes that bench asks, as anybody reads them, and hashes that anybody can check."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from huggingface_hub import DatasetCard

from bench.publishing import files_of
from bench.publishing.croissant import problems
from bench.records.classes import read_classes
from bench.records.files import file_sha256
from tests.conftest import Cli
from tests.publishing.conftest import RECORDS, Hub

OWN = """
schema: 1
suites:
  birds-5w1s:
    version: 1
    title: Birds
    task: {kind: images, data: imagefolder, path: /secret/birds, image_size: 84, way: 5, shot: 1, query: 2%s}
    metric: accuracy
"""


@pytest.fixture(scope="module")
def folders() -> dict[str, Path]:
    return {}


@pytest.fixture
def written(
    request: pytest.FixtureRequest, folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, cli: Cli
) -> Path:
    """The folder of a suite, written once."""
    name = getattr(request, "param", "omniglot-5w1s")
    if name not in folders:
        folder = tmp_path_factory.mktemp("suites") / name
        ended = cli("publish", name, "--write", folder)
        assert ended.code == 0, ended.err
        folders[name] = folder
    return folders[name]


def test_the_episodes_are_those_of_the_records(written: Path) -> None:
    asked = pq.read_table(written / "episodes.parquet")
    recorded = read_classes(next((RECORDS / "omniglot-5w1s").glob("classes-*.parquet")))
    assert asked["episode"].to_pylist() == list(range(10_000))
    ids = np.array(asked["classes"].to_pylist())
    np.testing.assert_array_equal(ids[: len(recorded)].ravel(), recorded.items)
    labels = np.array(asked["query_label"].to_pylist())
    assert ids.shape == (10_000, 5) and (np.sort(labels) == np.repeat(np.arange(5), 15)).all()


def test_the_card_has_the_code_that_checks_the_hash(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = DatasetCard.load(written / "README.md")
    (code,) = (block for block in re.findall(r"```python\n(.*?)```", card.text, re.S) if "hashlib" in block)
    monkeypatch.chdir(written)
    exec(code, {})
    with pytest.raises(AssertionError):
        exec(code.replace('"version": suite["version"]', '"version": 2'), {})
    assert card.data.license == "mit" and card.data.configs[0]["data_files"][0]["path"] == "episodes.parquet"


@pytest.mark.parametrize("written", ["omniglot-5w1s", "gp1d-rbf", "bandit-n10k5"], indirect=True)
def test_its_croissant_speaks_of_the_files_that_are_there(written: Path) -> None:
    described = json.loads((written / "croissant.json").read_text())
    files = {entry["@id"]: entry for entry in described["distribution"]}
    assert {*files, "README.md", "croissant.json"} == set(files_of(written))
    for name, entry in files.items():
        assert entry["sha256"] == file_sha256(written / name) and entry["contentUrl"] == name
    words = {word for entry in _nodes(described) for word in entry if not word.startswith("@")}
    schema = {"name", "description", "version", "license", "distribution", "contentUrl", "contentSize"}
    schema |= {"encodingFormat", "sha256"}  # of schema.org, the @vocab
    assert words - schema <= set(described["@context"])
    for record_set in described.get("recordSet", ()):
        columns = pq.read_schema(written / "episodes.parquet").names
        assert [field["source"]["extract"]["column"] for field in record_set["field"]] == columns
        assert {field["source"]["fileObject"]["@id"] for field in record_set["field"]} <= files.keys()


def _nodes(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [node for part in value for node in _nodes(part)]
    if not isinstance(value, dict):
        return []
    return [value, *(node for key, part in value.items() if key != "@context" for node in _nodes(part))]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # between mlcroissant and rdflib
def test_mlcroissant_reads_it(written: Path) -> None:
    croissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed: extra `hub`")
    assert problems(written) == []
    first = next(iter(croissant.Dataset(jsonld=written / "croissant.json").records("episodes")))
    row = pq.read_table(written / "episodes.parquet").slice(0, 1).to_pylist()[0]
    assert {name.partition("/")[2]: list(np.atleast_1d(value)) for name, value in first.items()} == {
        name: list(np.atleast_1d(value)) for name, value in row.items()
    }
    damaged = json.loads((written / "croissant.json").read_text())
    damaged["recordSet"][0]["field"][1]["source"]["fileObject"]["@id"] = "nowhere.parquet"
    other = written.with_name("damaged")
    other.mkdir()
    (other / "croissant.json").write_text(json.dumps(damaged))
    assert problems(other)


@pytest.mark.slow  # imports datasets
def test_datasets_reads_it(written: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    rows = load_dataset(str(written), split="test", cache_dir=str(tmp_path))
    assert len(rows) == 10_000 and len(rows[0]["query"]) == 75


@pytest.mark.parametrize("written", ["gp1d-rbf"], indirect=True)
def test_functions_come_with_their_values(written: Path) -> None:
    rows = pq.read_table(written / "episodes.parquet").slice(0, 32).to_pylist()
    sizes = [(len(row["support_x"]), len(row["query_x"])) for row in rows]
    assert len(set(sizes[:16])) == 1 and all(len(row["support_y"]) == len(row["support_x"]) for row in rows)
    assert all(-2 <= x <= 2 for row in rows for x in row["support_x"])


def test_a_suite_of_ones_own(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "mine.yaml").write_text(OWN % "")
    ended = cli("publish", "birds-5w1s", "--tasks", tmp_path / "mine.yaml", "--write", tmp_path / "out")
    assert ended.code == 2 and "Declare `pool:`" in ended.err
    pool = ", pool: {train: [9, 9], val: [9, 9], test: [9, 9]}"
    (tmp_path / "mine.yaml").write_text(OWN % pool)
    assert cli("publish", "birds-5w1s", "--tasks", tmp_path / "mine.yaml", "--write", tmp_path / "out").code == 0
    said = "".join(file.read_text() for name, file in files_of(tmp_path / "out").items() if ".parquet" not in name)
    assert "secret" not in said and "No licence is stated" in said and "--tasks suite.json" in said


def test_it_goes_to_a_dataset_repository(hub: Hub, tmp_path: Path, cli: Cli) -> None:
    ended = cli("publish", "bandit-n10k5", "--write", tmp_path / "out", "--repo", "me/bandits")
    assert ended.code == 0 and hub.where == ("dataset", "me/bandits")
    assert json.loads(hub.committed["croissant.json"])["url"] == "https://huggingface.co/datasets/me/bandits"
