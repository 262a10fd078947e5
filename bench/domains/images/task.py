"""N-way K-shot classification of images, as suites declare it and as learners are told of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

from pydantic import Field, model_validator

from bench.domains.task import Split, TaskDefinition, TaskSpec

if TYPE_CHECKING:
    from bench.tasks.suites import Suite


class ImageTask(TaskDefinition):
    """N-way K-shot classification of images.

    pool : classes (rotations counted) and images per class of each split. Standard suites state it, so that
        their episodes can be drawn and hashed without the images; None takes what the folder holds.
    """

    kind: Literal["images"]
    data: Literal["omniglot", "miniimagenet", "cifarfs", "glyphs", "imagefolder"]
    way: int = Field(ge=2)
    shot: int = Field(ge=1)
    query: int = Field(ge=1)  # per class
    rotations: bool = False  # every quarter turn of a class is a class of its own
    pool: dict[Split, tuple[int, int]] | None = None
    path: Path | None = None  # imagefolder only
    image_size: int | None = Field(default=None, ge=8)  # pixels, imagefolder only

    @model_validator(mode="after")
    def _folder(self) -> ImageTask:
        if (self.data == "imagefolder") != (self.path is not None):
            raise ValueError("`path` belongs to data: imagefolder, and imagefolder needs it")
        if self.pool is None and self.data != "imagefolder":
            raise ValueError(
                f"data: {self.data} needs `pool`, e.g. {{train: [64, 600], val: [16, 600], test: [20, 600]}}"
            )
        return self

    @model_validator(mode="after")
    def _pool_suffices(self) -> ImageTask:
        if self.pool is None:
            return self
        per_class = self.shot + self.query
        for split in get_args(Split):
            if split not in self.pool:
                raise ValueError(f"`pool` needs all of train, val and test; {split} is missing")
            classes, images = self.pool[split]
            if classes < self.way or images < per_class:
                raise ValueError(
                    f"{self.way} classes of {per_class} images (shot + query) can't be drawn from the {split} pool of "
                    f"{classes} classes of {images}"
                )
        return self


def image_task(suite: Suite) -> ImageTask:
    assert isinstance(suite.task, ImageTask)
    return suite.task


@dataclass(frozen=True)
class ImageSpec(TaskSpec):
    """What a learner is told of a suite of images.

    way, shot, query : classes, support and query images per class
    x_shape : (C, H, W)
    n_train_classes : classes in the train split, 0 where nobody said
    """

    kind: ClassVar[Literal["classification"]] = "classification"

    way: int
    shot: int
    query: int
    x_shape: tuple[int, int, int]
    n_train_classes: int = 0

    @property
    def episode_shape(self) -> tuple[int, int, int]:
        return self.way, self.shot, self.query

    def in_training(self, way: int | None, shot: int | None, query: int | None) -> ImageSpec:
        return _of_shape(self, way or self.way, shot or self.shot, query or self.query)


@lru_cache
def _of_shape(spec: ImageSpec, way: int, shot: int, query: int) -> ImageSpec:
    return replace(spec, way=way, shot=shot, query=query)
