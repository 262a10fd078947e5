"""Downloads against a local web server: success, resume, and each way a server can be wrong."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest

from bench.data.download import Patience, fetch_file, read_url
from bench.data.progress import Progress
from bench.errors import DataInvalid, DataMissing
from tests.data.conftest import WebServer

BODY = bytes(range(256)) * 4096  # 1 MiB
SHA = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
MD5 = f"md5:{hashlib.md5(BODY, usedforsecurity=False).hexdigest()}"
QUICK = Patience(timeout_s=2, attempts=3, pause_s=0.01)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "data.bin"


def _part(target: Path) -> Path:
    return target.with_name("data.bin.part")


@pytest.mark.parametrize("checksum", [SHA, MD5])
def test_success_reports_progress_and_leaves_one_file(web: WebServer, target: Path, checksum: str) -> None:
    web.files["/data.bin"] = BODY
    reports: list[Progress] = []
    fetch_file(f"{web.url}/data.bin", target, checksum=checksum, size=len(BODY), on_progress=reports.append)
    assert target.read_bytes() == BODY and [path.name for path in target.parent.iterdir()] == ["data.bin"]
    assert reports[-1] == Progress("download data.bin", len(BODY), len(BODY), "bytes")
    assert [report.done for report in reports] == sorted(report.done for report in reports)


def test_a_file_in_place_is_not_asked_for(web: WebServer, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(BODY)
    fetch_file(f"{web.url}/data.bin", target, checksum=SHA)
    assert web.requests == []


def test_resumes_a_partial_file(web: WebServer, target: Path) -> None:
    web.files["/data.bin"] = BODY
    target.parent.mkdir()
    _part(target).write_bytes(BODY[:700_000])
    fetch_file(f"{web.url}/data.bin", target, checksum=SHA, size=len(BODY))
    assert target.read_bytes() == BODY and web.requests == [("/data.bin", "bytes=700000-")]


def test_a_complete_partial_file_is_only_checked(web: WebServer, target: Path) -> None:
    web.files["/data.bin"] = BODY
    target.parent.mkdir()
    _part(target).write_bytes(BODY)
    fetch_file(f"{web.url}/data.bin", target, checksum=SHA)  # size unknown: the server answers 416
    assert target.read_bytes() == BODY


def test_a_server_without_ranges_sends_all_again(web: WebServer, target: Path) -> None:
    def ignore_range(handler: Any) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(BODY)))
        handler.end_headers()
        handler.wfile.write(BODY)
        return True

    web.behave = ignore_range
    target.parent.mkdir()
    _part(target).write_bytes(b"something else")
    fetch_file(f"{web.url}/data.bin", target, checksum=SHA)
    assert target.read_bytes() == BODY


def _break_off(after: int, times: int) -> Any:
    """A server that promises all, sends `after` bytes and hangs up, the first `times` times."""
    left = [times]

    def behave(handler: Any) -> bool:
        if not left[0]:
            return False
        left[0] -= 1
        wanted = handler.headers.get("Range")
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        handler.send_response(206 if wanted else 200)
        handler.send_header("Content-Length", str(len(BODY) - first))
        handler.end_headers()
        handler.wfile.write(BODY[first : first + after])
        return True

    return behave


def test_broken_connections_are_resumed_where_they_stopped(web: WebServer, target: Path) -> None:
    web.files["/data.bin"] = BODY
    web.behave = _break_off(after=200_000, times=4)  # more often than attempts allow, but each brings something
    fetch_file(f"{web.url}/data.bin", target, checksum=SHA, size=len(BODY), patience=QUICK)
    assert target.read_bytes() == BODY
    assert [wanted for _, wanted in web.requests] == [None, *(f"bytes={n}00000-" for n in (2, 4, 6, 8))]


def test_a_server_that_never_gets_further_ends_in_an_error_and_keeps_the_part(web: WebServer, target: Path) -> None:
    web.behave = _break_off(after=0, times=99)
    target.parent.mkdir()
    _part(target).write_bytes(BODY[:5000])
    with pytest.raises(DataMissing, match=r"broke off after 5,000 of 1,048,576 bytes") as caught:
        fetch_file(f"{web.url}/data.bin", target, checksum=SHA, patience=QUICK)
    assert len(web.requests) == 3 and _part(target).stat().st_size == 5000 and not target.exists()
    assert "continues where it stopped" in caught.value.fix


def test_wrong_checksum_names_both_and_deletes(web: WebServer, target: Path) -> None:
    web.files["/data.bin"] = BODY[:-1] + b"!"
    with pytest.raises(DataInvalid, match=f"expected sha256 {SHA[7:]}, found "):
        fetch_file(f"{web.url}/data.bin", target, checksum=SHA, size=len(BODY), patience=QUICK)
    assert not target.exists() and not _part(target).exists()


def test_wrong_size(web: WebServer, target: Path) -> None:
    web.files["/data.bin"] = BODY + b"more"
    with pytest.raises(DataInvalid, match="expected 1,048,576 bytes, found 1,048,580"):
        fetch_file(f"{web.url}/data.bin", target, checksum=SHA, size=len(BODY), patience=QUICK)


def test_404_is_final(web: WebServer, target: Path) -> None:
    with pytest.raises(DataMissing, match="answered 404"):
        fetch_file(f"{web.url}/data.bin", target, checksum=SHA, patience=QUICK)
    assert len(web.requests) == 1


def test_503_is_tried_again(web: WebServer, target: Path) -> None:
    busy = [2]

    def behave(handler: Any) -> bool:
        if busy[0]:
            busy[0] -= 1
            handler.send_error(503)
            return True
        return False

    web.behave, web.files["/data.bin"] = behave, BODY
    fetch_file(f"{web.url}/data.bin", target, checksum=SHA, patience=QUICK)
    assert len(web.requests) == 3


def test_a_web_page_is_not_data(web: WebServer, target: Path) -> None:
    def behave(handler: Any) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html; charset=utf-8")
        handler.end_headers()
        handler.wfile.write(b"<html>please log in</html>")
        return True

    web.behave = behave
    with pytest.raises(DataInvalid, match="gave a web page"):
        fetch_file(f"{web.url}/data.bin", target, checksum=SHA, patience=QUICK)
    assert not target.exists() and not _part(target).exists()


def test_no_server_and_a_silent_server_end_soon(web: WebServer, target: Path) -> None:
    def silent(handler: Any) -> bool:
        time.sleep(0.3)
        return True

    started = time.monotonic()
    with pytest.raises(DataMissing, match="no connection"):
        fetch_file("http://127.0.0.1:9/data.bin", target, checksum=SHA, patience=QUICK)
    web.behave = silent
    with pytest.raises(DataMissing, match="no connection"):
        read_url(f"{web.url}/x", patience=Patience(timeout_s=0.1, attempts=2, pause_s=0.01))
    assert time.monotonic() - started < 5


def test_a_token_is_not_carried_to_another_server(web: WebServer, target: Path) -> None:
    seen: list[str | None] = []

    def behave(handler: Any) -> bool:
        seen.append(handler.headers.get("Authorization"))
        if handler.path == "/data.bin":
            handler.send_response(302)
            handler.send_header("Location", f"{web.url.replace('127.0.0.1', 'localhost')}/stored.bin")
            handler.end_headers()
            return True
        return False

    web.behave, web.files["/stored.bin"] = behave, BODY
    fetch_file(f"{web.url}/data.bin", target, checksum=SHA, token="secret", patience=QUICK)
    assert seen == ["Bearer secret", None] and target.read_bytes() == BODY
