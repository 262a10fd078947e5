"""Classification of images: N classes, K images of each to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from bench.domains.contract import Domain, Loaded, MetricFacts
from bench.domains.images.task import ImageSpec, ImageTask, image_task
from bench.domains.task import Split

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd
    import torch

    from bench.domains.episodes import Episodes
    from bench.domains.images.episodes import FrozenImages, ImageSource
    from bench.domains.images.stream import ImageStream
    from bench.learners.contract import Learner
    from bench.tasks.suites import Suite

MANIFEST_BLOCK = 1_000
_QUERIES = 8  # at least so many an episode of the checks: sevens must not be all of them


class Images(Domain):
    """Images lie on the device as one tensor per split: `data` is an `ImagePool` by split."""

    kind = "classification"
    tasks = (ImageTask,)
    metrics: ClassVar[Mapping[str, MetricFacts]] = {"accuracy": MetricFacts("fraction", ranked=True)}
    references = ("baselines/nearest_centroid.py",)
    suggestion = "protonet"
    loads_data = True

    @cached_property
    def examples(self) -> Mapping[str, ImageSpec]:
        return {"classification": ImageSpec(5, 1, 2, (1, 28, 28), n_train_classes=100)}

    def load(self, suite: Suite, device: torch.device, data_dir: Path | None) -> Loaded:
        from bench.domains.images.loading import load_images

        return load_images(suite, device, data_dir)

    def fingerprint(self, suite: Suite, data_dir: Path | None) -> str:
        from bench.data import load

        task = image_task(suite)
        return load(task.data, data_dir=data_dir, path=task.path, image_size=task.image_size).card.fingerprint

    def train_pool(self, data: Any) -> tuple[int, int]:
        counts = _counts(data, "train")
        return len(counts), int(counts.min())

    def stream(self, suite: Suite, split: Split, data: Any = None, salt: int = 0) -> ImageStream:
        """The suite's own episodes of `split`, as indices; without data from the pool that it declares."""
        from bench.domains.images.stream import ImageStream, pool_counts

        task = image_task(suite)
        counts = _counts(data, split) if data else pool_counts(suite.name, task, split)
        return ImageStream((suite.name, suite.version, split, salt), counts, task.way, task.shot, task.query)

    def frozen(self, suite: Suite, split: Split, device: torch.device, data: Any = None, salt: int = 0) -> FrozenImages:
        from bench.domains.images.episodes import FrozenImages

        return FrozenImages(suite, device, self.stream(suite, split, data, salt), data[split])

    def training(self, suite: Suite, seed: int, device: torch.device, data: Any = None) -> ImageSource:
        from bench.domains.images.episodes import ImageSource

        return ImageSource(suite, seed, device, data["train"])

    def manifest(self, suite: Suite, n: int, data: Any = None) -> Iterator[bytes]:
        """Class ids, image numbers and query order as little-endian int32."""
        stream = self.stream(suite, "test", data)
        for first in range(0, n, MANIFEST_BLOCK):
            block = stream.block(first, min(MANIFEST_BLOCK, n - first))
            for array in (block.classes, block.support, block.query, block.query_y):
                yield array.astype("<i4").tobytes()

    def problems(self, suite: Suite, n: int, data: Any = None) -> Mapping[str, Sequence[np.ndarray]]:
        """The arrays of the manifest: class ids, and numbers of images within their class."""
        block = self.stream(suite, "test", data).block(0, n)
        columns = {
            "classes": block.classes,
            "support": block.support,
            "query": block.query,
            "query_label": block.query_y,
        }
        return {name: list(array.reshape(n, -1).astype("int32")) for name, array in columns.items()}

    def drawable(self, suite: Suite) -> bool:
        return image_task(suite).pool is not None

    def clusters(self, suite: str, source: str | None) -> int:
        """The four quarter turns of an Omniglot character are one class seen in four ways."""
        return 4 if "omniglot" in f"{suite} {source}".lower() else 1

    def columns(self, suite: Suite) -> set[str]:
        return {"floored", "n_correct", "classes"}

    def impossible(self, suite: Suite, scores: pd.DataFrame) -> Iterator[tuple[str, str]]:
        from bench.domains.images.published import impossible

        return impossible(scores, self.binomial_queries(suite))

    def asked_classes(self, suite: Suite, n: int) -> np.ndarray:
        return self.stream(suite, "test").block(0, n).classes

    def chance(self, suite: Suite) -> float:
        return 1 / image_task(suite).way

    def binomial_queries(self, suite: Suite) -> int:
        return image_task(suite).way * image_task(suite).query

    def small(self, spec: Any) -> ImageSpec:
        asked: ImageSpec = spec
        return replace(asked, query=min(asked.query, -(-_QUERIES // asked.way)))

    def like(self, spec: Any) -> ImageSpec:
        """The built-in example with as many channels as the suite's images have."""
        example = self.examples[self.kind]
        return replace(example, x_shape=(spec.x_shape[0], *example.x_shape[1:]))

    def example(self, spec: Any, first: int, n: int) -> Episodes:
        from bench.domains.images.examples import generated

        return generated(spec, first, n)

    def ask(self, learner: Learner, example: Any) -> dict[str, Any]:
        """For inductive embedding learners that is `embed`, then `classify`, also where `predict` is overridden."""
        from bench.domains.predicting import predicted, validated
        from bench.learners.contract import EmbeddingLearner

        inputs = example.support_x, example.support_y, example.query_x
        if isinstance(learner, EmbeddingLearner) and not (learner.transductive or learner.privileged):
            return validated(EmbeddingLearner.predict(learner, *inputs), example)
        return validated(predicted(learner, example), example)


def _counts(data: Any, split: Split) -> np.ndarray:
    """Images of each class; a split that is not loaded yet stays so."""
    counts: np.ndarray = data.counts[split] if hasattr(data, "counts") else data[split].counts
    return counts
