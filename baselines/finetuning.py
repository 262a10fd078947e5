"""SGD on a fresh head for every episode, all episodes of a batch at once, the gradients written out.

The settings are those of Chen et al. 2019 (arXiv:1904.04232, authors' code): 100 epochs over the support set in batches
of 4, rate .01, momentum .9 with dampening .9, weight decay .001.
"""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

EPOCHS, BATCH, RATE, MOMENTUM, DAMPENING, DECAY = 100, 4, 0.01, 0.9, 0.9, 1e-3

Weights = tuple[Tensor, ...]  # each [B, ...]
Scores = Callable[[Weights, Tensor], Tensor]  # weights, features [B, n, D] -> logits [B, n, way]
Gradient = Callable[[Weights, Tensor, Tensor], Weights]  # weights, features, d loss / d logits [B, n, way] -> gradient


def fine_tune(weights: Weights, scores: Scores, gradient: Gradient, z: Tensor, y: Tensor, order: Tensor) -> Weights:
    """The head's weights after fine-tuning on support embeddings z [B, S, D] with labels y [B, S].

    order : int64 [EPOCHS, S], the support images in the order of each epoch
    """
    targets = F.one_hot(y).to(z.dtype)
    velocity: Weights = ()
    for epoch in order:
        for chosen in epoch.split(BATCH):
            batch, target = z[:, chosen], targets[:, chosen]
            error = (scores(weights, batch).softmax(-1) - target) / len(chosen)
            slope = gradient(weights, batch, error)
            step = tuple(g + DECAY * w for g, w in zip(slope, weights, strict=True))
            velocity = (
                tuple(MOMENTUM * v + (1 - DAMPENING) * s for v, s in zip(velocity, step, strict=True))
                if velocity
                else step  # the first step is not dampened, as in torch.optim.SGD
            )
            weights = tuple(w - RATE * v for w, v in zip(weights, velocity, strict=True))
    return weights
