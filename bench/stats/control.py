"""Control variates: a mean sharpened by other learners' scores on the same episodes and on many more.

Episodes are easy or hard for every learner alike. Where others answered the first N episodes of a stream and a learner
only the first n, how easy those n were is known, and what it explains of the learner's scores need not be guessed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from bench.errors import UsageError
from bench.stats._checks import FloatArray, numbers, vector
from bench.stats._student import t_quantile
from bench.stats.intervals import Interval, mean_and_sd, student_interval, t_interval
from bench.stats.planning import episodes_needed

Target = Literal["endless", "stream"]

EPISODES_A_CONTROL = 15  # each coefficient costs about 1/n of the variance: at most 7 % in all
_FOLDS = 10
_NO_SPREAD = 1e-9  # of a control's own scale: below it a spread is rounding error
_REPEATED = 1e-6  # of the largest singular value: directions with less are repetition


@dataclass(frozen=True)
class Sharpened:
    """A mean (or a shift of one) as it is and with control variates.

    plain : the interval without controls
    sharpened : with controls; the plain interval where they explain nothing
    controls : the columns that were used; () where the plain interval stands
    episodes : N, of the stream on which the controls are known
    """

    plain: Interval
    sharpened: Interval
    controls: tuple[int, ...]
    episodes: int

    @property
    def variance_ratio(self) -> float:
        """The plain mean's variance divided by the sharpened one's: how many times as many episodes it is worth."""
        if self.sharpened.se == 0.0:
            return 1.0 if self.plain.se == 0.0 else math.inf
        return (self.plain.se / self.sharpened.se) ** 2


def control_variates(
    scores: npt.ArrayLike, known: npt.ArrayLike, level: float = 0.95, *, target: Target = "endless"
) -> Sharpened:
    """The mean of a learner that answered n episodes of a stream, from others that answered N >= n of it.

    With x_i the controls' scores on episode i and X_N their means over the stream, the estimate is the mean of

        z_i = y_i - b_i' (x_i - X_N),   i = 1 .. n

    b_i are least-squares coefficients from the other nine of ten folds (episode i is in fold i mod 10), so that no
    episode has a say in its own correction; what bias remains is of the order of 1/N. With s_z and s_y the standard
    deviations of z and y,

        endless   Var = s_z^2 / n + (s_y^2 - s_z^2) / N     the mean over endless episodes from this pool
        stream    Var = s_z^2 (1/n - 1/N)                   the mean over those N episodes themselves

    with t(n - 1 - k): the second term of the first is what the N episodes, a sample themselves, leave unknown of the
    controls' means. Where s_z >= s_y the plain mean stands. At most one control is used for 15 episodes, the first
    ones; constant ones are skipped. Narrowed is chance in the draw of episodes alone, not that in training seeds or
    in the choice of classes.

    Parameters
    ----------
    scores : float [n], one score per episode, any unit; give logarithms of errors (the interval is of the mean log)
    known : float [N, k], scores of k other learners, in order of preference; row i is the episode of scores[i]. Also
        logarithms for errors. Which learners: named without looking at `scores` (`bench.boards.compare.controls`)
    level : confidence in (0, 1)
    target : what the interval is to contain, as above

    Raises
    ------
    UsageError : fewer than 2 scores, fewer known episodes than scores, values that are not finite numbers.

    References
    ----------
    Glynn and Szechtman 2002, "Some new perspectives on the method of control variates", section 2; Cochran 1977,
    "Sampling Techniques", section 12.6 (means known from a larger sample that holds the smaller one); Chernozhukov et
    al. 2018, Econometrics Journal 21(1), definition 3.2 (cross-fitting). Coverage by simulation: docs/statistics.md.

    Examples
    --------
    >>> easy = np.cos(np.arange(4000.0) ** 2)
    >>> found = control_variates(0.7 + 0.1 * easy[:200], 0.5 + 0.2 * easy[:, None])
    >>> [f"{mean.mean:.3f} ± {mean.se:.4f}" for mean in (found.plain, found.sharpened)]
    ['0.705 ± 0.0051', '0.700 ± 0.0011']
    """
    y, x = vector(scores), known_scores(known)
    n, episodes = y.size, len(x)
    if episodes < n:
        raise UsageError(f"Expected controls on at least the {n:,} scored episodes; found {episodes:,}.")
    plain = t_interval(y, level)
    if target == "stream":
        part = math.sqrt(1 - n / episodes)
        plain = student_interval(plain.mean, part * plain.se, plain.sd, n, n - 1, level, "t, finite stream")
    used = usable(x[:n])[: n // EPISODES_A_CONTROL]
    z = y - _corrections(y, x[:n, used] - x[:, used].mean(axis=0)) if used else y
    mean, sd = mean_and_sd(z)
    if sd >= plain.sd:
        return Sharpened(plain, plain, (), episodes)
    variance = sd**2 / n + (plain.sd**2 - sd**2) / episodes if target == "endless" else sd**2 * (1 / n - 1 / episodes)
    sharp = student_interval(mean, math.sqrt(variance), sd, n, n - 1 - len(used), level, "control-variates")
    return Sharpened(plain, sharp, tuple(used), episodes)


def episodes_needed_with_controls(
    sd: float, unexplained: float, stream: int, delta: float, power: float = 0.8, level: float = 0.95
) -> int:
    """Episodes for a paired comparison of two checkpoints, sharpened by others known on a stream, to find a difference.

    The first n <= N with s_z^2 / n + (s^2 - s_z^2) / N <= (delta / (z(1 - alpha/2) + z(power)))^2, where s is `sd` and
    s_z^2 = `unexplained` s^2. Where N episodes are not enough neither are the controls: then that of `episodes_needed`.

    Parameters
    ----------
    sd : standard deviation of the differences per episode, from a pilot; unit of the score
    unexplained : share in (0, 1] of their variance that the controls leave: the square of `sharpened.sd / plain.sd`
    stream : N, episodes on which the controls are known
    delta, power, level : as in `episodes_needed`

    Raises
    ------
    UsageError : as `episodes_needed`; a share outside (0, 1].

    Examples
    --------
    >>> [episodes_needed_with_controls(4.5, 0.4, 10_000, delta) for delta in (1.0, 0.5, 0.1)]
    [65, 265, 15894]
    """
    plain = episodes_needed(sd, delta, power, level)
    if not 0.0 < unexplained <= 1.0:
        raise UsageError(f"Expected an unexplained share above 0 and at most 1; found {unexplained!r}.")
    if plain >= stream:
        return plain
    z = t_quantile(0.5 + level / 2, math.inf) + t_quantile(power, math.inf)
    allowed = (delta / (z * sd)) ** 2 - (1 - unexplained) / stream
    return max(2, math.ceil(unexplained / allowed))


def known_scores(known: npt.ArrayLike) -> FloatArray:
    x = numbers(known, "the controls' scores")
    if x.ndim != 2:
        raise UsageError(f"Expected the controls' scores of shape [episodes, controls]; found shape {list(x.shape)}.")
    return x


def usable(x: FloatArray) -> list[int]:
    """The columns of float64 [n, k] that vary."""
    return [j for j in range(x.shape[1]) if np.ptp(x[:, j]) > _NO_SPREAD * np.abs(x[:, j]).max()]


def _corrections(y: FloatArray, distances: FloatArray) -> FloatArray:
    """b_i' (x_i - X_N) of every episode, float64 [n], with coefficients from the other folds."""
    fold = np.arange(y.size) % _FOLDS
    corrections = np.empty_like(y)
    for k in range(_FOLDS):
        own = fold == k
        corrections[own] = distances[own] @ coefficients(distances[~own], y[~own])
    return corrections


def coefficients(x: FloatArray, y: FloatArray) -> FloatArray:
    """Least-squares coefficients of y on float64 [m, k], with an intercept that is not returned.

    Controls that repeat each other share what is theirs: of equally good coefficients the smallest are taken.
    """
    constant = np.ptp(x, axis=0) == 0.0  # in these folds
    spread = np.where(constant, np.inf, x.std(axis=0))
    standardised = (x - x.mean(axis=0)) / spread
    slopes: FloatArray = np.linalg.lstsq(standardised, y - y.mean(), rcond=_REPEATED)[0] / spread
    return slopes
