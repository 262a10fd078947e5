"""Episodes for learners that predict: a support set to adapt to, queries to answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from torch import Tensor


@dataclass(frozen=True)
class Episodes:
    """B episodes of one shape.

    Images: support_x [B, S, C, H, W] float32 in [0, 1], support_y [B, S] int64, query_x and query_y likewise.
    Functions: support_x [B, S, dx] float32, support_y [B, S, dy], query_x [B, Q, dx], query_y [B, Q, dy].

    first : number of the first episode in its stream
    way : classes an episode, 0 for functions
    classes : int64 [B, way] class ids, None for functions
    rows : pool rows of the support [B, S] and the query images [B, Q], None for functions
    parameters : what generated each function, float32 [B]; given to oracles only
    """

    support_x: Tensor
    support_y: Tensor
    query_x: Tensor
    query_y: Tensor
    first: int
    way: int = 0
    classes: np.ndarray | None = None
    rows: tuple[Tensor, Tensor] | None = None
    parameters: dict[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.query_y)


def with_queries(episodes: Episodes, queries: Tensor) -> Episodes:
    """The same episodes with some of their queries, in the order given by int64 [n]."""
    return replace(episodes, query_x=episodes.query_x[:, queries], query_y=episodes.query_y[:, queries])
