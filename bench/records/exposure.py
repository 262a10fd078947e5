"""The one rule about what a learner has seen, which boards, comparisons and verifications all ask.

docs/submitting.md states it for people ("What a learner may have seen"); here it is applied to a record:

    train split      nothing beyond the suite's own train split: the row competes as inductive or transductive
    external data    learned from anything else: section "external data", ranked there
    test classes     that other data shows the suite's test classes, or may: section "external data", without a rank

What a record declares counts, and so does what is known of the data sets that it names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bench.records.schema import Record

Exposure = Literal["train split", "external data", "test classes"]


@dataclass(frozen=True)
class Overlap:
    """suites : words in the name or data source of suites; data : words in names of what shows their test classes"""

    suites: tuple[str, ...]
    data: tuple[str, ...]


# Words are compared without case, spaces and signs. Pictures collected from the web may show anything.
IMAGENET = ("imagenet", "ilsvrc", "in1k", "in12k", "in21k", "in22k")
WEB = ("laion", "clip", "jft", "lvd142m", "webli", "datacomp", "instagram", "yfcc", "tinyimages")
KNOWN = (
    Overlap(suites=("miniimagenet", "ravilarochelle"), data=("cifar", *IMAGENET, *WEB)),
    Overlap(suites=("cifarfs", "cifar100"), data=("cifar100", "cifarfs", "fc100", *IMAGENET, *WEB)),
    Overlap(suites=("omniglot",), data=("omniglot", *WEB)),
)


def exposure(record: Record) -> Exposure:
    """What the learner of a record has seen, by the rule."""
    protocol = record.protocol
    if protocol.saw_test_classes or shows_test_classes(record):
        return "test classes"
    return "external data" if protocol.external_data else "train split"


def shows_test_classes(record: Record) -> str | None:
    """The first external data set of a record that is known to show its suite's test classes, declared or not."""
    suite = _plain(f"{record.suite.name}{record.suite.data_source or ''}")
    words = [word for known in KNOWN if any(name in suite for name in known.suites) for word in known.data]
    return next((name for name in record.protocol.external_data if any(word in _plain(name) for word in words)), None)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
