"""One answer of a web server: opened and copied, within the bounds of patience and of what can be."""

from __future__ import annotations

import contextlib
import http.client
import queue
import socket
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import IO, Any, BinaryIO

from bench._version import __version__
from bench.data.progress import OnProgress, Progress
from bench.errors import DataInvalid, DataMissing

_CHUNK = 1 << 20
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_REPORT_S = 0.2


@dataclass(frozen=True)
class Patience:
    """How long to try. The defaults give up on an unreachable server within about 20 seconds.

    timeout_s : of connecting, and of waiting for the next bytes
    attempts : in a row that bring no byte
    give_up_s : without a byte, however few the attempts: one attempt may wait for several addresses in turn
    pause_s : before the second attempt, doubled before each further one
    pace : bytes a second below which, over `pace_s` seconds, an attempt has failed: a trickle is no download
    """

    timeout_s: float = 5.0
    attempts: int = 3
    give_up_s: float = 15.0
    pause_s: float = 0.5
    pace: float = 500.0
    pace_s: float = 20.0


class Interrupted(Exception):
    """Worth another attempt."""


class TooSlow(Interrupted):
    """It brought bytes, but they don't count as progress."""


class TooMuch(Exception):
    """More bytes than there can be; says how many."""


class RangeRefused(Exception):
    """416 to a request for the rest: the server has nothing beyond what we have, or we have too much."""


def open_url(url: str, patience: Patience, token: str | None, first_byte: int = 0) -> http.client.HTTPResponse:
    """The answer, its body unread.

    Raises Interrupted, RangeRefused, DataMissing (refused, no address), DataInvalid (a web page).
    """
    headers = {"User-Agent": f"meta-bench/{__version__}"} | ({"Range": f"bytes={first_byte}-"} if first_byte else {})
    try:
        request = urllib.request.Request(url, headers=headers)
        if token:  # not for the storage servers that the hub redirects to
            request.add_unredirected_header("Authorization", f"Bearer {token}")
        response = _answer(request, patience)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and first_byte:
            raise RangeRefused from error
        if error.code in TRANSIENT:
            raise Interrupted(f"the server answered {error.code} {error.reason}") from error
        raise DataMissing(
            f"{url} can't be had: the server answered {error.code} {error.reason}",
            "The publisher may have moved it. Use `bench data import` with a copy you have.",
        ) from error
    except (OSError, http.client.HTTPException) as error:  # URLError is an OSError
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise Interrupted(f"no connection ({reason})") from error
    except ValueError as error:  # not an address, whether given or sent as the new place
        raise DataMissing(
            f"{url} is no address, or leads to none ({error})",
            "Look at HF_ENDPOINT, where it is set, or use `bench data import` with a copy you have.",
        ) from error
    _refuse_html(url, response)
    return response


def copy_body(
    response: http.client.HTTPResponse,
    out: BinaryIO,
    start: Progress,
    patience: Patience,
    limit: int,
    on_progress: OnProgress | None = None,
) -> None:
    """Append what comes to `out`, which has `start.done` bytes. Raises Interrupted, TooSlow, TooMuch (over `limit`)."""
    done, reported = start.done, 0.0
    since, done_then = time.monotonic(), done
    with _Watch(response, patience.pace_s) as watch:
        while True:
            try:
                chunk = response.read1(_CHUNK)
            except (OSError, http.client.HTTPException) as error:
                watch.raise_if_cut()
                raise Interrupted(f"the connection broke off after {done:,} bytes ({error})") from error
            watch.raise_if_cut()
            watch.alive = True
            done += len(chunk)
            if done > limit:
                raise TooMuch(f"{done:,} and no end")
            out.write(chunk)
            now = time.monotonic()
            if on_progress is not None and (not chunk or now - reported > _REPORT_S):
                reported = now
                on_progress(Progress(start.stage, done, start.total, "bytes"))
            if not chunk:
                return
            if now - since > patience.pace_s:
                if done - done_then < patience.pace * (now - since):
                    raise TooSlow(f"only {done - done_then:,} bytes came in {now - since:.0f} seconds")
                since, done_then = now, done


class _Watch:
    """Cuts a connection on which one read takes longer than `seconds`.

    The frame of a chunked body may trickle without end inside a single read, and never meet the socket's own timeout.
    """

    def __init__(self, response: http.client.HTTPResponse, seconds: float) -> None:
        self.alive, self.cut, self._seconds = True, False, seconds
        fd = None if response.isclosed() else response.fileno()  # closed: an answer without a body
        self._connection = None if fd is None else socket.fromfd(fd, socket.AF_INET, socket.SOCK_STREAM)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def raise_if_cut(self) -> None:
        if self.cut:
            raise TooSlow(f"nothing complete came in {self._seconds:g} seconds")

    def _watch(self) -> None:
        while not self._over.wait(self._seconds):
            if not self.alive and self._connection is not None:
                self.cut = True
                with contextlib.suppress(OSError):
                    self._connection.shutdown(socket.SHUT_RDWR)
            self.alive = False

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()
        if self._connection is not None:
            self._connection.close()


class _Redirects(urllib.request.HTTPRedirectHandler):
    """urllib leaves the connection open where the new place is no address."""

    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage
    ) -> Any:
        try:
            return super().http_error_302(req, fp, code, msg, headers)
        except ValueError:
            fp.close()
            raise

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _answer(request: urllib.request.Request, patience: Patience) -> http.client.HTTPResponse:
    """Within `give_up_s`: a server that sends its headers byte by byte never meets the socket's own timeout."""
    outcome: queue.SimpleQueue[http.client.HTTPResponse | Exception] = queue.SimpleQueue()

    opener = urllib.request.build_opener(_Redirects)

    def ask() -> None:
        try:
            outcome.put(opener.open(request, timeout=patience.timeout_s))
        except Exception as error:  # raised again where it is waited for
            outcome.put(error)

    threading.Thread(target=ask, daemon=True).start()  # a late one is left to itself: nothing can stop it
    try:
        found = outcome.get(timeout=patience.give_up_s)
    except queue.Empty:
        raise Interrupted(f"no connection (no answer within {patience.give_up_s:g} seconds)") from None
    if isinstance(found, Exception):
        raise found
    return found


def _refuse_html(url: str, response: http.client.HTTPResponse) -> None:
    kind = response.headers.get_content_type()
    if kind in ("text/html", "application/xhtml+xml"):
        response.close()
        raise DataInvalid(
            f"{url} gave a web page ({kind}) where data was expected",
            "A login page or a proxy may be in the way. Open the address in a browser, or use `bench data import`.",
        )
