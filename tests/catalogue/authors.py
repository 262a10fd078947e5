"""The RelationNet authors' two networks, written down plainly, and files like theirs with random weights."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
import yaml
from torch import Tensor, nn

MEAN, STD = 0.92206, 0.08426  # their normalisation


class TheirEncoder(nn.Module):
    """Convolutions with biases, the first two without padding; ReLU before the pooling."""

    def __init__(self, channels: int, n: int) -> None:
        super().__init__()
        for i, (n_in, padding, pool) in enumerate(((channels, 0, True), (n, 0, True), (n, 1, False), (n, 1, False))):
            parts: list[nn.Module] = [nn.Conv2d(n_in, n, 3, padding=padding), nn.BatchNorm2d(n, momentum=1), nn.ReLU()]
            self.add_module(f"layer{i + 1}", nn.Sequential(*parts, *([nn.MaxPool2d(2)] if pool else [])))

    def forward(self, images: Tensor) -> Tensor:
        for layer in self.children():
            images = layer(images)
        return images


class TheirRelation(nn.Module):
    """Convolutions over concatenated maps, two linear layers; here without the sigmoid."""

    def __init__(self, n: int, inputs: int, hidden: int, padding: int) -> None:
        super().__init__()
        for i, n_in in enumerate((2 * n, n)):
            conv, norm = nn.Conv2d(n_in, n, 3, padding=padding), nn.BatchNorm2d(n, momentum=1)
            self.add_module(f"layer{i + 1}", nn.Sequential(conv, norm, nn.ReLU(), nn.MaxPool2d(2)))
        self.fc1, self.fc2 = nn.Linear(inputs, hidden), nn.Linear(hidden, 1)

    def forward(self, pairs: Tensor) -> Tensor:
        found = self.layer2(self.layer1(pairs)).flatten(1)
        return self.fc2(F.relu(self.fc1(found)))


def random_networks(channels: int, n: int, inputs: int, padding: int, hidden: int = 8) -> tuple[nn.Module, nn.Module]:
    """Both networks in training mode; every parameter is random, scales and shifts of the norms too."""
    torch.manual_seed(0)
    encoder, relation = TheirEncoder(channels, n), TheirRelation(n, inputs, hidden, padding)
    for parameter in (*encoder.parameters(), *relation.parameters()):
        nn.init.normal_(parameter, std=0.3)
    return encoder.train(), relation.train()


def save_theirs(network: nn.Module, file: Path) -> None:
    """As PyTorch 0.3 saved it: the old file format, without counters of batches."""
    state = {name: value for name, value in network.state_dict().items() if "num_batches" not in name}
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, file, _use_new_zipfile_serialization=False)


def catalogue_text(files: dict[str, Path], sha256: str, /, **changes: Any) -> str:
    """A catalogue of one entry, `tiny`: a small relnet for glyphs."""
    described = []
    for path, file in files.items():
        content = file.read_bytes()
        described.append({"path": path, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)})
    entry = {
        "name": "tiny",
        "learner": "relnet",
        "options": {"norm": "batch", "filters": 4},
        "suites": ["glyphs-5w1s"],
        "paper": "Somebody 2018, A paper, arXiv:1234.56789",
        "licence": "MIT",
        "trained_on": "drawings of their own",
        "base": "https://example.org/models",
        "files": described,
        "converter": "baselines/converters/relnet.py:omniglot",
        "sha256": sha256,
    }
    return yaml.safe_dump([{**entry, **changes}], sort_keys=False)
