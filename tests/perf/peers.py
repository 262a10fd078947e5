"""bench beside other libraries on the same work: `python -m tests.perf.peers`, one thread, ratios of processor time.

Each pair of variants is interleaved in one process on the same tensors and the same network, so that whatever else a
machine does meets both. A library that is not installed has a line that says so. learn2learn 0.2.0 builds with a
current Cython from its source: `python setup.py build_ext --inplace`, then name its folder in PYTHONPATH.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.utils.data import DataLoader

import bench
from bench.runs.allocator import keep_memory
from bench.training.precision import Precision, autocast
from tests.perf.material import IMAGES, omniglot_like, plain_conv4

EPISODES = 60  # of easyfsl that are timed; their number is proportional to its time
Row = tuple[str, float, float]  # what, seconds of the peer, seconds of bench


def seconds(*variants: Callable[[], object], repeats: int = 5) -> list[float]:
    """The median processor time of each variant, taken in turns after one call that warms up."""
    taken: list[list[float]] = [[] for _ in variants]
    for variant in variants:
        variant()
    for _ in range(repeats):
        for variant, times in zip(variants, taken, strict=True):
            began = time.process_time()
            variant()
            times.append(time.process_time() - began)
    return [float(np.median(times)) for times in taken]


def learn2learn() -> Iterator[Row]:
    """Second-order MAML: Omniglot's strided network with 8 tasks (5-way, 1 shot, 5 queries), and 25 sinusoids."""
    import learn2learn as l2l

    from baselines.maml import MAML

    ours = MAML(IMAGES, MAML.Options(norm="batch", inner_lr=1.0))
    ours.strategy = "compiled"
    images = (torch.rand(8, 5, 1, 28, 28), torch.arange(5).expand(8, 5), torch.rand(8, 25, 1, 28, 28))
    tasks = (*images, torch.randint(0, 5, (8, 25)))
    theirs = l2l.algorithms.MAML(strided(), lr=1.0)
    yield (
        "MAML on Omniglot, a meta-gradient of 8 tasks: learn2learn",
        *seconds(lambda: adapt_and_descend(theirs, tasks, F.cross_entropy), lambda: ours.train_step(batch(tasks))),
    )
    small = MAML(bench.FunctionSpec(10, 10), MAML.Options(inner_lr=0.001))
    small.strategy = "compiled"
    functions = tuple(torch.rand(25, 10, 1) for _ in range(4))
    perceptron = nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1))
    their_small = l2l.algorithms.MAML(perceptron, lr=0.001)
    yield (
        "MAML on sinusoids, a meta-gradient of 25 tasks: learn2learn",
        *seconds(
            lambda: adapt_and_descend(their_small, functions, F.mse_loss),
            lambda: small.train_step(batch(functions)),
            repeats=21,
        ),
    )


def adapt_and_descend(maml: nn.Module, tasks: tuple[Tensor, ...], error: Callable[[Tensor, Tensor], Tensor]) -> None:
    """One inner step a task, the query losses' mean backwards, as learn2learn's examples do it."""
    maml.zero_grad()
    for x, y, query, target in zip(*tasks, strict=True):
        learner = maml.clone()  # type: ignore[operator]
        learner.adapt(error(learner(x), y))
        (error(learner(query), target) / len(tasks[0])).backward()


def strided() -> nn.Module:
    """MAML's network for Omniglot as modules."""
    layers: list[nn.Module] = []
    for channels in (1, 64, 64, 64):
        layers += [nn.Conv2d(channels, 64, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 5))


def batch(tasks: tuple[Tensor, ...]) -> bench.Episodes:
    return bench.Episodes(*tasks, first=0, way=5)


def easyfsl() -> Iterator[Row]:
    """Prototypes of Conv4-64: a training step, and test episodes with the images in memory."""
    from easyfsl.methods import PrototypicalNetworks
    from easyfsl.samplers import TaskSampler

    from baselines.protonet import ProtoNet
    from bench.runs.evaluation import evaluate
    from bench.tasks.registry import find_suite
    from tests.streams import frozen_episodes

    theirs, ours = PrototypicalNetworks(plain_conv4()), ProtoNet(IMAGES, ProtoNet.Options())
    optimizers = (torch.optim.Adam(theirs.parameters()), torch.optim.Adam(ours.parameters(), fused=True))
    support, query = torch.rand(60, 1, 28, 28), torch.rand(300, 1, 28, 28)
    labels, answers = torch.arange(60), torch.arange(60).repeat_interleave(5)
    episode = bench.Episodes(support[None], labels[None], query[None], answers[None], first=0, way=60)

    def their_step() -> None:
        optimizers[0].zero_grad()
        theirs.process_support_set(support, labels)
        F.cross_entropy(theirs(query), answers).backward()
        optimizers[0].step()

    def our_step() -> None:
        optimizers[1].zero_grad()
        ours.train_step(episode)
        optimizers[1].step()

    yield ("ProtoNet, a training step (60-way, 5 queries): easyfsl", *seconds(their_step, our_step))

    pool = omniglot_like()
    frozen = frozen_episodes(find_suite("omniglot-5w1s"), {"test": pool})
    torch.utils.data.Sampler.__init__ = lambda self, data_source=None: None  # type: ignore[method-assign]  # its argument is gone
    sampler = TaskSampler(InMemory(pool.images), n_way=5, n_shot=1, n_query=15, n_tasks=EPISODES)
    loader = DataLoader(InMemory(pool.images), batch_sampler=sampler, collate_fn=sampler.episodic_collate_fn)

    @torch.no_grad()
    def their_episodes() -> None:
        theirs.eval()
        for support_x, support_y, query_x, _, _ in loader:
            theirs.process_support_set(support_x, support_y)
            theirs(query_x).argmax(-1)

    def our_episodes(n: int, precision: Precision) -> None:
        with autocast(torch.device("cpu"), precision):
            evaluate(ours, frozen, n, batch=100)

    for n in (2_000, 10_000):
        peer, fp32, bf16 = seconds(
            their_episodes,
            lambda n=n: our_episodes(n, "fp32"),  # type: ignore[misc]
            lambda n=n: our_episodes(n, "bf16"),  # type: ignore[misc]
            repeats=1,
        )
        yield (f"{n:,} test episodes, images in memory: easyfsl", peer * n / EPISODES, fp32)
        yield ("  the same, bench in bf16", peer * n / EPISODES, bf16)


class InMemory(torch.utils.data.Dataset[tuple[Tensor, int]]):
    """Images [N, C, H, W] of 20 a class, as easyfsl's sampler wants them."""

    def __init__(self, images: Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> tuple[Tensor, int]:
        return self.images[row] / 255.0, row // 20

    def get_labels(self) -> list[int]:
        return [row // 20 for row in range(len(self.images))]


def main() -> None:
    torch.set_num_threads(1)
    keep_memory()
    table = Table("the same work, one thread", "peer", "bench", "ratio")
    for peer in (learn2learn, easyfsl):
        if importlib.util.find_spec(peer.__name__) is None:
            table.add_row(f"{peer.__name__} is not installed", "", "", "")
            continue
        for what, theirs, ours in peer():
            table.add_row(what, f"{theirs:.3g} s", f"{ours:.3g} s", f"{theirs / ours:.1f} x")
    Console().print(table)


if __name__ == "__main__":
    main()
