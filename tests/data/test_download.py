"""Downloads against a local web server: success, resume, and each way a server can be wrong."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bench.data.download import fetch_file, read_url
from bench.data.progress import Progress
from bench.data.transfer import Patience
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


def _answers(status: int = 200, headers: dict[str, str] | None = None, body: bytes = b"") -> Any:
    def behave(handler: Any) -> bool:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
        return True

    return behave


def _pours(step: bytes, pause_s: float) -> Any:
    """A server without a Content-Length that sends `step` for ever, or until its client leaves."""

    def behave(handler: Any) -> bool:
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            while True:
                handler.wfile.write(step)
                time.sleep(pause_s)
        return True

    return behave


def test_a_body_without_an_end_is_cut_off(web: WebServer, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web.behave = _pours(bytes(1 << 16), 0)
    with pytest.raises(DataInvalid, match=r"expected 1,048,576 bytes, found .* and no end"):
        fetch_file(f"{web.url}/data.bin", target, checksum=SHA, size=len(BODY), patience=QUICK)
    with pytest.raises(DataInvalid, match=r"expected at most 500,000 bytes, found .* and no end"):
        fetch_file(f"{web.url}/data.bin", target, checksum=SHA, at_most=500_000, patience=QUICK)
    monkeypatch.setattr("bench.data.download._SMALL", 100_000)
    with pytest.raises(DataInvalid, match="expected at most 100,000 bytes"):
        read_url(f"{web.url}/listing", patience=QUICK)
    assert list(target.parent.iterdir()) == []


def test_a_trickle_ends(web: WebServer, target: Path) -> None:
    web.behave = _pours(b".", 0.02)
    patience = Patience(timeout_s=1, attempts=2, pause_s=0.01, pace=1000, pace_s=0.2)
    started = time.monotonic()
    with pytest.raises(DataMissing, match=r"could not be downloaded: only .* bytes came in 0 seconds"):
        fetch_file(f"{web.url}/data.bin", target, checksum=SHA, size=len(BODY), patience=patience)
    with pytest.raises(DataMissing, match="bytes came in"):
        read_url(f"{web.url}/listing", patience=patience)
    assert time.monotonic() - started < 5


def test_the_frame_of_a_chunked_body_that_trickles_ends(web: WebServer, target: Path) -> None:
    def behave(handler: Any) -> bool:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"5\r\nfirst\r\n")
        with contextlib.suppress(OSError):
            while True:
                handler.wfile.write(b"0")  # a length that never ends
                time.sleep(0.02)
        return True

    web.behave = behave
    patience = Patience(timeout_s=1, attempts=2, pause_s=0.01, pace=1, pace_s=0.2)
    started = time.monotonic()
    with pytest.raises(DataMissing, match="nothing complete came in"):
        fetch_file(f"{web.url}/data.bin", target, checksum=SHA, size=len(BODY), patience=patience)
    assert time.monotonic() - started < 5


def test_headers_that_trickle_end(target: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()

        def drip() -> None:
            with contextlib.suppress(OSError):
                connection = listening.accept()[0]
                with connection:
                    while not over.wait(0.02):
                        connection.sendall(b"H")

        thread = threading.Thread(target=drip)
        thread.start()
        patience = Patience(timeout_s=1, attempts=1, give_up_s=0.3)
        with pytest.raises(DataMissing, match=r"no answer within 0\.3 seconds"):
            read_url(f"http://127.0.0.1:{listening.getsockname()[1]}/x", patience=patience)
        over.set()
        thread.join()


def test_416_is_an_answer_like_any_other(web: WebServer, target: Path) -> None:
    web.behave = _answers(416)
    for size in (None, len(BODY)):
        with pytest.raises(DataMissing, match="answered 416"):
            fetch_file(f"{web.url}/data.bin", target, checksum=SHA, size=size, patience=QUICK)
    with pytest.raises(DataMissing, match="answered 416"):
        read_url(f"{web.url}/data.bin", patience=QUICK)


@pytest.mark.parametrize(
    "place", ["http://[bad/x", "http://a..b/x", "http://host:port/x", "file:///etc/passwd", "http:///x", "//", ""]
)
def test_a_redirection_to_nowhere(web: WebServer, target: Path, place: str) -> None:
    web.behave = _answers(302, {"Location": place})
    with pytest.raises(DataMissing):
        fetch_file(f"{web.url}/data.bin", target, checksum=SHA, patience=QUICK)
    with pytest.raises(DataMissing):
        read_url(f"{web.url}/data.bin", patience=QUICK)


def test_an_address_that_is_none(target: Path) -> None:
    with pytest.raises(DataMissing, match="is no address, or leads to none") as caught:
        fetch_file("mirror.example/data.bin", target, checksum=SHA, patience=QUICK)
    assert "HF_ENDPOINT" in caught.value.fix


@pytest.mark.parametrize("length", ["many", "-5", "\u00b2"])
def test_a_length_that_is_no_number(web: WebServer, target: Path, length: str) -> None:
    web.behave = _answers(200, {"Content-Length": length}, BODY)
    fetch_file(f"{web.url}/data.bin", target, checksum=SHA, size=len(BODY), patience=QUICK)
    assert target.read_bytes() == BODY


def test_several_fetches_at_once_are_one(web: WebServer, target: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def slowly(handler: Any) -> bool:
        time.sleep(0.2)
        return False

    web.files["/data.bin"], web.behave = BODY, slowly
    with ThreadPoolExecutor(8) as pool:
        for done in [
            pool.submit(fetch_file, f"{web.url}/data.bin", target, checksum=SHA, patience=QUICK) for _ in range(8)
        ]:
            done.result()
    assert len(web.requests) == 1 and [path.name for path in target.parent.iterdir()] == ["data.bin"]
    assert "waiting: another process works on" in capfd.readouterr().err


def test_a_file_system_without_locks(web: WebServer, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    web.files["/data.bin"] = BODY
    monkeypatch.setattr("fcntl.flock", refuse)
    fetch_file(f"{web.url}/data.bin", target, checksum=SHA, patience=QUICK)
    assert target.read_bytes() == BODY


def test_a_disk_that_is_full(web: WebServer, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    web.files["/data.bin"] = BODY
    monkeypatch.setattr("bench.data.download.copy_body", full)
    with pytest.raises(DataMissing, match=r"data\.bin can't be written \(No space left on device\)") as caught:
        fetch_file(f"{web.url}/data.bin", target, checksum=SHA, patience=QUICK)
    assert "--data-dir" in caught.value.fix
