"""A suite ready to be run: its data on the device, its episodes, what learners are told of it, checked hashes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bench.domains import Frozen, TaskSpec, TrainingSource
from bench.domains.task import Split
from bench.tasks.manifest import check_pins, manifest_sha256
from bench.tasks.suites import Suite


@dataclass(frozen=True)
class PreparedSuite:
    """A suite on one device.

    manifest, fingerprint : hashes of its test episodes and of its data, the latter None where all is generated
    pinned : do both agree with what the suite pins?
    source : where the data came from
    data : what the suite's domain draws from
    """

    suite: Suite
    spec: TaskSpec
    device: torch.device
    manifest: str
    fingerprint: str | None
    pinned: bool
    source: str | None
    data: Any = None

    def training(self, seed: int) -> TrainingSource:
        """The training episodes of one seed."""
        return self.suite.domain.training(self.suite, seed, self.device, self.data)

    def evaluation(self, split: Split, salt: int = 0) -> Frozen:
        """The frozen episodes of a split; a salt other than 0 gives others that nobody has seen."""
        return self.suite.domain.frozen(self.suite, split, self.device, self.data, salt)


def prepare(suite: Suite, device: torch.device, data_dir: Path | None = None) -> PreparedSuite:
    """Load a suite's data (never from the network), check its pins, describe it.

    Raises DataMissing with the commands that get the data, DataInvalid, Mismatch.
    """
    loaded = suite.domain.load(suite, device, data_dir)
    manifest = manifest_sha256(suite, loaded.data)
    pinned = check_pins(suite, manifest, loaded.fingerprint, loaded.source)
    return PreparedSuite(suite, loaded.spec, device, manifest, loaded.fingerprint, pinned, loaded.source, loaded.data)
