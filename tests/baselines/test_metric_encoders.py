"""ResNet-12 with DropBlock, augmentation and timm encoders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import bench
from baselines.augmentation import random_crop, random_flip
from baselines.backbones import encoder
from baselines.photographs import colour_jitter, random_resized_crop
from baselines.pretraining import PreTrained, augmented
from baselines.resnet12 import RAMP, DropBlock, ResNet12
from baselines.timm_proto import frozen
from bench.catalogue import lite0
from bench.learners.weights import read_tensors
from tests.baselines.material import answer, episodes, make


@pytest.mark.parametrize("name, features", [("resnet12", 2560), ("resnet12-avg", 640)])
def test_resnet12_has_the_published_layers_and_no_randomness_in_evaluation(name: str, features: int) -> None:
    net, images = encoder(name, (3, 32, 32)), torch.rand(2, 3, 32, 32)
    convolutions = [m.weight.shape for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [tuple(s[:2]) for s in convolutions if s[2] == 3][::3] == [(64, 3), (160, 64), (320, 160), (640, 320)]
    assert len(convolutions) == 16, "twelve layers and four shortcuts"
    with torch.no_grad():
        net.train()(images)
        assert not torch.equal(net(images), net(images))
        assert torch.equal(net.eval()(images), net(images)) and net(images).shape == (2, features)


@pytest.mark.parametrize("size, block", [(28, 1), (32, 2), (84, 5)])
def test_squares_fit_into_the_last_map(size: int, block: int) -> None:
    net = ResNet12((1, size, size))
    assert [m.size for m in net.modules() if isinstance(m, DropBlock)][1] == block


@pytest.mark.parametrize("size, side", [(1, 4), (2, 8), (5, 10)])
def test_dropblock_zeroes_about_its_share_in_whole_squares_and_keeps_the_mean(size: int, side: int) -> None:
    torch.manual_seed(0)
    drop, x = DropBlock(size), torch.ones(64, 64, side, side)
    mask = drop.mask(x, torch.tensor(0.1))
    assert float(mask.mean()) == pytest.approx(1, abs=1e-4)
    dropped = mask == 0
    share = float(dropped.float().mean())
    assert share <= 0.105 and share > 0.07, "squares may overlap, which drops less"
    lone = dropped.sum((2, 3))
    assert int(lone[lone > 0].min()) == size**2


def test_the_dropped_share_grows_from_nothing_to_a_tenth() -> None:
    torch.manual_seed(0)
    drop, x = DropBlock(1).train(), torch.ones(16, 64, 8, 8)
    assert float((drop(x) == 0).float().mean()) < 0.001
    drop.batches.fill_(RAMP)
    assert float((drop(x) == 0).float().mean()) == pytest.approx(0.1, abs=0.01)
    assert drop.eval()(x) is x


def test_crops_are_shifts_and_flips_are_mirror_images() -> None:
    torch.manual_seed(0)
    images = torch.rand(40, 2, 6, 6)
    padded = torch.nn.functional.pad(images, (1, 1, 1, 1))
    shifts = [(top, left) for top in range(3) for left in range(3)]
    found = set()
    for crop, whole in zip(random_crop(images, 1), padded, strict=True):
        fit = [
            shift for shift in shifts if torch.equal(crop, whole[:, shift[0] : shift[0] + 6, shift[1] : shift[1] + 6])
        ]
        assert len(fit) == 1
        found.add(fit[0])
    assert len(found) > 5
    mirrored = [torch.equal(a, b.flip(2)) for a, b in zip(random_flip(images), images, strict=True)]
    kept = [torch.equal(a, b) for a, b in zip(random_flip(images), images, strict=True)]
    assert 8 < sum(mirrored) < 32 and 8 < sum(kept) < 32


def test_resized_crops_are_stretched_parts_of_the_image() -> None:
    """On a linear ramp a crop is a linear ramp: its ends say where it was, and whether it kept share and shape."""
    torch.manual_seed(0)
    m, side = 2000, 64
    ramp = ((torch.arange(side) + 0.5) / side).expand(side, side)
    images = torch.stack([ramp, ramp.T]).expand(m, 2, side, side)
    found = random_resized_crop(images)
    across, down = found[:, 0, side // 2], found[:, 1, :, side // 2]
    middle = slice(8, -8)  # away from the border, where the ramp ends in half a pixel of no slope
    steps = [line[:, middle].diff(dim=1) for line in (across, down)]
    assert all(float((step - step.mean(1, keepdim=True)).abs().max()) < 1e-3 for step in steps)
    width, height = (step.mean(1) * side for step in steps)
    assert float(width.max()) <= 1.001 and float(height.max()) <= 1.001
    area, whole = width * height, (width < 0.99) & (height < 0.99)
    assert float(area.min()) > 0.079 and float(area[whole].min()) < 0.1 and float(area.max()) > 0.9
    shape = (width / height)[whole]
    assert 0.749 < float(shape.min()) < 0.78 and 1.28 < float(shape.max()) < 1.334
    centre = across.mean(1)
    assert float((centre - width / 2).min()) > -0.01 and float((centre + width / 2).max()) < 1.01
    assert float(centre.mean()) == pytest.approx(0.5, abs=0.02)


def test_colour_jitter_by_hand() -> None:
    torch.manual_seed(0)
    images = torch.rand(50, 3, 4, 4, dtype=torch.float64)
    torch.manual_seed(1)
    found = colour_jitter(images, 0.4)
    torch.manual_seed(1)
    factors = [1 + 0.4 * (2 * torch.rand(50, 1, 1, 1) - 1) for _ in range(3)]
    for number, image in enumerate(images.numpy()):
        brightness, contrast, saturation = (float(factor[number]) for factor in factors)
        image = np.clip(brightness * image, 0, 1)
        luma = 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]
        image = np.clip(contrast * image + (1 - contrast) * luma.mean(), 0, 1)
        luma = 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]
        image = np.clip(saturation * image + (1 - saturation) * luma, 0, 1)
        np.testing.assert_allclose(found[number].numpy(), image, atol=1e-6)
    grey = torch.rand(5, 1, 4, 4)
    assert not torch.equal(colour_jitter(grey, 0.4), grey)
    torch.testing.assert_close(colour_jitter(images, 0.0), images)


def test_augmentation_options_of_pre_training_change_training_images() -> None:
    images = torch.rand(6, 3, 16, 16)
    assert augmented(images, PreTrained.Options()) is images
    for options in ({"crop": 2}, {"flip": True}, {"resized_crop": True}, {"jitter": 0.4}):
        torch.manual_seed(0)
        found = augmented(images, PreTrained.Options(**options))  # type: ignore[arg-type]
        assert found.shape == images.shape and not torch.equal(found, images), options


@pytest.mark.parametrize("name", ["protonet", "matching", "r2d2", "metaoptnet_rr"])
def test_training_images_alone_are_mirrored(name: str) -> None:
    learner, images = make(name, "images", flip=True), episodes("images").support_x[0]
    with torch.no_grad():
        assert torch.equal(learner.augment(images), images)
        assert not torch.equal(learner.train().augment(images), images)


def test_a_temperature_divides_the_logits_of_protonet() -> None:
    part = episodes("images", b=1)
    torch.testing.assert_close(
        answer(make("protonet", "images", temperature=64.0), part), answer(make("protonet", "images"), part) / 64
    )


@pytest.mark.parametrize("similarity", ["cosine", "euclidean"])
def test_timm_prototypes_by_hand(similarity: str) -> None:
    learner, part = make("timm_proto", "colour", similarity=similarity), episodes("colour", b=1)
    z, query = (learner.encoder(x[0]) for x in (part.support_x, part.query_x))
    if similarity == "cosine":  # one shot: a prototype is the support image
        expected = torch.nn.functional.cosine_similarity(query[:, None], z[None], dim=-1)
    else:
        expected = -((query[:, None] - z[None]) ** 2).sum(-1)
    torch.testing.assert_close(answer(learner, part)[0], expected)


def test_pretrained_weights_are_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not make("timm_proto", "colour").saw_test_classes and make("timm_proto", "colour").external_data == ()
    monkeypatch.setattr("baselines.timm_proto.TimmEncoder", without_download)
    learner = make("timm_proto", "colour", model="resnet18.a1_in1k", weights="hub")
    assert learner.external_data == ("timm weights resnet18.a1_in1k", "ImageNet-1k") and learner.saw_test_classes


def without_download(model: str, channels: int, pretrained: bool) -> Any:
    from baselines.backbones import TimmEncoder

    return TimmEncoder(model, channels)


def test_missing_models_and_weights_are_errors_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(bench.UsageError, match="Unknown model"):
        frozen("resnet-eighteen", "random", 3)

    def unreachable(*_: Any) -> Any:
        raise FileNotFoundError("no connection")

    monkeypatch.setattr("baselines.timm_proto.TimmEncoder", unreachable)
    with pytest.raises(bench.BenchError, match="HF_HOME"):
        frozen("resnet18", "hub", 3)


def test_packaged_weights_are_those_of_one_model(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(bench.UsageError, match="found model=resnet18"):
        frozen("resnet18", "package", 3)
    monkeypatch.setattr("bench.catalogue.lite0.imagenet_weights", lambda: None)
    with pytest.raises(bench.BenchError, match="not installed"):
        frozen("tf_efficientnet_lite0", "package", 3)


@pytest.mark.skipif(lite0.original() is None, reason="the extra `features` is not installed")
def test_packaged_weights_are_loaded_and_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DATA", str(tmp_path))
    learner = make("timm_proto", "colour", model="tf_efficientnet_lite0", weights="package")
    assert learner.saw_test_classes and "ImageNet-1k" in learner.external_data
    stem = frozen("tf_efficientnet_lite0", "package", 3).model.conv_stem.weight
    torch.testing.assert_close(stem, read_tensors(lite0.imagenet_weights())[0]["conv_stem.weight"])
