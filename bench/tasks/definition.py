"""Identity of a suite: a hash over everything in its definition that can move a score."""

from __future__ import annotations

import hashlib
import json

from bench.tasks.suites import Suite


def definition_sha256(suite: Suite) -> str:
    """SHA-256 over name, version, task, ranked metric and validation rule.

    Left out are the title, the pins (they check what is hashed anyway) and the folder of a user's images, which may
    move: what lies in it is told by its fingerprint.
    """
    fields = suite.model_dump(mode="json", exclude={"title": True, "pin": True, "task": {"path"}})
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
