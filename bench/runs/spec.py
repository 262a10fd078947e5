"""What a learner is told of a suite, without the suite's images."""

from __future__ import annotations

import importlib
from pathlib import Path

import torch

from bench.data.imagefolder import DEFAULT_SIZE
from bench.data.images import Transform
from bench.domains import TaskSpec
from bench.domains.images.task import ImageSpec, ImageTask
from bench.tasks.suites import Suite

_PUBLISHED = ("omniglot", "miniimagenet", "cifarfs")


def spec_of(suite: Suite, data_dir: Path | None = None) -> TaskSpec:
    """The spec that `prepare` would give. Suites of generated tasks are prepared, which takes no files."""
    if not isinstance(suite.task, ImageTask):
        return suite.domain.load(suite, torch.device("cpu"), data_dir).spec
    task = suite.task
    classes = task.pool["train"][0] if task.pool else 0
    return ImageSpec(task.way, task.shot, task.query, transform_of(task).shape, classes)


def transform_of(task: ImageTask) -> Transform:
    """From a file to what learners of the task see."""
    if task.data in _PUBLISHED:
        found: Transform = importlib.import_module(f"bench.data.{task.data}").TRANSFORM
        return found
    if task.data == "glyphs":  # drawn, not decoded: bright strokes on black, as Omniglot is prepared
        return Transform(size=28, colour="grey", invert=True)
    return Transform(size=task.image_size or DEFAULT_SIZE, colour="rgb")
