"""The rule about what a learner has seen: declared, or known of the data sets that it names."""

from __future__ import annotations

import pytest

from bench.records import exposure, shows_test_classes
from tests.records.factory import accuracy_scores, make_record


@pytest.mark.parametrize(
    ("suite", "data", "expected"),
    [
        ("miniimagenet-5w1s", [], "train split"),
        ("miniimagenet-5w1s", ["ImageNet-1k"], "test classes"),
        ("miniimagenet-5w1s", ["timm weights resnet18.a1_in1k"], "test classes"),
        ("miniimagenet-5w1s", ["CIFAR-100"], "test classes"),
        ("miniimagenet-5w1s", ["MNIST"], "external data"),
        ("cifarfs-5w5s", ["CIFAR 100"], "test classes"),
        ("cifarfs-5w5s", ["ILSVRC 2012"], "test classes"),
        ("cifarfs-5w5s", ["CIFAR-10"], "external data"),
        ("omniglot-20w1s", ["MNIST"], "external data"),
        ("omniglot-20w1s", ["all of Omniglot"], "test classes"),
        ("omniglot-5w1s", ["ImageNet-1k"], "external data"),
        ("omniglot-5w1s", ["MNIST", "LAION-2B"], "test classes"),
        ("sinusoid-10s", ["cosines"], "external data"),
    ],
)
def test_exposure(suite: str, data: list[str], expected: str) -> None:
    record = make_record(accuracy_scores(100), suite__name=suite, protocol__external_data=data)
    assert exposure(record) == expected
    assert (shows_test_classes(record) is not None) == (expected == "test classes")


def test_what_is_declared_counts_too() -> None:
    changes = {"protocol__external_data": ["my photographs"], "protocol__saw_test_classes": True}
    assert exposure(make_record(accuracy_scores(100), **changes)) == "test classes"


def test_a_suite_of_ones_own_is_known_by_where_its_images_are_from() -> None:
    changes = {"suite__data_source": "Hugging Face uoft-cs/cifar100", "protocol__external_data": ["ImageNet-21k"]}
    assert exposure(make_record(accuracy_scores(100), **changes)) == "test classes"
