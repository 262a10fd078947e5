"""Training an encoder as a plain classifier of the train classes, for learners that meta-train no other way."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench
from baselines.augmentation import random_crop, random_flip

CHECKS = 20  # validations of a whole training, as in the common loop
STEPS_A_CHECK = 20  # at least: a training of 20 steps is validated once

OptimizerName = Literal["adam", "sgd"]


class FlatBatches(Protocol):
    """What pre-training needs of the training source that `meta_train` is handed."""

    device: torch.device

    def batches(self, n: int) -> tuple[Tensor, Tensor]: ...


class Settings(Protocol):
    """What pre-training needs of a learner's options."""

    batch: int  # images a step
    optimizer: OptimizerName
    lr: float
    weight_decay: float
    crop: int  # pixels by which training images are shifted at most
    flip: bool  # mirror half of the training images


def pretrain(
    encode: nn.Module,
    head: nn.Module,
    source: FlatBatches,
    settings: Settings,
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
    for step in range(steps):
        for group, base in zip(optimizer.param_groups, base_rates, strict=True):
            group["lr"] = base * 0.5 * (1 + math.cos(math.pi * step / steps))
        images, classes = source.batches(settings.batch)
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(head(encode(augmented(images, settings.crop, settings.flip))), classes)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward untyped
        optimizer.step()
        if step + 1 in due:
            value = float(loss.detach())
            if not math.isfinite(value):
                raise bench.BenchError(
                    f"The loss of pre-training is {value} after {step + 1} steps.", "Lower the option lr."
                )
            check()
            encode.train()


def build_optimizer(settings: Settings, modules: list[nn.Module]) -> torch.optim.Optimizer:
    """Adam, or SGD with Nesterov momentum .9."""
    parameters, decay = [p for module in modules for p in module.parameters()], settings.weight_decay
    if settings.optimizer == "adam":
        return torch.optim.Adam(parameters, settings.lr, weight_decay=decay, fused=True)
    return torch.optim.SGD(parameters, settings.lr, momentum=0.9, nesterov=True, weight_decay=decay)


def augmented(images: Tensor, crop: int, flip: bool) -> Tensor:
    """Training images [M, C, H, W], shifted by up to `crop` pixels and half of them mirrored."""
    images = random_crop(images, crop) if crop else images
    return random_flip(images) if flip else images


def feature_size(encode: nn.Module, x_shape: tuple[int, ...]) -> int:
    """Length D of an embedding; the encoder's statistics stay as they are."""
    was_training, device = encode.training, next(encode.parameters()).device
    with torch.no_grad():
        size = encode.eval()(torch.zeros(1, *x_shape, device=device)).shape[1]
    encode.train(was_training)
    return int(size)
