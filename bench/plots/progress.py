"""What happens within the trials of exploration: how much a policy loses while it learns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from bench.domains.exploration.environments import BanditEnvironments
from bench.domains.exploration.rollout import by_inner_episode, lost_by_pull, play
from bench.domains.exploration.worlds import FrozenTrials
from bench.learners.explorer import Explorer
from bench.submissions.replay import Replay
from bench.training.precision import autocast, matmul_precision

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Progress:
    """One row a trial, float64 [trials, T].

    regret : is it the cumulative expected regret after each pull (bandits), or the reward of each inner episode (MDPs)?
    """

    values: Floats
    regret: bool

    def band(self) -> tuple[Floats, Floats, Floats]:
        """Mean over trials and the ends of its 95 % interval (Student's t), [T] each."""
        from scipy.stats import t

        trials = len(self.values)
        mean = self.values.mean(0)
        half = t.ppf(0.975, trials - 1) * self.values.std(0, ddof=1) / np.sqrt(trials)
        return mean, mean - half, mean + half


def progress(replayed: Replay) -> Progress:
    """Play the trials that the record scored once more, in the batches it scored them in."""
    record, learner, prepared = replayed.record, replayed.learner, replayed.prepared
    frozen = prepared.evaluation("test")
    assert isinstance(learner, Explorer) and isinstance(frozen, FrozenTrials)
    learner.eval()
    parts, regret = [], False
    with matmul_precision(record.precision), torch.no_grad(), autocast(prepared.device, record.precision):
        for trials in frozen.trials(record.episodes, max(1, record.timing.batch)):
            played, world = play(learner, trials), trials.environments
            if regret := isinstance(world, BanditEnvironments):
                parts.append(lost_by_pull(played, world).cumsum(1))
            else:
                parts.append(by_inner_episode(played, world.horizon))
    return Progress(torch.cat(parts).double().cpu().numpy(), regret)
