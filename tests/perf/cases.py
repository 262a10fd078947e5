"""What is timed. Each case runs in a process of its own and prints one JSON line: name -> seconds (or a ratio)."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F

import bench
from bench.runs.allocator import keep_memory
from tests.perf.material import IMAGES, omniglot_like, plain_conv4


def best(work: Callable[[], object], repeats: int = 7) -> float:
    """Seconds of the fastest of several calls, after two that warm up."""
    work(), work()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def plain_protonet_step() -> dict[str, float]:
    """A training step as most code bases write it: NCHW, ReLU before pooling, the system's allocator."""
    net = plain_conv4()
    optimizer, images = torch.optim.Adam(net.parameters()), torch.rand(360, 1, 28, 28)
    labels = torch.arange(60).repeat_interleave(5)

    def step() -> None:
        z = net(images)
        loss = F.cross_entropy(-(torch.cdist(z[60:], z[:60]) ** 2), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    with torch.no_grad():
        embedding = best(lambda: net.eval()(images))
    net.train()
    return {"step": best(step), "embedding": embedding}


def bench_protonet_step() -> dict[str, float]:
    keep_memory()
    from baselines.protonet import ProtoNet
    from bench.domains.episodes import Episodes

    learner = ProtoNet(IMAGES, ProtoNet.Options())
    optimizer = torch.optim.Adam(learner.parameters(), fused=True)
    episode = Episodes(
        torch.rand(1, 60, 1, 28, 28),
        torch.arange(60)[None],
        torch.rand(1, 300, 1, 28, 28),
        torch.arange(60).repeat_interleave(5)[None],
        first=0,
        way=60,
    )

    def step() -> None:
        optimizer.zero_grad()
        learner.train_step(episode)
        optimizer.step()

    images = torch.rand(360, 1, 28, 28)
    square = torch.rand(2048, 2048)
    with torch.no_grad():
        embedding = best(lambda: learner.eval().embed(images))
        peak = 2 * 2048**3 / best(lambda: square @ square)
    learner.train()
    multiply_adds = 9 * 64 * (28 * 28 + 64 * (14 * 14 + 7 * 7 + 3 * 3))
    share = 2 * multiply_adds * len(images) / embedding / peak
    return {"step": best(step), "embedding": embedding, "share of matmul peak": share}


def sinusoid_meta_step() -> dict[str, float]:
    """25 tasks, one second-order inner step: a loop with retained graphs (as learn2learn works), vmap, compiled."""
    keep_memory()
    from baselines.maml import MAML
    from bench.learners.strategies import meta_gradient

    learner = MAML(bench.FunctionSpec(10, 10), MAML.Options(inner_lr=0.001))
    tasks = tuple(torch.rand(25, 10, 1) for _ in range(4))
    weights = dict(learner.net.named_parameters())
    times = {"loop": best(lambda: _retained_graphs(learner, tasks))}
    for strategy in ("vmap", "compiled"):
        times[strategy] = best(lambda s=strategy: meta_gradient(learner.task_loss, weights, tasks, s), 30)  # type: ignore[misc]
    return times


def omniglot_meta_step() -> dict[str, float]:
    """8 tasks, 5-way 1-shot, 5 queries, strided Conv4-64, second order; F.conv2d in a loop against columns in vmap."""
    keep_memory()
    import baselines.maml as maml
    from bench.learners.strategies import meta_gradient

    learner = maml.MAML(IMAGES, maml.MAML.Options(norm="batch", inner_lr=1.0))
    images = (torch.rand(8, 5, 1, 28, 28), torch.rand(8, 25, 1, 28, 28))
    tasks = (images[0], torch.arange(5).expand(8, 5), images[1], torch.randint(0, 5, (8, 25)))
    weights = dict(learner.net.named_parameters())
    times = {"columns, vmap": best(lambda: meta_gradient(learner.task_loss, weights, tasks, "vmap"))}
    times["columns, compiled"] = best(lambda: meta_gradient(learner.task_loss, weights, tasks, "compiled"))
    maml.convolve_by_columns = _convolution
    times["conv2d, loop"] = best(lambda: meta_gradient(learner.task_loss, weights, tasks, "loop"))
    return times


def evaluation() -> dict[str, float]:
    """ProtoNet on 1,692 classes of 20 images: episodes from one embedding of the pool, or each embedded anew."""
    keep_memory()
    from baselines.protonet import ProtoNet
    from bench.runs.evaluation import evaluate
    from bench.tasks.registry import find_suite
    from tests.streams import frozen_episodes

    suite = find_suite("omniglot-5w1s")
    pool = omniglot_like()
    episodes = frozen_episodes(suite, {"test": pool})
    learner = ProtoNet(IMAGES, ProtoNet.Options())
    times = {}
    for n in (1_000, 10_000):
        began = time.perf_counter()
        evaluate(learner, episodes, n, batch=100)
        times[f"{n:,} episodes"] = time.perf_counter() - began
    began = time.perf_counter()
    with torch.no_grad():
        for part in episodes.batches(100, 10):
            learner.eval().predict(part.support_x, part.support_y, part.query_x)
    times["1,000 episodes, each embedded"] = 10 * (time.perf_counter() - began)
    return times


def indices() -> dict[str, float]:
    from bench.domains.images.task import ImageTask
    from bench.tasks.registry import all_suites
    from tests.streams import frozen_stream

    suites = [suite for suite in all_suites().values() if isinstance(suite.task, ImageTask)]
    slowest = max(suites, key=lambda suite: suite.task.way * (suite.task.shot + suite.task.query))  # type: ignore[union-attr]
    return {slowest.name: best(lambda: frozen_stream(slowest, "test").block(0, 10_000), 3)}  # type: ignore[union-attr]


def _retained_graphs(learner: object, tasks: tuple[torch.Tensor, ...]) -> None:
    net = learner.net  # type: ignore[attr-defined]
    weights = dict(net.named_parameters())
    loss = torch.zeros(())
    for x, y, query, target in zip(*tasks, strict=True):
        inner = F.mse_loss(net.run(weights, x, len(x)), y)
        gradient = torch.autograd.grad(inner, list(weights.values()), create_graph=True)
        fast = {name: w - 0.001 * g for (name, w), g in zip(weights.items(), gradient, strict=True)}
        loss = loss + F.mse_loss(net.run(fast, query, len(query)), target)
    torch.autograd.grad(loss / len(tasks[0]), list(weights.values()))


def _convolution(h: torch.Tensor, weight: torch.Tensor, stride: int) -> torch.Tensor:
    kernel = weight.view(3, 3, h.shape[-1], -1).permute(3, 2, 0, 1)
    return F.conv2d(h.permute(0, 3, 1, 2), kernel, stride=stride, padding=1).permute(0, 2, 3, 1)


CASES = {
    case.__name__: case
    for case in (
        plain_protonet_step,
        bench_protonet_step,
        sinusoid_meta_step,
        omniglot_meta_step,
        evaluation,
        indices,
    )
}

if __name__ == "__main__":
    print(json.dumps(CASES[sys.argv[1]]()))
