"""Small copies of the published layouts with generated images, a local web server, and the real data where it is."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.data.splits import class_split


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with omniglot/ and cifar100/: $BENCH_TEST_DATA, else ../shared/data beside the checkout."""
    named = os.environ.get("BENCH_TEST_DATA")
    folder = Path(named) if named else Path(__file__).parents[3] / "shared" / "data"
    if not (folder / "omniglot").is_dir() or not (folder / "cifar100").is_dir():
        pytest.skip(f"no omniglot/ and cifar100/ in {folder}; set BENCH_TEST_DATA")
    return folder


def image_bytes(number: int, size: int = 8, kind: str = "PNG", mode: str = "RGB") -> bytes:
    """An image file that differs for every number."""
    pixels = np.random.default_rng(number).integers(0, 256, (size, size, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(out, kind)
    return out.getvalue()


def write_hub_split(
    path: Path, image_column: str, label_column: str, class_names: list[str], labels: list[int], images: list[bytes]
) -> None:
    """A parquet file as the hub serves it: image bytes and a ClassLabel whose names stand in the schema's metadata."""
    import datasets
    import pyarrow as pa
    import pyarrow.parquet as pq

    features = datasets.Features({image_column: datasets.Image(), label_column: datasets.ClassLabel(names=class_names)})
    rows = {image_column: [{"bytes": data, "path": None} for data in images], label_column: labels}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(rows, schema=features.arrow_schema), path)


def all_classes(name: str) -> list[str]:
    return sorted(label for classes in class_split(name).values() for label in classes)


@pytest.fixture
def mini_hub(tmp_path: Path) -> Path:
    """timm/mini-imagenet's layout: 100 classes of 5 train images in two shards, 1 validation and 1 test image."""
    folder = tmp_path / "mini-hub"
    names = all_classes("miniimagenet")
    for file, per_class, first in (
        ("train-00000-of-00002", 3, 0),
        ("train-00001-of-00002", 2, 1000),
        ("validation-00000-of-00001", 1, 2000),
        ("test-00000-of-00001", 1, 3000),
    ):
        labels = [label for _ in range(per_class) for label in range(100)]
        images = [image_bytes(first + at, size=8 + at % 3, kind="JPEG") for at in range(len(labels))]
        write_hub_split(folder / "data" / f"{file}.parquet", "image", "label", names, labels, images)
    return folder


@pytest.fixture
def cifar_hub(tmp_path: Path) -> Path:
    """uoft-cs/cifar100's layout with 2 train images and 1 test image of each fine class."""
    folder = tmp_path / "cifar-hub"
    names = all_classes("cifarfs")
    for split, per_class in (("train", 2), ("test", 1)):
        labels = [label for _ in range(per_class) for label in range(100)]
        images = [image_bytes(7000 + at + 500 * per_class, size=32) for at in range(len(labels))]
        path = folder / "cifar100" / f"{split}-00000-of-00001.parquet"
        write_hub_split(path, "img", "fine_label", names, labels, images)
    return folder


def omniglot_files() -> dict[str, bytes]:
    """Every character of the split with one drawing, by its path in the official layout."""
    png = image_bytes(1, size=105, mode="1")
    return {f"{label}/0001_01.png": png for label in all_classes("omniglot")}


@pytest.fixture
def omniglot_zips(tmp_path: Path) -> Path:
    """The official layout as two zips; which alphabets lie in which does not matter to the split."""
    folder = tmp_path / "omniglot"
    folder.mkdir()
    files = sorted(omniglot_files().items())
    for part, share in (("images_background", files[:900]), ("images_evaluation", files[900:])):
        with zipfile.ZipFile(folder / f"{part}.zip", "w") as archive:
            for path, data in share:
                archive.writestr(f"{part}/{path}", data)
    return folder


@dataclass
class WebServer:
    """A local web server: `files` by path, `behave` may answer a request in its own way (True: answered)."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)  # path, Range header
    tokens: list[str | None] = field(default_factory=list)  # Authorization header of what was put
    behave: Callable[[Any], bool] = lambda handler: False


@pytest.fixture
def web() -> Iterator[WebServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.requests.append((self.path, self.headers.get("Range")))
            if state.behave(self):
                return
            body = state.files.get(self.path.split("?")[0])
            if body is None:
                self.send_error(404)
                return
            wanted = self.headers.get("Range")
            first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            if wanted and first >= len(body):
                self.send_error(416)
                return
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(len(body) - first))
            self.end_headers()
            self.wfile.write(body[first:])

        def do_HEAD(self) -> None:
            self.send_response(200 if self.path in state.files else 404)
            self.end_headers()

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if state.behave(self):
                return
            state.tokens.append(self.headers.get("Authorization"))
            state.files[self.path] = body
            self.send_response(201)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = WebServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()
