"""From logits to one row per episode. The harness holds the labels; a learner never sees them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from bench.domains.episodes import Episodes
from bench.domains.predicting import validated
from bench.domains.sources import Columns
from bench.learners.predictions import Answer


def score_images(episodes: Episodes, answer: Answer) -> Columns:
    """Score B episodes: a mapping of columns [B], "score" being the accuracy.

    An episode whose logits are not finite has nothing correct and is marked in "floored". Raises PredictionError for a
    wrong type or shape.
    """
    queries = episodes.query_y.shape[1]
    columns: Columns = {}
    for name, logits in validated(answer, episodes).items():
        assert isinstance(logits, Tensor)
        finite = torch.isfinite(logits).all(dim=2).all(dim=1)
        correct = (logits.argmax(-1) == episodes.query_y).sum(1) * finite  # argmax takes the first of equals
        if name == "final":
            columns["n_correct"] = correct.cpu().numpy().astype(np.int32)
            columns["score"] = columns["n_correct"] / queries
            columns["floored"] = ~finite.cpu().numpy()
        else:
            columns[name] = correct.cpu().numpy() / queries
    assert episodes.classes is not None
    columns["classes"] = episodes.classes.astype(np.int32)
    return columns
