"""Where features come from: published runs, and the weights that come by pip."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import bench
from bench.catalogue import lite0
from bench.errors import Mismatch
from bench.own.encoders import available, named
from bench.resources import repository

published = pytest.mark.skipif(repository() is None, reason="published records lie in the repository only")


@published
def test_a_published_learner_is_loaded_without_its_images() -> None:
    learner = bench.load_learner("omniglot-20w1s/r2d2/986c34e5bf0eb954".rpartition("/")[2])
    images = torch.rand(1, 20, 1, 28, 28)
    labels = torch.arange(20)[None]
    with torch.no_grad():
        logits = learner.predict(images, labels, images)
    assert (logits.argmax(-1) == labels).all(), "an image is most like itself"
    assert not learner.training


@published
def test_one_published_run_a_data_set_and_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lite0, "original", lambda: None)
    *published, last = (encoder.name for encoder in available(data_dir=tmp_path))
    assert last == "pixels"
    assert sum("omniglot-20w1s" in name for name in published) == 1
    data = [suite for name in published for suite in ("omniglot", "miniimagenet", "cifarfs") if suite in name]
    assert len(set(data)) == len(data) == len(published)


@pytest.mark.skipif(lite0.original() is None, reason="the extra `features` is not installed")
def test_imagenet_weights_are_kept_as_safetensors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = lite0.imagenet_weights(tmp_path)
    assert file is not None and file.suffix == ".safetensors"
    encoder = named("lite0", data_dir=tmp_path)
    features = encoder.build()(torch.rand(2, 3, 224, 224))
    assert features.shape == (2, 1280)
    assert 0.1 < features.mean() < 2, "weights under wrong names give features of another size"
    monkeypatch.setenv("BENCH_DATA", str(tmp_path))
    assert bench.imagenet_weights() == file
    monkeypatch.setattr(lite0, "SHA256", "0" * 64)
    with pytest.raises(Mismatch):
        lite0.imagenet_weights(tmp_path / "other")
