"""Student's t: quantiles, p-values and Satterthwaite's degrees of freedom.

SciPy is imported inside the functions: commands that print no interval don't pay for it at start-up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def t_quantile(probability: float, df: float) -> float:
    """Quantile of Student's t with `df` degrees of freedom (may be fractional; infinite means normal)."""
    from scipy.special import ndtri, stdtrit

    return float(ndtri(probability)) if math.isinf(df) else float(stdtrit(df, probability))


def two_sided_p(mean: float, se: float, df: float) -> float:
    """P(|T| >= |mean / se|). Without spread the answer is certain: 1 for a mean of 0, else 0."""
    from scipy.special import ndtr, stdtr

    if se == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    t = -abs(mean / se)
    return 2.0 * float(ndtr(t) if math.isinf(df) else stdtr(df, t))


def satterthwaite(terms: Sequence[tuple[float, float]]) -> float:
    """Degrees of freedom of a sum of (variance estimate, its degrees of freedom).

    (sum v)^2 / sum(v^2 / df), and never below the smallest df: a subtracted term (v < 0) could otherwise push the
    result there. Source: Satterthwaite 1946, Biometrics Bulletin 2(6), eq. 17.
    """
    smallest = min(df for _, df in terms)
    scale = max(abs(v) for v, _ in terms)
    if scale == 0.0:
        return smallest
    # Dividing by the largest term keeps the squares of tiny variances from underflowing.
    shares = [(v / scale, df) for v, df in terms]
    return max(sum(v for v, _ in shares) ** 2 / sum(v**2 / df for v, df in shares), smallest)
