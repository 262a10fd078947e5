"""Training an encoder as a plain classifier of the train classes, for learners that meta-train no other way."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench
from baselines.augmentation import random_crop, random_flip
from baselines.backbones import encoder
from baselines.photographs import colour_jitter, random_resized_crop

CHECKS = 20  # validations of a whole training, as in the common loop
STEPS_A_CHECK = 20  # at least: a training of 20 steps is validated once


class FlatBatches(Protocol):
    """What pre-training needs of the training source that `meta_train` is handed."""

    device: torch.device

    def batches(self, n: int) -> tuple[Tensor, Tensor]: ...

    def resume(self, optimizer: torch.optim.Optimizer | None = None, **modules: nn.Module) -> int: ...

    def seed_step(self, step: int) -> None: ...

    def save(self, step: int) -> None: ...


class PreTrained(bench.EmbeddingLearner):
    """A learner whose encoder is trained to tell all train classes apart, by a head that is not kept."""

    @dataclass
    class Options:
        backbone: str = "conv4"  # any name that backbones.encoder knows
        batch: int = 128  # images a step of pre-training
        optimizer: Literal["adam", "sgd"] = "sgd"
        lr: float = 0.1
        weight_decay: float = 5.0e-4
        crop: int = 0  # pixels by which training images are shifted at most
        flip: bool = False  # mirror half of the training images
        resized_crop: bool = False  # train on random parts of the images, stretched to their size
        jitter: float = 0.0  # brightness, contrast and saturation change by up to this share

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        self.encoder = encoder(options.backbone, task.x_shape)

    def new_head(self) -> nn.Module:
        """A fresh classifier of the train classes: features [M, D] -> logits [M, n_train_classes]."""
        raise NotImplementedError(f"{type(self).__name__} must implement new_head")

    def meta_train(self, source: FlatBatches, validate: Callable[[], float], steps: int) -> None:
        pretrain(self.encoder, self.new_head(), source, self.options, validate, steps)


def pretrain(
    encode: nn.Module,
    head: nn.Module,
    source: FlatBatches,
    settings: PreTrained.Options,
    check: Callable[[], object],
    steps: int,
) -> None:
    """Minimise the cross-entropy of head(encode(images)) by `steps` batches, the rates on half a cosine down to 0.

    check : called CHECKS times, evenly, in whatever mode it likes; the last time after the last step
    """
    head.to(source.device)
    optimizer = build_optimizer(settings, [encode, head])
    base_rates = [group["lr"] for group in optimizer.param_groups]
    checks = max(1, min(CHECKS, steps // STEPS_A_CHECK))
    due = {round(steps * (k + 1) / checks) for k in range(checks)}
    for step in range(source.resume(optimizer, head=head), steps):
        source.seed_step(step)
        for group, base in zip(optimizer.param_groups, base_rates, strict=True):
            group["lr"] = base * 0.5 * (1 + math.cos(math.pi * step / steps))
        images, classes = source.batches(settings.batch)
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(head(encode(augmented(images, settings))), classes)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward untyped
        optimizer.step()
        if step + 1 in due:
            value = float(loss.detach())
            if not math.isfinite(value):
                raise bench.BenchError(
                    f"The loss of pre-training is {value} after {step + 1} steps.", "Lower the option lr."
                )
            check()
            source.save(step + 1)
            encode.train()


def build_optimizer(settings: PreTrained.Options, modules: list[nn.Module]) -> torch.optim.Optimizer:
    """Adam, or SGD with Nesterov momentum .9."""
    parameters, decay = [p for module in modules for p in module.parameters()], settings.weight_decay
    if settings.optimizer == "adam":
        return torch.optim.Adam(parameters, settings.lr, weight_decay=decay, fused=True)
    return torch.optim.SGD(parameters, settings.lr, momentum=0.9, nesterov=True, weight_decay=decay)


def augmented(images: Tensor, settings: PreTrained.Options) -> Tensor:
    """Training images [M, C, H, W], changed as the options say."""
    images = random_crop(images, settings.crop) if settings.crop else images
    images = random_resized_crop(images) if settings.resized_crop else images
    images = colour_jitter(images, settings.jitter) if settings.jitter else images
    return random_flip(images) if settings.flip else images


def feature_size(encode: nn.Module, x_shape: tuple[int, ...]) -> int:
    """Length D of an embedding; the encoder's statistics stay as they are."""
    was_training, device = encode.training, next(encode.parameters()).device
    with torch.no_grad():
        size = encode.eval()(torch.zeros(1, *x_shape, device=device)).shape[1]
    encode.train(was_training)
    return int(size)
