"""Did a learner's mean move between two sets of episodes? Sharpened by others who answered both."""

from __future__ import annotations

import math

import numpy.typing as npt

from bench.errors import UsageError
from bench.stats._checks import FloatArray, vector
from bench.stats._student import satterthwaite
from bench.stats.control import EPISODES_A_CONTROL, Sharpened, coefficients, known_scores, usable
from bench.stats.intervals import Interval, mean_and_sd, student_interval


def control_shift(
    before: npt.ArrayLike,
    known_before: npt.ArrayLike,
    after: npt.ArrayLike,
    known_after: npt.ArrayLike,
    level: float = 0.95,
) -> Sharpened:
    """By how much a learner's mean moved from one set of episodes to another, beyond how much easier these were.

    The shift is mean(y - b' x) after, minus the same before, with b the least-squares coefficients before;
    Var = s_after^2 / n_after + s_before^2 / n_before of these residuals, df by Satterthwaite. Without controls, or
    where they make it no narrower, it is the difference of two plain means.

    Parameters
    ----------
    before, after : float [n], float [m], scores on two sets of episodes that have none in common, any unit
    known_before, known_after : float [n, k], float [m, k], the controls' scores on them
    level : confidence in (0, 1)

    Raises
    ------
    UsageError : fewer than 2 episodes in a set, shapes that don't fit, values that are not finite numbers.

    References
    ----------
    As `control_variates`; Welch 1947, Biometrika 34(1) (two means with variances of their own).

    Examples
    --------
    >>> import numpy as np
    >>> easy = np.cos(np.arange(600.0) ** 2)
    >>> luck = np.sin(np.arange(600.0) ** 3)
    >>> score = 0.7 + 0.1 * easy + 0.01 * luck
    >>> found = control_shift(score[:400], easy[:400, None], score[400:] - 0.01, easy[400:, None])
    >>> [f"{shift.mean:+.3f} ± {shift.se:.4f}" for shift in (found.plain, found.sharpened)]
    ['-0.009 ± 0.0062', '-0.011 ± 0.0006']
    """
    y, z = vector(before, "scores before"), vector(after, "scores after")
    x, w = known_scores(known_before), known_scores(known_after)
    if x.shape != (y.size, w.shape[1]) or len(w) != z.size:
        raise UsageError(
            f"Expected controls of shape [{y.size}, k] and [{z.size}, k]; found {list(x.shape)} and {list(w.shape)}."
        )
    plain = _shift(y, z, level, "two means")
    used = usable(x)[: y.size // EPISODES_A_CONTROL]
    if not used:
        return Sharpened(plain, plain, (), y.size)
    b = coefficients(x[:, used], y)
    sharp = _shift(y - x[:, used] @ b, z - w[:, used] @ b, level, "two means with controls")
    return Sharpened(plain, sharp, tuple(used), y.size) if sharp.se < plain.se else Sharpened(plain, plain, (), y.size)


def _shift(before: FloatArray, after: FloatArray, level: float, method: str) -> Interval:
    """mean(after) - mean(before) of independent episodes; sd is that after."""
    (m0, sd0), (m1, sd1) = mean_and_sd(before), mean_and_sd(after)
    terms = [(sd0**2 / before.size, before.size - 1.0), (sd1**2 / after.size, after.size - 1.0)]
    se = math.sqrt(sum(value for value, _ in terms))
    return student_interval(m1 - m0, se, sd1, after.size, satterthwaite(terms), level, method)
