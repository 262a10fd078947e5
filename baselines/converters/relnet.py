"""The weights of the RelationNet authors (floodsung/LearningToCompare_FSL), as those of `relnet` with `norm=batch`.

Their networks never leave training mode, so the statistics that their files hold are used nowhere, and a bias before a
batch norm changes nothing. Their inputs are (x - mean) / std with one mean and std for all channels of both data sets;
on Omniglot x is bright paper, here it is bright ink. What is affine before a convolution without padding that a batch
norm follows can be put into the weights, up to a constant that the norm removes. They pool after the ReLU; the two
commute.
"""

from __future__ import annotations

from torch import Tensor

StateDict = dict[str, Tensor]

STD = 0.08426  # of `transforms.Normalize` in both task_generator.py


def omniglot(encoder: StateDict, relation: StateDict) -> StateDict:
    """Both files of an Omniglot model: ink is 1 here and 0 there."""
    return _state_dict(encoder, relation, -1.0 / STD)


def miniimagenet(encoder: StateDict, relation: StateDict) -> StateDict:
    """Both files of a mini-ImageNet model."""
    return _state_dict(encoder, relation, 1.0 / STD)


def _state_dict(encoder: StateDict, relation: StateDict, input_scale: float) -> StateDict:
    found: StateDict = {}
    for block in range(4):
        found |= _norm(encoder, f"layer{block + 1}.1", f"encoder.{block}.1")
        found[f"encoder.{block}.0.weight"] = encoder[f"layer{block + 1}.0.weight"]
    # In double precision, so that every machine rounds to the same file.
    found["encoder.0.0.weight"] = (encoder["layer1.0.weight"].double() * input_scale).float()
    pairs = relation["layer1.0.weight"]  # [n, 2 n, 3, 3] over cat(support, query)
    half = pairs.shape[1] // 2
    found["of_support.weight"], found["of_query.weight"] = pairs[:, :half], pairs[:, half:]
    found |= _norm(relation, "layer1.1", "pair.0")
    found["pair.3.0.weight"] = relation["layer2.0.weight"]
    found |= _norm(relation, "layer2.1", "pair.3.1")
    for theirs, ours in (("fc1", "score.1"), ("fc2", "score.3")):  # they add a sigmoid, which keeps the order
        found |= {f"{ours}.{part}": relation[f"{theirs}.{part}"] for part in ("weight", "bias")}
    return found


def _norm(source: StateDict, theirs: str, ours: str) -> StateDict:
    """Scale and shift of a batch norm."""
    return {f"{ours}.{part}": source[f"{theirs}.{part}"] for part in ("weight", "bias")}
