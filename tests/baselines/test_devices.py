"""Every baseline on a device other than the CPU, without one (`tests.second_device`)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from bench.domains import find_domain
from bench.domains.tensors import moved
from bench.learners.contract import Learner
from bench.learners.options import resolve_options
from bench.learners.registry import find_learner, load
from tests.baselines.material import SPECS
from tests.baselines.test_every_baseline import FIT
from tests.second_device import Placed, SecondDevice, place

LOOKS_A_STEP = 1  # at a counter of the learner's own, at the number of classes, or at whether variances are positive


@pytest.mark.parametrize("name, task", FIT)
def test_a_baseline_trains_and_answers_where_its_inputs_are(name: str, task: str) -> None:
    spec, kind = SPECS[task], load(find_learner(name))
    domain = find_domain(spec.kind)
    torch.manual_seed(0)
    learner = kind(spec, resolve_options(kind, {}))
    with SecondDevice() as device:
        place(learner)
        if learner.trains and kind.meta_train is Learner.meta_train:
            learner.train()
            optimizer = learner.configure_optimizer(5) or torch.optim.Adam(learner.parameters())
            lesson = domain.lesson(spec, 0, 2, device.name)
            device.looks.clear()
            loss = learner.train_step(lesson)
            optimizer.step()
            assert isinstance(loss, Placed) and torch.isfinite(loss.inner).all()
            assert len(device.looks) <= LOOKS_A_STEP, device.looks
        example = moved(domain.example(spec, 5, 2), torch.float32, device.name)
        with torch.no_grad():
            found = domain.ask(learner.eval(), example)
        final = found["final"]
        tensors = [final] if isinstance(final, Tensor) else [v for v in vars(final).values() if isinstance(v, Tensor)]
        assert tensors and all(isinstance(value, Placed) for value in tensors)


def _there() -> Tensor:
    return torch.rand(3, 3, device="meta")


@pytest.mark.parametrize(
    "mixed",
    [
        lambda: _there() + torch.rand(3, 3),
        lambda: torch.rand(3, 3) @ _there(),
        lambda: torch.cat([_there(), torch.rand(3, 3)]),
        lambda: torch.where(torch.rand(3, 3) > 0.5, _there(), _there()),
        lambda: F.cross_entropy(_there(), torch.zeros(3, dtype=torch.int64)),
        lambda: torch.rand(3, 3)[torch.zeros(1, dtype=torch.int64, device="meta")],
        lambda: _there().index_add(0, torch.zeros(3, dtype=torch.int64), _there()),
        lambda: torch.func.vmap(torch.dot)(_there(), torch.rand(3, 3)),
        lambda: _there().add_(torch.ones(3)),
    ],
)
def test_two_devices_do_not_mix(mixed: Callable[[], Tensor]) -> None:
    with SecondDevice(), pytest.raises(RuntimeError, match="two devices"):
        mixed()


def test_numbers_copies_and_indices_from_the_cpu_are_taken() -> None:
    with SecondDevice() as device:
        x = torch.arange(6.0, device=device.name)
        x += torch.tensor(1.0)
        assert isinstance(x[torch.tensor([0, 2])], Placed)
        assert torch.equal(x.cpu(), torch.arange(6.0) + 1) and not isinstance(x.cpu(), Placed)
        assert isinstance(torch.ones(2).to(device.name), Placed)


def test_looking_at_a_value_is_counted_and_right() -> None:
    with SecondDevice() as device:
        assert float(torch.full((), 2.5, device=device.name)) == 2.5 and len(device.looks) == 1
        assert torch.ones(3).sum().item() == 3 and len(device.looks) == 1


def test_gradients_are_those_of_the_cpu() -> None:
    torch.manual_seed(0)
    weight, x = torch.rand(4, 4), torch.rand(2, 4)

    def gradient(w: Tensor, inputs: Tensor) -> Tensor:
        w = w.clone().requires_grad_()
        (torch.tanh(inputs @ w) ** 2).sum().backward()
        assert w.grad is not None
        return w.grad

    expected = gradient(weight, x)
    with SecondDevice() as device:
        assert torch.equal(gradient(weight.to(device.name), x.to(device.name)).cpu(), expected)
