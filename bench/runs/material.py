"""What a suite hands to a run: images on the device, episode sources, the task's description, checked hashes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from bench.data import load
from bench.errors import DataInvalid
from bench.learners.contract import TaskSpec
from bench.tasks.draws import Integers
from bench.tasks.episodes import EvaluationEpisodes, TrainingSource
from bench.tasks.manifest import check_pins, manifest_sha256
from bench.tasks.pool import ImagePool
from bench.tasks.streams import frozen_stream, pool_counts
from bench.tasks.suites import BanditTask, GPTask, ImageTask, MDPTask, SinusoidTask, Split, Suite


@dataclass(frozen=True)
class Material:
    """A suite ready to run on one device."""

    suite: Suite
    spec: TaskSpec
    device: torch.device
    manifest: str
    fingerprint: str | None
    pinned: bool
    source: str | None
    pools: dict[str, ImagePool]

    def training(self, seed: int) -> TrainingSource:
        return TrainingSource(self.suite, seed, self.device, self.pools.get("train"))

    def evaluation(self, split: Split) -> EvaluationEpisodes:
        pool = self.pools.get(split)
        stream = frozen_stream(self.suite, split, pool.counts if pool else None)
        return EvaluationEpisodes(stream, self.device, pool)


def prepare(suite: Suite, device: torch.device, data_dir: Path | None = None) -> Material:
    """Load a suite's images (never from the network), check its pins, describe it.

    Raises DataMissing with the commands that get the images, DataInvalid, Mismatch.
    """
    if not isinstance(suite.task, ImageTask):
        manifest = manifest_sha256(suite)
        pinned = check_pins(suite, manifest, None)
        return Material(suite, _generated_spec(suite.task), device, manifest, None, pinned, None, {})
    task = suite.task
    data = load(task.data, data_dir=data_dir, path=task.path, image_size=task.image_size)
    pools = {name: ImagePool(split, device, task.rotations) for name, split in data.splits.items()}
    for name, pool in pools.items():
        _check_pool(suite, name, pool.counts)
    manifest = manifest_sha256(suite, pools["test"].counts)
    pinned = check_pins(suite, manifest, data.card.fingerprint)
    spec = TaskSpec(
        "classification",
        task.way,
        task.shot,
        task.query,
        pools["train"].shape,
        n_train_classes=pools["train"].n_classes,
    )
    return Material(suite, spec, device, manifest, data.card.fingerprint, pinned, data.card.source, pools)


def _generated_spec(task: SinusoidTask | GPTask | BanditTask | MDPTask) -> TaskSpec:
    if isinstance(task, BanditTask):
        return TaskSpec(
            "exploration", 0, 0, 0, (1,), environment="bandit", actions=task.arms, steps=task.steps, horizon=1
        )
    if isinstance(task, MDPTask):
        return TaskSpec(
            "exploration",
            0,
            0,
            0,
            (task.states,),
            environment="mdp",
            actions=task.actions,
            steps=task.steps,
            horizon=task.horizon,
            states=task.states,
        )
    if isinstance(task, SinusoidTask):
        return TaskSpec("regression", 0, task.context, task.target, (1,), y_dim=1)
    return TaskSpec("regression", 0, 0, 0, (1,), y_dim=1, kernel=task.test_kernel, noise=task.noise)


def _check_pool(suite: Suite, split: Split | str, counts: Integers) -> None:
    assert isinstance(suite.task, ImageTask)
    if suite.task.pool is None:
        return
    declared = pool_counts(suite, split)  # type: ignore[arg-type]  # the names of the splits
    if len(declared) != len(counts) or (declared != counts).any():
        raise DataInvalid(
            f"{suite.name} declares {len(declared)} {split} classes of {declared[0]} images; the prepared data has "
            f"{len(counts)} classes of {counts.min()} to {counts.max()}.",
            f"Import the whole data set again: bench data import {suite.task.data} PATH",
        )
