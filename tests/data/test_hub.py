"""Hub-layout folders and the hub itself: mini-ImageNet and CIFAR-FS from generated copies of their repositories."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from bench.data import cifarfs, fetch, import_source, load, miniimagenet, verify
from bench.data.splits import class_split
from bench.errors import DataInvalid, DataMissing
from tests.data.conftest import WebServer, all_classes, image_bytes, write_hub_split


def _publish(web: WebServer, folder: Path, repository: str, revision: str) -> None:
    """Serve a folder as the hub serves a repository: a listing with sizes and sha256, and the files."""
    listing = [{"type": "directory", "path": "data", "oid": "0", "size": 0}]
    for path in sorted(folder.rglob("*.parquet")):
        name, data = path.relative_to(folder).as_posix(), path.read_bytes()
        lfs = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
        listing.append({"type": "file", "path": name, "oid": "1", "size": len(data), "lfs": lfs})
        web.files[f"/datasets/{repository}/resolve/{revision}/{name}"] = data
    web.files[f"/api/datasets/{repository}/tree/{revision}"] = json.dumps(listing).encode()


@pytest.fixture
def hub_env(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> WebServer:
    monkeypatch.setenv("HF_ENDPOINT", web.url)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    return web


def test_mini_pools_train_and_validation_and_drops_test(mini_hub: Path, tmp_path: Path) -> None:
    card = import_source("miniimagenet", mini_hub, tmp_path / "root")
    data = load("miniimagenet", data_dir=tmp_path / "root")
    shapes = {split: part.images.shape for split, part in data.splits.items()}
    assert shapes == {"train": (384, 3, 84, 84), "val": (96, 3, 84, 84), "test": (120, 3, 84, 84)}
    for split, part in data.splits.items():
        assert part.classes == class_split("miniimagenet")[split] and set(part.counts) == {6}
    assert not card.exact and card.fingerprint != card.pixel_sha256 and card.revision is None

    # class at place c, image k of it, was row k * 100 + c of the shard that holds it
    names = all_classes("miniimagenet")
    part, which = data.splits["test"], 7
    place = names.index(part.classes[which])
    numbers = [place, 100 + place, 200 + place, 1000 + place, 1100 + place, 2000 + place]
    for k, number in enumerate(numbers):
        row = number % 1000
        jpeg = image_bytes(number, size=8 + row % 3, kind="JPEG")
        assert (part.images[which * 6 + k] == miniimagenet.TRANSFORM.apply(jpeg, "x")).all()


def test_the_jpeg_fingerprint_is_of_the_source_bytes(mini_hub: Path, tmp_path: Path) -> None:
    first = import_source("miniimagenet", mini_hub, tmp_path / "a")
    assert import_source("miniimagenet", mini_hub, tmp_path / "b") == first
    names, file = all_classes("miniimagenet"), mini_hub / "data" / "validation-00000-of-00001.parquet"
    images = [image_bytes(5000 + at, kind="JPEG") for at in range(100)]
    write_hub_split(file, "image", "label", names, list(range(100)), images)
    assert import_source("miniimagenet", mini_hub, tmp_path / "c").fingerprint != first.fingerprint


def test_missing_and_short_classes_are_named(mini_hub: Path, tmp_path: Path) -> None:
    names, file = all_classes("miniimagenet"), mini_hub / "data" / "validation-00000-of-00001.parquet"
    labels = [label for label in range(100) if label != 3]
    write_hub_split(file, "image", "label", names, labels, [image_bytes(1, kind="JPEG")] * 99)
    with pytest.raises(DataInvalid, match=f"expected 6 images of each class; {names[3]} has 5"):
        import_source("miniimagenet", mini_hub, tmp_path / "root")
    for shard in mini_hub.rglob("*.parquet"):
        shard.unlink()
    write_hub_split(mini_hub / "train-00000-of-00001.parquet", "image", "label", names, labels, [image_bytes(1)] * 99)
    with pytest.raises(DataInvalid, match=f"1 of them have no image: {names[3]}"):
        import_source("miniimagenet", mini_hub, tmp_path / "root")
    assert not (tmp_path / "root" / "miniimagenet").exists()


def test_a_missing_shard_other_columns_and_a_broken_file(mini_hub: Path, tmp_path: Path) -> None:
    shard = mini_hub / "data" / "train-00001-of-00002.parquet"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:1000])
    with pytest.raises(DataInvalid, match="not a readable parquet file"):
        import_source("miniimagenet", mini_hub, tmp_path / "root")
    write_hub_split(shard, "picture", "label", ["a"], [0], [image_bytes(1)])
    with pytest.raises(DataInvalid, match="expected columns image and label; image missing, found picture, label"):
        import_source("miniimagenet", mini_hub, tmp_path / "root")
    write_hub_split(shard, "image", "label", ["a"], [0], [image_bytes(1)])
    with pytest.raises(DataInvalid, match="its class names are not those of"):
        import_source("miniimagenet", mini_hub, tmp_path / "root")
    shard.unlink()
    with pytest.raises(DataInvalid, match="shard 00001 of split 'train' is missing"):
        import_source("miniimagenet", mini_hub, tmp_path / "root")


def test_cifarfs_pools_train_and_test_exactly(cifar_hub: Path, tmp_path: Path) -> None:
    card = import_source("cifarfs", cifar_hub, tmp_path / "root")
    data = load("cifarfs", data_dir=tmp_path / "root")
    assert data.splits["val"].images.shape == (48, 3, 32, 32) and set(data.splits["val"].counts) == {3}
    assert card.exact and card.fingerprint == card.pixel_sha256 == verify("cifarfs", tmp_path / "root").fingerprint
    beaver = all_classes("cifarfs").index("beaver")
    test_image = cifarfs.TRANSFORM.apply(image_bytes(7000 + 500 + beaver, size=32), "x")
    assert (data.splits["val"].images[2] == test_image).all()


def test_fetch_from_the_hub(mini_hub: Path, tmp_path: Path, hub_env: WebServer) -> None:
    _publish(hub_env, mini_hub, miniimagenet.REPOSITORY, miniimagenet.REVISION)
    stages: list[str] = []
    card = fetch("miniimagenet", tmp_path / "root", lambda report: stages.append(report.stage))
    assert card.revision == miniimagenet.REVISION
    assert card.fingerprint == import_source("miniimagenet", mini_hub, tmp_path / "other").fingerprint
    assert not any("test-" in path for path, _ in hub_env.requests)  # hub test is not needed, so not fetched
    assert stages[0].startswith("download train-00000") and stages[-1] == "prepare miniimagenet"
    before = len(hub_env.requests)
    assert fetch("miniimagenet", tmp_path / "root") == card and len(hub_env.requests) == before

    flipped = next((tmp_path / "root" / "miniimagenet").rglob("val.npy"))
    content = bytearray(flipped.read_bytes())
    content[-1] ^= 1
    flipped.write_bytes(content)
    assert fetch("miniimagenet", tmp_path / "root") == card  # the damage is found and mended from the files at hand
    assert verify("miniimagenet", tmp_path / "root") == card


def test_fetched_files_lying_in_source_are_prepared_by_load(cifar_hub: Path, tmp_path: Path) -> None:
    source = tmp_path / "root" / "cifarfs" / "source"
    source.mkdir(parents=True)
    (cifar_hub / "cifar100").rename(source / "cifar100")
    assert load("cifarfs", data_dir=tmp_path / "root").splits["test"].images.shape == (60, 3, 32, 32)


def test_a_listing_that_leaves_the_folder_is_refused(tmp_path: Path, hub_env: WebServer) -> None:
    listing = [
        {"type": "file", "path": f"../../{split}-00000-of-00001.parquet", "size": 1, "lfs": {"oid": "0" * 64}}
        for split in ("train", "test")
    ]
    api = f"/api/datasets/{cifarfs.REPOSITORY}/tree/{cifarfs.REVISION}"
    hub_env.files[api] = json.dumps(listing).encode()
    with pytest.raises(DataInvalid, match="outside its repository"):
        fetch("cifarfs", tmp_path / "root")
    hub_env.files[api] = b'{"error": "odd"}'
    with pytest.raises(DataInvalid, match="not a listing of files"):
        fetch("cifarfs", tmp_path / "root")
    hub_env.files[api] = b"[]"
    with pytest.raises(DataInvalid, match="no parquet files of split 'train'"):
        fetch("cifarfs", tmp_path / "root")


def test_offline_and_unreachable_hubs_name_the_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    for offline in ("1", "0"):
        monkeypatch.setenv("HF_HUB_OFFLINE", offline)
        with pytest.raises(DataMissing) as caught:
            fetch("miniimagenet", tmp_path / "root")
        assert "bench data import miniimagenet FOLDER" in caught.value.fix and "glyphs-5w1s" in caught.value.fix


def test_wordnet_folders_and_ravi_csvs(tmp_path: Path) -> None:
    names = all_classes("miniimagenet")
    folders, tables = tmp_path / "folders", tmp_path / "csv"
    (tables / "images").mkdir(parents=True)
    for split, classes in class_split("miniimagenet").items():
        rows = ["filename,label"]
        for label in classes:
            (folders / split / label).mkdir(parents=True)
            for k in range(2):
                jpeg = image_bytes(10 * names.index(label) + k, kind="JPEG")
                (folders / split / label / f"{label}_{k}.JPEG").write_bytes(jpeg)
                (tables / "images" / f"{label}{k:08d}.jpg").write_bytes(jpeg)
                rows.append(f"{label}{k:08d}.jpg,{label}")
        (tables / f"{split}.csv").write_text("\n".join(rows) + "\n")
    first = import_source("miniimagenet", folders, tmp_path / "a")
    second = import_source("miniimagenet", tables, tmp_path / "b")
    assert first.fingerprint == second.fingerprint  # the same bytes in the same order
    assert first.source == "folders of WordNet ids" and second.source == "Ravi & Larochelle CSV files"
    a, b = (load("miniimagenet", data_dir=tmp_path / root).splits["val"] for root in "ab")
    assert np.array_equal(a.images, b.images)

    (tables / "val.csv").write_text("filename,label\n../secret.jpg,n01855672\n")
    with pytest.raises(DataInvalid, match=r"val\.csv, line 2: there is no image '\.\./secret\.jpg'"):
        import_source("miniimagenet", tables, tmp_path / "c")


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    for name in ("miniimagenet", "cifarfs"):
        with pytest.raises(DataInvalid, match="cop"):
            import_source(name, tmp_path, tmp_path / "root")
