"""Pins: agreement, disagreement and absence."""

from __future__ import annotations

import pytest

from bench.errors import Mismatch
from bench.tasks.manifest import check_pins
from bench.tasks.registry import find_suite
from bench.tasks.suites import Pin, Suite

A, B = "a" * 64, "b" * 64


def suite(pin: Pin | None) -> Suite:
    return find_suite("glyphs-5w1s").model_copy(update={"pin": pin})


def test_both_hashes_agree() -> None:
    assert check_pins(suite(Pin(manifest=A, data=B)), A, B) is True


def test_generated_tasks_need_no_fingerprint() -> None:
    assert check_pins(suite(Pin(manifest=A)), A, None) is True


def test_no_pin_is_unpinned() -> None:
    assert check_pins(suite(None), A, B) is False


def test_images_that_nobody_pinned_are_unpinned() -> None:
    assert check_pins(suite(Pin(manifest=A, data=None)), A, B) is False


def test_a_source_may_be_pinned_and_another_not() -> None:
    pin = Pin(manifest=A, data={"CSV files": B})
    assert check_pins(suite(pin), A, B, "CSV files") is True
    assert check_pins(suite(pin), A, A, "hub") is False
    with pytest.raises(Mismatch, match="images"):
        check_pins(suite(pin), A, A, "CSV files")


def test_other_episodes_are_a_mismatch_naming_both_hashes() -> None:
    with pytest.raises(Mismatch) as caught:
        check_pins(suite(Pin(manifest=A, data=B)), B, B)
    assert A in caught.value.message and B in caught.value.message and "episodes" in caught.value.message
    assert caught.value.exit_code == 3


def test_other_images_are_a_mismatch_naming_both_hashes() -> None:
    with pytest.raises(Mismatch) as caught:
        check_pins(suite(Pin(manifest=A, data=B)), A, A)
    assert A in caught.value.message and B in caught.value.message and "images" in caught.value.message
    assert "bench data" in caught.value.fix
