"""Learners that act: the contract of the exploration family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from bench.domains.task import TaskSpec
from bench.learners.contract import Family, Learner
from bench.learners.predictions import PredictionError

if TYPE_CHECKING:
    from bench.domains.exploration.environments import Environments
    from bench.domains.exploration.task import ExplorationSpec

State = Any  # a tensor, or any nesting of tuples, lists and dicts of them, each with a leading dimension of trials


class Explorer(Learner):
    """A policy that learns within a trial: from what it did and what came of it, and from nothing else.

    The harness draws the actions, from softmax(logits) by noise that is the same for every policy; a deterministic
    policy returns large finite differences. B trials run side by side and know nothing of each other.
    """

    family: ClassVar[Family] = "exploration"
    domains = ("exploration",)
    task: ExplorationSpec

    def __init__(self, task: TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.register_buffer("_place", torch.empty(0), persistent=False)  # moves with the learner, is not saved

    @property
    def device(self) -> torch.device:
        """Where the learner lies, and where `initial_state` has to put its tensors."""
        return self.get_buffer("_place").device

    def initial_state(self, batch: int) -> State:
        """What a policy knows at the start of B trials: tensors with leading dimension B on `self.device`."""
        raise NotImplementedError(f"{type(self).__name__} must implement initial_state")

    def act(
        self, state: State, obs: Tensor, prev_action: Tensor, prev_reward: Tensor, done: Tensor
    ) -> tuple[Tensor, State]:
        """One step of B trials. Runs in eval mode under `torch.no_grad` when it is scored.

        Parameters
        ----------
        state : what `initial_state` or the last `act` returned
        obs : [B, x] float32; zeros [B, 1] for bandits, the one-hot state for MDPs
        prev_action : [B] int64 in 0..A-1, -1 at the first step of the trial
        prev_reward : [B] float32, 0 at the first step
        done : [B] bool, whether the last action ended an inner episode; False at the first step, True at every further
            step of a bandit

        Returns
        -------
        logits [B, A], finite, and the state for the next step.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement act")

    def train_step(self, environments: Environments) -> Tensor:
        """Leave the meta-gradient of B training trials in `.grad` and return the loss, a scalar.

        `environments.reset()` begins the trials, `environments.step(actions)` goes on. The learner draws the actions,
        from torch's generators.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement train_step")


def check_logits(logits: object, n: int, actions: int) -> None:
    """Raises PredictionError saying what was expected and found."""
    if not isinstance(logits, Tensor) or tuple(logits.shape) != (n, actions):
        found = list(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise PredictionError(
            f"act: expected logits of shape {[n, actions]}, found {found}.",
            "act() is batched over trials and returns (logits [B, A], state).",
        )
