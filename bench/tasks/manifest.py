"""The manifest: one hash over everything that 10,000 test episodes ask."""

from __future__ import annotations

import hashlib
import json

from bench.errors import Mismatch
from bench.philox import words
from bench.tasks.draws import Integers
from bench.tasks.function_episodes import GPStream
from bench.tasks.image_episodes import ImageStream
from bench.tasks.streams import frozen_stream
from bench.tasks.suites import MANIFEST_EPISODES, Suite
from bench.tasks.trials import BanditStream, MDPStream, luck_words

_BLOCK = 1_000


def manifest_sha256(suite: Suite, counts: Integers | None = None) -> str:
    """SHA-256 over the suite's parameters and its first 10,000 test episodes.

    Images: class ids, image numbers and query order as little-endian int32. Functions: the Philox words and the
    context and target sizes; function values are left out because they may differ in the last bit between machines.
    Exploration: the words of problems, luck and action noise.
    """
    stream = frozen_stream(suite, "test", counts)
    task = suite.task.model_dump(mode="json", exclude={"path"})
    header = {"suite": suite.name, "version": suite.version, "task": task, "episodes": MANIFEST_EPISODES}
    digest = hashlib.sha256(json.dumps(header, sort_keys=True, separators=(",", ":")).encode())
    for first in range(0, MANIFEST_EPISODES, _BLOCK):
        if isinstance(stream, ImageStream):
            block = stream.block(first, _BLOCK)
            for array in (block.classes, block.support, block.query, block.query_y):
                digest.update(array.astype("<i4").tobytes())
        elif isinstance(stream, BanditStream | MDPStream):
            for luck in luck_words(stream, first, _BLOCK):
                digest.update(luck.astype("<u8").tobytes())
        else:
            digest.update(words(stream.stream, first, _BLOCK, stream.width).astype("<u8").tobytes())
    if isinstance(stream, GPStream):
        digest.update(stream.sizes(0, MANIFEST_EPISODES // stream.per_block).astype("<i4").tobytes())
    return digest.hexdigest()


def check_pins(suite: Suite, manifest: str, fingerprint: str | None) -> bool:
    """True if the suite is pinned and both hashes agree, False if it is unpinned.

    Raises Mismatch naming both hashes: the episodes or the images are not the ones everybody else was asked.
    """
    if suite.pin is None:
        return False
    if suite.pin.manifest != manifest:
        raise Mismatch(
            f"{suite.name}@{suite.version}: the episodes hash to {manifest}, tasks.yaml pins {suite.pin.manifest}.",
            "A released suite never changes: undo the edit, or declare a new version.",
        )
    if fingerprint is not None and suite.pin.data is not None and suite.pin.data != fingerprint:
        raise Mismatch(
            f"{suite.name}@{suite.version}: the images hash to {fingerprint}, tasks.yaml pins {suite.pin.data}.",
            "Check the source with `bench data verify`, then import it again with `bench data import`.",
        )
    return fingerprint is None or suite.pin.data is not None
