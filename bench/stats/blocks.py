"""Episodes that resemble their neighbours: the unit is the block."""

from __future__ import annotations

import numpy.typing as npt

from bench.errors import UsageError
from bench.stats._checks import FloatArray, numbers


def block_means(scores: npt.ArrayLike, block: int) -> FloatArray:
    """Means of whole blocks of consecutive episodes; whatever takes one score per episode takes them as well.

    Episodes of a block share something (the sizes of their sets), so they are not independent, but blocks are. Blocks
    are of one size, so the mean of their means is the mean over their episodes, and its variance that of block means
    divided by their number. A last incomplete block is left out: its mean would vary more than the others'.

    Parameters
    ----------
    scores : float [..., episodes], any unit; logarithms of errors where those are compared
    block : episodes in a block; with 1 the scores come back

    Returns
    -------
    float64 [..., episodes // block]

    Raises
    ------
    UsageError : values that are not finite numbers, no episodes in a block.

    References
    ----------
    Kish 1965, "Survey Sampling", chapter 5 (clusters of one size count by their means; the design effect). Coverage by
    simulation: docs/statistics.md.

    Examples
    --------
    >>> block_means([1.0, 2.0, 5.0, 6.0, 9.0], 2).tolist()
    [1.5, 5.5]
    """
    x = numbers(scores, "scores")
    if block < 1:
        raise UsageError(f"Expected at least 1 episode in a block; found {block}.")
    if block == 1:
        return x
    whole = x.shape[-1] // block
    means: FloatArray = x[..., : whole * block].reshape(*x.shape[:-1], whole, block).mean(axis=-1)
    return means
