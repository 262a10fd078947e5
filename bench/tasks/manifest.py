"""The manifest: one hash over everything that 10,000 test episodes ask."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from bench.errors import Mismatch
from bench.tasks.suites import MANIFEST_EPISODES, Suite


def manifest_sha256(suite: Suite, data: Any = None) -> str:
    """SHA-256 over the suite's parameters and its first 10,000 test episodes, as the domain writes them.

    data : of a suite that does not say what it draws from

    Raises BenchError where such a suite comes without.
    """
    header = {"suite": suite.name, "version": suite.version, "task": asked(suite), "episodes": MANIFEST_EPISODES}
    digest = hashlib.sha256(json.dumps(header, sort_keys=True, separators=(",", ":")).encode())
    for part in suite.domain.manifest(suite, MANIFEST_EPISODES, data):
        digest.update(part)
    return digest.hexdigest()


def asked(suite: Suite) -> dict[str, Any]:
    """The suite's task as the hash covers it: all fields but where a folder lies on this machine."""
    return suite.task.model_dump(mode="json", exclude={"path"})


def check_pins(suite: Suite, manifest: str, fingerprint: str | None, source: str | None = None) -> bool:
    """True if the suite is pinned and both hashes agree, False if it is unpinned.

    fingerprint, source : of the images, None where all is generated; a suite may pin some sources and others not

    Raises Mismatch naming both hashes: the episodes or the images are not the ones everybody else was asked.
    """
    if suite.pin is None:
        return False
    if suite.pin.manifest != manifest:
        raise Mismatch(
            f"{suite.name}@{suite.version}: the episodes hash to {manifest}, tasks.yaml pins {suite.pin.manifest}.",
            "A released suite never changes: undo the edit, or declare a new version.",
        )
    pinned = suite.pin.data_of(source)
    if fingerprint is not None and pinned is not None and pinned != fingerprint:
        raise Mismatch(
            f"{suite.name}@{suite.version}: the images hash to {fingerprint}, tasks.yaml pins {pinned}.",
            "Check the source with `bench data verify`, then import it again with `bench data import`.",
        )
    return fingerprint is None or pinned is not None
