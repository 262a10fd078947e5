"""What holds for every baseline on every kind of task that it answers (explorers act: see test_explorers.py)."""

from __future__ import annotations

import pytest
import torch

import bench
from bench.domains.episodes import Episodes
from bench.learners.contract import unfit
from bench.learners.options import resolve_options
from bench.learners.predictions import validate
from bench.learners.registry import all_learners, find_learner, load
from tests.baselines.material import SPECS, answer, episodes, make, tensors, with_queries

NAMES = sorted(name for name, info in all_learners().items() if info.origin.startswith("baselines/"))
FIT = [(name, task) for name in NAMES for task in SPECS if unfit(load(find_learner(name)), SPECS[task]) is None]
SUPPORTED = [(name, task) for name, task in FIT if SPECS[task].kind != "exploration"]
INDUCTIVE = [(name, task) for name, task in SUPPORTED if not make(name, task).transductive]
TRAINED = [(name, task) for name, task in SUPPORTED if load(find_learner(name)).trains]


def test_every_baseline_answers_something_and_every_task_has_an_answer() -> None:
    assert {name for name, _ in FIT} == set(NAMES)
    assert {task for _, task in FIT} == set(SPECS)


@pytest.mark.parametrize("name", NAMES)
def test_a_skip_has_a_reason(name: str) -> None:
    for spec in SPECS.values():
        reason = unfit(load(find_learner(name)), spec)
        assert reason is None or len(reason) > 10


@pytest.mark.parametrize("name", NAMES)
def test_declarations(name: str) -> None:
    info, learner = all_learners()[name], load(find_learner(name))
    assert info.family in {"optimization", "metric", "model", "exploration", "reference"}
    assert info.title and f"bench run --algo {name} " in info.doc, "the module shows the command of its row"
    assert resolve_options(learner, {}) == learner.Options()


@pytest.mark.parametrize("name, task", SUPPORTED)
def test_predictions_are_valid_and_finite(name: str, task: str) -> None:
    part = episodes(task)
    found = answer(make(name, task), part)
    validate("final", found, part.query_y, part.way)
    assert all(torch.isfinite(value).all() for value in tensors(found).values())


@pytest.mark.parametrize("name, task", SUPPORTED)
def test_prediction_is_deterministic_and_leaves_inputs_and_state_untouched(name: str, task: str) -> None:
    part, learner = episodes(task), make(name, task)
    inputs = (part.support_x, part.support_y, part.query_x, *part.parameters.values())
    copies = [value.clone() for value in inputs]
    first = answer(learner, part)
    state = {key: value.clone() for key, value in learner.state_dict().items()}
    answer(learner, episodes(task, seed=5))
    torch.manual_seed(99)
    again = answer(learner, part)
    for key, value in tensors(first).items():
        assert torch.equal(value, tensors(again)[key])
    assert all(torch.equal(value, copy) for value, copy in zip(inputs, copies, strict=True))
    assert all(torch.equal(value, state[key]) for key, value in learner.state_dict().items())


@pytest.mark.parametrize("name, task", SUPPORTED)
def test_an_episode_does_not_depend_on_the_rest_of_its_batch(name: str, task: str) -> None:
    part, learner = episodes(task), make(name, task)
    whole = tensors(answer(learner, part))
    hidden = {key: value[1:2] for key, value in part.parameters.items()}
    rows = (part.support_x[1:2], part.support_y[1:2], part.query_x[1:2], part.query_y[1:2])
    alone = tensors(answer(learner, Episodes(*rows, first=1, way=part.way, parameters=hidden)))
    for key, value in whole.items():
        episode = value[:, 1:2] if value.ndim == 4 else value[1:2]  # mixtures lead with their samples
        torch.testing.assert_close(alone[key], episode, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name, task", INDUCTIVE)
def test_inductive_queries_are_answered_the_same_alone_and_permuted(name: str, task: str) -> None:
    part, learner = episodes(task), make(name, task)
    whole = tensors(answer(learner, part))
    n = part.query_x.shape[1]
    order = torch.randperm(n, generator=torch.Generator().manual_seed(3))
    shuffled = tensors(answer(learner, with_queries(part, order)))
    for key, value in whole.items():
        torch.testing.assert_close(shuffled[key], value[..., order, :], rtol=1e-6, atol=1e-9)
    for query in range(n):
        alone = tensors(answer(learner, with_queries(part, slice(query, query + 1))))
        for key, value in whole.items():
            torch.testing.assert_close(alone[key], value[..., query : query + 1, :], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name, options", [("maml", {"norm": "batch"}), ("relnet", {"norm": "batch"})])
def test_batch_statistics_are_declared_transductive_and_are(name: str, options: dict[str, str]) -> None:
    part, learner = episodes("images"), make(name, "images", **options)
    assert learner.transductive and not make(name, "images").transductive
    whole = answer(learner, part)
    alone = answer(learner, with_queries(part, slice(0, 1)))
    assert float((whole[:, :1] - alone).abs().max()) > 1e-4


@pytest.mark.parametrize("name, task", TRAINED)
def test_a_training_step_reaches_every_parameter(name: str, task: str) -> None:
    learner = make(name, task).train()
    learner.zero_grad()
    loss = learner.train_step(episodes(task))
    assert loss.ndim == 0 and torch.isfinite(loss)
    for parameter_name, parameter in learner.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name
    assert sum(float(p.grad.abs().sum()) > 0 for p in learner.parameters()) == len(list(learner.parameters()))


@pytest.mark.parametrize("name, task", TRAINED)
def test_steps_down_the_gradient_lower_the_loss(name: str, task: str) -> None:
    learner, part = make(name, task).train(), episodes(task, b=2)
    optimizer = torch.optim.SGD(learner.parameters(), lr=1e-3)

    def step() -> float:
        optimizer.zero_grad()
        torch.manual_seed(0)  # the latent path of training draws from the global generator
        loss = learner.train_step(part)
        torch.nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
        optimizer.step()
        return float(loss.detach())

    losses = [step() for _ in range(3)]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", [name for name in NAMES if not load(find_learner(name)).trains])
def test_references_have_nothing_to_train(name: str) -> None:
    task = next(task for fit, task in FIT if fit == name)
    assert not [p for p in make(name, task).parameters() if p.requires_grad]


def test_an_unknown_backbone_is_a_usage_error() -> None:
    with pytest.raises(bench.UsageError, match="Unknown backbone 'conv5'"):
        make("protonet", "images", backbone="conv5")
