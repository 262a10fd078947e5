"""Are these scores too good or too regular to have been measured? Remarks only: nothing here is proof.

Episodes are drawn independently, so that the scores of an honest run, whatever its learner, are exchangeable: no lag,
no period, no mirror, no quota. Thresholds, and what the published records give, are in docs/submitting.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import stats

from bench.submissions.report import Finding, note, ok, suspicious
from bench.tasks.suites import Suite

Floats = npt.NDArray[np.float64]

Z = 7.0  # standard errors at any of n / 2 lags; with many ties, tails are heavier than normal
P = 1e-6  # of an even block mean, and of a spectral line
VARIED = 0.2  # share of episodes off the commonest score below which coincidences of a few decide
_BLOCKS = (2, 4, 5, 8, 10, 16, 20, 25, 32, 50, 64, 100)  # episodes a block in which somebody might balance
_FEWEST_BLOCKS = 20
_DIGITS = 6  # decimals that a measured float32 does not end at
_EQUAL = 0.05


def check_level(suite: Suite, scores: Floats) -> Iterator[Finding]:
    """All perfect, or all the same? Answers that never change score chance in every balanced episode, honestly."""
    value = float(scores[0])
    if suite.domain.binomial_queries(suite) and (scores == 1.0).all():
        yield suspicious("perfect", f"all {len(scores):,} episodes have no error at all: a leak, or invented")
    elif (scores == value).all():
        chance = suite.domain.chance(suite)
        if chance is not None and math.isclose(value, chance):
            yield note("constant", f"all {len(scores):,} scores are {value:.6g}: the same answer to every query")
        else:
            yield suspicious("constant", f"all {len(scores):,} scores are {value:.6g}: episodes differ")


def check_digits(suite: Suite, scores: Floats) -> Iterator[Finding]:
    """Measured errors and likelihoods have the digits of a float; typed ones are short, or repeat."""
    if suite.domain.binomial_queries(suite) or (scores == np.round(scores)).all():
        return  # counts, or sums of rewards that are counts
    short = float(np.mean(np.abs(scores - np.round(scores, _DIGITS)) < 1e-12 * np.maximum(1.0, np.abs(scores))))
    repeated = 1 - len(np.unique(scores)) / len(scores)
    if short > _EQUAL:
        yield suspicious("digits", f"{short:.0%} of the scores end within {_DIGITS} decimals: measured ones do not")
    if repeated > _EQUAL:
        yield suspicious("digits", f"{repeated:.0%} of the scores repeat another one to the last digit")


def check_regular(series: Floats) -> Iterator[Finding]:
    """Lags, periods, mirrors and quotas in a series of exchangeable values.

    Values enter by rank. Too few off the commonest one say nothing: near a ceiling coincidences would decide.
    """
    n = len(series)
    common = int(np.unique(series, return_counts=True)[1].max())
    if n - common < VARIED * n:
        yield note("regularity", f"{n - common:,} of {n:,} differ from the commonest value: too few to tell")
        return
    ranks: Floats = stats.rankdata(series)
    wrong = []
    for name, found, text in (
        ("lag", *_strongest_lag(ranks)),
        ("period", *_spectral_line(ranks)),
        ("mirror", *_mirror(ranks)),
        ("quota", *_quota(ranks)),
    ):
        if found:
            wrong.append(suspicious(name, f"{text}: episodes are independent"))
    yield from wrong or [ok("regularity", f"no lag, period, mirror or quota in {n:,} values")]


def _strongest_lag(series: Floats) -> tuple[bool, str]:
    """The largest autocorrelation at lags 2 .. n / 2 in standard errors, (n - k) / n^2 each (Bartlett); lag 1 apart."""
    n = len(series)
    centred = series - series.mean()
    padded = np.abs(np.fft.rfft(centred, 2 * n)) ** 2
    r = np.fft.irfft(padded)[: n // 2 + 1] / (centred @ centred)
    lags = np.arange(len(r))
    z = r * n / np.sqrt(n - lags)
    k = 2 + int(np.abs(z[2:]).argmax())
    return bool(abs(z[k]) > Z), f"scores {k} episodes apart resemble each other ({z[k]:+.1f} standard errors)"


def _spectral_line(series: Floats) -> tuple[bool, str]:
    """Fisher's test of the largest periodogram ordinate: p = m (1 - g)^(m - 1), with m ordinates (Fisher 1929)."""
    power = np.abs(np.fft.rfft(series - series.mean())[1 : (len(series) + 1) // 2]) ** 2
    m, i = len(power), int(power.argmax())
    p = m * (1 - power[i] / power.sum()) ** (m - 1)
    return bool(
        p < P
    ), f"a period of {len(series) / (i + 1):.4g} episodes holds {power[i] / power.sum():.1%} of the variance"


def _mirror(series: Floats) -> tuple[bool, str]:
    half = len(series) // 2
    centred = series - series.mean()
    r = float(centred[:half] @ centred[::-1][:half] / (half * series.var()))
    z = r * math.sqrt(half)
    return abs(z) > Z, f"the second half mirrors the first ({z:+.1f} standard errors)"


def _quota(series: Floats) -> tuple[bool, str]:
    """Means of blocks that spread less than independent episodes': chi-square, lower tail, at every block size."""
    variance = float(series.var(ddof=1))
    for size in _BLOCKS:
        blocks = len(series) // size
        if blocks < _FEWEST_BLOCKS:
            break
        means = series[: blocks * size].reshape(blocks, size).mean(axis=1)
        ratio = float(means.var(ddof=1)) * size / variance
        if stats.chi2.cdf(ratio * (blocks - 1), blocks - 1) < P / len(_BLOCKS):
            return True, f"means of {size} neighbours spread {math.sqrt(ratio):.2f} times as much as chance alone would"
    return False, ""
