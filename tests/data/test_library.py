"""The public functions: names, places, messages, and what they cost to import."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

import bench.data
from bench.data import datasets, fetch, import_source, load, root, status, verify
from bench.errors import DataInvalid, DataMissing, UsageError


def test_importing_is_light() -> None:
    heavy = ("torch", "pandas", "datasets", "PIL", "pyarrow", "scipy", "yaml", "pydantic")
    code = f"import sys, bench.data; print([name for name in {heavy} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_public_names_are_there() -> None:
    assert all(hasattr(bench.data, name) for name in bench.data.__all__)
    assert datasets() == ("omniglot", "miniimagenet", "cifarfs", "glyphs", "imagefolder")


def test_where_the_root_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "named"))
    assert root(tmp_path) == tmp_path and root() == tmp_path / "named"
    monkeypatch.delenv("BENCH_DATA")
    assert root().name == "bench"


@pytest.mark.parametrize("name", ["omniglot", "miniimagenet", "cifarfs"])
def test_absent_data_says_at_once_how_to_get_it(name: str, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(DataMissing) as caught:
        load(name, data_dir=tmp_path)
    assert time.monotonic() - started < 2
    for line in (f"bench data fetch {name}", f"bench data import {name} FOLDER", "--suite glyphs-5w1s"):
        assert line in caught.value.fix
    with pytest.raises(DataMissing):
        verify(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_unknown_names_and_misplaced_options(tmp_path: Path) -> None:
    for call in (load, fetch, verify):
        with pytest.raises(UsageError, match="Did you mean 'omniglot'"):
            call("omnigoat")
    with pytest.raises(UsageError, match="imagefolder"):
        load("omniglot", image_size=3, data_dir=tmp_path)
    for name in ("glyphs", "imagefolder"):
        with pytest.raises(UsageError):
            import_source(name, tmp_path, tmp_path)
    for call in (fetch, verify):
        with pytest.raises(UsageError, match="path of one is needed"):
            call("imagefolder", tmp_path)
    with pytest.raises(DataMissing, match="There is no"):
        import_source("omniglot", tmp_path / "nowhere", tmp_path)


def test_glyphs_are_made_once_verified_and_mended(tmp_path: Path) -> None:
    assert {row.name: row.state for row in status(tmp_path)}["glyphs"] == "built-in"
    card = load("glyphs", data_dir=tmp_path).card
    started = time.monotonic()
    assert load("glyphs", data_dir=tmp_path).card == card == verify("glyphs", tmp_path)
    assert time.monotonic() - started < 1
    path = next((tmp_path / "glyphs").rglob("train.npy"))
    path.write_bytes(path.read_bytes()[:-1])
    row = {row.name: row for row in status(tmp_path)}["glyphs"]
    assert row.state == "damaged" and "train.npy" in row.detail
    with pytest.raises(DataInvalid, match=r"train\.npy") as caught:
        load("glyphs", data_dir=tmp_path)
    assert "bench data fetch glyphs" in caught.value.fix
    assert fetch("glyphs", tmp_path) == card == verify("glyphs", tmp_path)


def test_status_rows(tmp_path: Path) -> None:
    source = tmp_path / "omniglot" / "source"
    source.mkdir(parents=True)
    (source / "images_background.zip").write_bytes(b"x" * 10)
    rows = {row.name: row for row in status(tmp_path)}
    assert tuple(rows) == datasets()
    assert rows["omniglot"].state == "absent" and rows["omniglot"].bytes == 10
    assert "bench data import omniglot" in rows["omniglot"].detail
    assert rows["cifarfs"].detail == "bench data fetch cifarfs" and rows["cifarfs"].card is None
