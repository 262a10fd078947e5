"""Generated images for the checks: the same in every process, no data needed.

An image's class is a coarse pattern of 7 x 7 cells, its hand a grain over every pixel. Nobody is to learn anything from
them: they are there to be answered twice.
"""

from __future__ import annotations

import torch

from bench.domains.episodes import Episodes
from bench.domains.images.task import ImageSpec
from bench.philox import uniform, words
from bench.tasks.draws import permutations

_CELLS = 7


def generated(spec: ImageSpec, first: int, n: int) -> Episodes:
    """Episodes first .. first + n - 1, float64, laid out as a run's: support by label, queries shuffled."""
    way, shot, query, (channels, height, width) = spec.way, spec.shot, spec.query, spec.x_shape
    raw = words(("checks", "classes", *spec.x_shape), first * way, n * way, channels * _CELLS**2)
    cells = torch.from_numpy(uniform(raw)).view(n * way, channels, _CELLS, _CELLS)
    pattern = torch.nn.functional.interpolate(cells, (height, width)).view(n, way, 1, channels, height, width)
    raw = words(("checks", "grain", *spec.x_shape), first * way, n * way, (shot + query) * channels * height * width)
    grain = torch.from_numpy(uniform(raw)).view(n, way, shot + query, channels, height, width)
    images = 0.6 * pattern + 0.4 * grain  # in [0, 1)
    order = torch.from_numpy(permutations(words(("checks", "order"), first, n, way * query)))
    labels = torch.arange(way).expand(n, way)
    pictures = images[:, :, shot:].flatten(1, 2)
    return Episodes(
        support_x=images[:, :, :shot].flatten(1, 2),
        support_y=labels.repeat_interleave(shot, 1),
        query_x=torch.stack([one[moved_to] for one, moved_to in zip(pictures, order, strict=True)]),
        query_y=order // query,
        first=first,
        way=way,
    )
