"""`bench new`: a working learner to start from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from bench.errors import UsageError

_TEMPLATE = '''"""{title}: replace this line by what it is and where it comes from (paper, year, arXiv id).

    bench run --algo {file}:{title} --suite glyphs-5w1s --budget short
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

import bench


class {title}(bench.EmbeddingLearner):
    """Nearest class mean in a learned embedding: the smallest learner that works. Change `embed` and `classify`."""

    family = "metric"  # optimization, metric, model, exploration or reference
    transductive = False  # does a prediction depend on the other queries of its episode?

    @dataclass
    class Options:
        filters: int = 32  # every field is a --set key=value

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        layers: list[nn.Module] = []
        channels = task.x_shape[0]
        for _ in range(4):
            layers += [nn.Conv2d(channels, options.filters, 3, padding=1), nn.BatchNorm2d(options.filters)]
            layers += [nn.ReLU(), nn.MaxPool2d(2)]
            channels = options.filters
        self.encoder = nn.Sequential(*layers, nn.Flatten())

    def embed(self, images: Tensor) -> Tensor:  # [M, C, H, W] in [0, 1] -> [M, D]
        embedding: Tensor = self.encoder(images)
        return embedding

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:  # -> logits [B, Q, way]
        members = F.one_hot(support_y).to(support_z.dtype)
        means = members.transpose(1, 2) @ support_z / members.sum(1)[:, :, None]
        return -((query_z[:, :, None] - means[:, None]) ** 2).sum(-1)
'''


def new_command(
    name: Annotated[str, typer.Argument(help="Name of the learner, e.g. MyLearner.")],
    directory: Annotated[Path, typer.Option("--dir", help="Where to write its file.")] = Path(),
) -> None:
    """Write a working learner to start from."""
    if not name.isidentifier():
        raise UsageError(f"Expected a Python class name, found {name!r}.", "Example: bench new MyLearner")
    title = name[0].upper() + name[1:]
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", title).lower()
    file = directory / f"{snake}.py"
    if file.exists():
        raise UsageError(f"{file} exists already.", "Choose another name, or delete it first.")
    directory.mkdir(parents=True, exist_ok=True)
    file.write_text(_TEMPLATE.format(title=title, file=file.as_posix()), encoding="utf-8")
    typer.echo(f"{file}\nbench run --algo {file}:{title} --suite glyphs-5w1s --budget short")
