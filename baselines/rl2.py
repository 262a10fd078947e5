"""RL^2: fast reinforcement learning via slow reinforcement learning (Duan et al. 2016, arXiv:1611.02779).

    bench run --algo rl2 --suite bandit-n10k5 --recipe fast --seeds 0-2

Wang et al. 2016 (arXiv:1611.05763) found the same. A recurrent policy is told its last action and reward; its state
goes on through the inner episodes of a trial, so that its activations learn what no gradient step does. Training is
plain reinforcement learning of whole trials: advantage actor-critic with generalised advantages. A trial of these
suites costs less to simulate than a gradient, so every gradient gets new trials, where the paper reuses them (TRPO).

The scored policy is the trained one sharpened: its logits are divided by `temperature`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench


class RL2(bench.Explorer):
    family = "exploration"

    @dataclass
    class Options:
        hidden: int = 64  # units of the GRU
        discount: float = 1.0  # the paper's .99 makes training easier; 1 is what is scored
        gae_lambda: float = 0.95
        entropy: float = 0.03  # weight of the entropy bonus at the start; falls linearly to 0
        value_weight: float = 0.5
        temperature: float = 0.5  # of the scored policy; of .01, .5 and 1, .5 validated best or as good

    updates: Tensor

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        inputs = task.x_shape[0] + 2 * task.actions + 2
        self.memory = nn.GRUCell(inputs, options.hidden)
        self.policy = nn.Linear(options.hidden, task.actions)
        self.value = nn.Linear(options.hidden, 1)
        for gate in self.memory.weight_hh.data.chunk(3):
            nn.init.orthogonal_(gate)
        for head in (self.policy, self.value):
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))
        self.total_updates = 0  # of the training, once it is known

    # -- the fast learner -------------------------------------------------------------------------------------------

    def initial_state(self, batch: int) -> Tensor:
        return self.policy.weight.new_zeros(batch, self.options.hidden)

    def act(
        self, state: Tensor, obs: Tensor, prev_action: Tensor, prev_reward: Tensor, done: Tensor
    ) -> tuple[Tensor, Tensor]:
        state = self.memory(self.inputs(obs, prev_action, prev_reward, done), state)
        return self.policy(state) / self.options.temperature, state

    def inputs(self, obs: Tensor, prev_action: Tensor, prev_reward: Tensor, done: Tensor) -> Tensor:
        """phi(s, a, r, d) of section 2.2: all of it one-hot or as it is, the reward also in the place of its action."""
        action = F.one_hot(prev_action + 1, self.task.actions + 1)[:, 1:].to(self.policy.weight)
        reward = prev_reward.to(action)[:, None]
        return torch.cat([obs.to(action), action, action * reward, reward, done.to(action)[:, None]], 1)

    # -- the slow learner -------------------------------------------------------------------------------------------

    def configure_optimizer(self, steps: int) -> None:
        self.total_updates = steps

    def train_step(self, environments: bench.Environments) -> Tensor:
        states, actions, rewards = self.rollout(environments)  # [T, B, hidden], [T, B], [T, B]
        log_policy = self.policy(states).log_softmax(-1)
        left = discounted_steps(len(rewards), self.options.discount).to(rewards)[:, None]
        mean = self.value(states)[..., 0]  # the critic's head predicts reward per step that is left
        with torch.no_grad():
            advantage = gae(rewards, mean * left, self.options.discount, self.options.gae_lambda)
            target = mean + advantage / left
            advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        chosen = log_policy.gather(2, actions[..., None])[..., 0]
        entropy = -(log_policy.exp() * log_policy).sum(-1).mean()
        value_loss = (left / left.mean() * (mean - target) ** 2).mean()
        loss: Tensor = (
            self.options.value_weight * value_loss - (advantage * chosen).mean() - self.entropy_weight() * entropy
        )
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward untyped
        self.updates += 1
        return loss.detach()

    def rollout(self, environments: bench.Environments) -> tuple[Tensor, Tensor, Tensor]:
        """Trials under the present policy: states (with their graph), the actions chosen in them, the rewards."""
        obs = environments.reset()
        action = torch.full((environments.n,), -1, device=obs.device)
        reward = torch.zeros(environments.n, device=obs.device)
        done = torch.zeros(environments.n, dtype=torch.bool, device=obs.device)
        state = self.initial_state(environments.n)
        states, actions, rewards = [], [], []
        for _ in range(environments.steps):
            state = self.memory(self.inputs(obs, action, reward, done), state)
            with torch.no_grad():
                logits = self.policy(state)
                action = (logits - torch.empty_like(logits).exponential_().log()).argmax(1)  # by Gumbel noise
            obs, reward, done = environments.step(action)
            states.append(state)
            actions.append(action)
            rewards.append(reward.to(state))
        return torch.stack(states), torch.stack(actions), torch.stack(rewards)

    def entropy_weight(self) -> float:
        trained = int(self.updates) / self.total_updates if self.total_updates else 0.0
        return float(self.options.entropy * (1 - trained))


def discounted_steps(steps: int, discount: float) -> Tensor:
    """`sum_i discount ** i` over the steps that are left at each step, float64 [T]."""
    return torch.full((steps,), discount, dtype=torch.float64).pow(torch.arange(steps)).cumsum(0).flip(0)


def gae(rewards: Tensor, values: Tensor, discount: float, decay: float) -> Tensor:
    """Generalised advantages (Schulman et al. 2016, eq. 16) of trials that end with their last step.

    rewards, values: [T, B] -> [T, B]
    """
    ahead = torch.cat([values[1:], torch.zeros_like(values[:1])])
    errors = rewards + discount * ahead - values  # eq. 9
    advantages, last = [], torch.zeros_like(values[0])
    for error in reversed(errors.unbind(0)):
        last = error + discount * decay * last
        advantages.append(last)
    return torch.stack(advantages[::-1])
