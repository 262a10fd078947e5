"""The choice and its interval."""

from __future__ import annotations

import numpy as np
import pytest

from bench.own.advice import advise
from bench.own.choose import choose, estimate, interval, optimism
from bench.own.curve import curve
from bench.own.evaluate import Method
from bench.own.heads import HEADS

A, B = Method("one", "ridge"), Method("two", "ridge")
LABELS = np.repeat(np.arange(4), 6)


def test_without_evidence_the_first_is_taken_and_the_others_are_named() -> None:
    rates = np.random.default_rng(0).integers(0, 2, 24).astype(float)
    for first, second in ((A, B), (B, A)):
        choice = choose({first: rates, second: rates}, LABELS)
        assert (choice.method, choice.tied) == (first, (second,))


def test_a_clear_lead_is_followed() -> None:
    choice = choose({A: np.zeros(24), B: np.ones(24)}, LABELS)
    assert (choice.method, choice.tied) == (B, ())


def test_all_right_is_no_certainty() -> None:
    found = interval(1.0, 0.0, LABELS)
    assert found.high == pytest.approx(1)
    assert 0.75 < found.low < 0.9


def test_choosing_among_methods_of_pure_luck_flatters() -> None:
    """The best of 40 coin tossers looks good; its promise has to be nearer to a half than its record."""
    generator = np.random.default_rng(1)
    rates = {Method(str(i), "ridge"): generator.integers(0, 2, 24).astype(float) for i in range(40)}
    assert optimism(rates, LABELS) > 0.02
    method = choose(rates, LABELS).method
    assert estimate(rates, LABELS, method).mean < rates[method].mean()
    assert optimism({A: rates[method]}, LABELS) == pytest.approx(0, abs=0.02)


def test_two_points_make_no_curve_and_a_rising_one_promises_something() -> None:
    generator = np.random.default_rng(2)
    rates = {float(k): (generator.random(24) < p).astype(float) for k, p in ((1, 0.4), (2, 0.5), (4, 0.7))}
    assert curve(dict(list(rates.items())[:2]), LABELS, 6).gains == ()
    found = curve(rates, LABELS, 6)
    assert [gain.more for gain in found.gains] == [5, 10]
    assert 0 < found.gains[0].gain.mean < found.gains[1].gain.mean
    assert all(gain.gain.low <= gain.gain.mean <= gain.gain.high for gain in found.gains)


@pytest.mark.slow
def test_intervals_hold_the_accuracy_on_fresh_images() -> None:
    """Gaussian classes in 30 dimensions, 6 classes of 5, two encoders: the promise against 3,000 fresh images."""
    generator, held, trials = np.random.default_rng(3), 0, 120
    for number in range(trials):
        centres = generator.normal(0, 0.45, (6, 30))
        labels, fresh = np.repeat(np.arange(6), 5), np.repeat(np.arange(6), 500)
        known = centres[labels] + generator.normal(size=(30, 30))
        later = centres[fresh] + generator.normal(size=(3000, 30))
        advice = advise(str(number), {"all": known, "half": known[:, :15]}, labels)
        method = advice.choice.method
        cut = slice(None) if method.encoder == "all" else slice(15)
        right = HEADS[method.head](known[:, cut], labels).scores(later[:, cut]).argmax(1) == fresh
        held += advice.expected.low <= right.mean() <= advice.expected.high
    assert held / trials >= 0.92
