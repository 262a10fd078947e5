"""Which stream of episodes belongs to which purpose: training, validation and test never share a word."""

from __future__ import annotations

import numpy as np

from bench.errors import BenchError
from bench.philox import Stream
from bench.tasks.draws import Integers
from bench.tasks.function_episodes import BLOCK, GPStream, SinusoidStream
from bench.tasks.image_episodes import ImageStream
from bench.tasks.suites import BanditTask, ExplorationTask, ImageTask, SinusoidTask, Split, Suite
from bench.tasks.trials import BanditStream, MDPStream, TrialStream

EpisodeStream = ImageStream | SinusoidStream | GPStream | TrialStream


def frozen_stream(suite: Suite, split: Split, counts: Integers | None = None, salt: int = 0) -> EpisodeStream:
    """The suite's own episodes of `split` ("val" or "test"), in its declared shape; salt 0 is the published stream."""
    name: Stream = (suite.name, suite.version, split, salt)
    task = suite.task
    if isinstance(task, ImageTask):
        counts = pool_counts(suite, split) if counts is None else counts
        return ImageStream(name, counts, task.way, task.shot, task.query)
    if isinstance(task, SinusoidTask):
        return SinusoidStream(name, task)
    if isinstance(task, ExplorationTask):
        return trial_stream(name, task)
    return GPStream(name, task, task.test_kernel if split == "test" else task.train_kernel)


def training_stream(
    suite: Suite, seed: int, counts: Integers | None, shape: tuple[int, int, int], batch: int = BLOCK
) -> EpisodeStream:
    """Training episodes of one seed.

    `shape` is (way, shot, query) for images; for sinusoids its last two are support and query points, 0 meaning the
    suite's own. Gaussian processes draw their sizes themselves, anew for every `batch` episodes; trials of exploration
    have the suite's shape.
    """
    name: Stream = (suite.name, suite.version, "train", seed)
    task = suite.task
    if isinstance(task, ImageTask):
        return ImageStream(name, pool_counts(suite, "train") if counts is None else counts, *shape)
    if isinstance(task, SinusoidTask):
        _, context, target = shape
        sizes = {"context": context or task.context, "target": target or task.target}
        return SinusoidStream(name, task.model_copy(update=sizes))
    if isinstance(task, ExplorationTask):
        return trial_stream(name, task)
    return GPStream(name, task, task.train_kernel, per_block=batch)


def trial_stream(name: Stream, task: ExplorationTask) -> TrialStream:
    return BanditStream(name, task) if isinstance(task, BanditTask) else MDPStream(name, task)


def pool_counts(suite: Suite, split: Split) -> Integers:
    """Images per class that the suite declares for a split: int64 [classes]."""
    assert isinstance(suite.task, ImageTask)
    if suite.task.pool is None:
        raise BenchError(
            f"Suite {suite.name} takes its pool from a folder; its episodes can't be drawn without the images.",
            "Load the images first, or declare `pool:` in the suites file.",
        )
    classes, images = suite.task.pool[split]
    return np.full(classes, images, dtype=np.int64)
