"""A server that hangs up in the middle of a download, again and again."""

from __future__ import annotations

import hashlib
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.data.download import fetch_file
from bench.data.transfer import Patience
from bench.errors import DataMissing
from tests.faults.trial import Row, Tally, Trial

_BODY = random.Random(1).randbytes(1 << 20)
_SHA = f"sha256:{hashlib.sha256(_BODY).hexdigest()}"
_PATIENCE = Patience(timeout_s=2, attempts=3, pause_s=0.001)


class _Dropping(BaseHTTPRequestHandler):
    """Sends a random part of what was asked for."""

    draw = random.Random(0)
    drops = 0

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(_BODY) - first))
        self.end_headers()
        left = len(_BODY) - first
        sent = self.draw.randint(0, left) if self.draw.random() < 0.8 else left
        type(self).drops += sent < left
        self.wfile.write(_BODY[first : first + sent])

    def log_message(self, format: str, *args: object) -> None:
        pass


def dropped(trial: Trial, times: int, draw: random.Random) -> Row:
    """Every file is fetched until it is there; what came is kept between calls."""
    tally, calls = Tally(), 0
    _Dropping.draw = draw
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Dropping)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        while _Dropping.drops < times:
            target = trial.folder / f"file{calls}"
            for _ in range(20):
                calls += 1
                try:
                    url = f"http://127.0.0.1:{server.server_port}/file"
                    fetch_file(url, target, checksum=_SHA, size=len(_BODY), patience=_PATIENCE)
                    break
                except DataMissing as error:
                    tally.seen.append(error.message)
            tally.lost += not target.exists()
            tally.changed += target.exists() and target.read_bytes() != _BODY
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    tally.times = _Dropping.drops
    _Dropping.drops = 0
    how = (
        f"a server that hangs up after any number of bytes ({calls} calls, {len(tally.seen)} gave up and were repeated)"
    )
    return tally.row(
        "a download breaks off", how, "nothing, or “… broke off after … of … bytes. Run the same command again”"
    )
