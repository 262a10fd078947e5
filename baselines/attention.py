"""Multi-head attention of learners of functions."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def multi_head(queries: Tensor, keys: Tensor, values: Tensor, heads: int) -> Tensor:
    """Scaled dot products, head by head: queries [B, Q, width], keys and values [B, S, width] -> [B, Q, width]."""
    q, k, v = (_split(part, heads) for part in (queries, keys, values))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


def _split(x: Tensor, heads: int) -> Tensor:
    """[B, N, width] -> [B, heads, N, width / heads]."""
    b, n, width = x.shape
    return x.view(b, n, heads, width // heads).transpose(1, 2)
