"""Exploration, as suites declare it and as learners are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from bench.domains.task import TaskDefinition, TaskSpec

if TYPE_CHECKING:
    from bench.tasks.suites import Suite


class BanditTask(TaskDefinition):
    """Bernoulli bandits, success probabilities uniform on [0, 1] (Duan et al. 2016, RL^2, section 3.1)."""

    kind: Literal["bandit"]
    arms: int = Field(ge=2)
    pulls: int = Field(ge=1)  # of one trial

    @property
    def actions(self) -> int:
        return self.arms

    @property
    def steps(self) -> int:
        return self.pulls


class MDPTask(TaskDefinition):
    """Random tabular MDPs (Duan et al. 2016, RL^2, section 3.2).

    Every transition row is drawn from a flat Dirichlet distribution, every mean reward of a state and action from
    Normal(1, 1); rewards are observed with Normal(0, 1) noise. Inner episodes of `horizon` steps start in state 0; a
    trial is `episodes` of them in the same MDP.
    """

    kind: Literal["mdp"]
    states: int = Field(ge=2)
    actions: int = Field(ge=2)
    horizon: int = Field(ge=1)  # steps of one inner episode
    episodes: int = Field(ge=1)  # inner episodes of one trial

    @property
    def steps(self) -> int:
        return self.horizon * self.episodes


ExplorationTask = BanditTask | MDPTask


def exploration_task(suite: Suite) -> ExplorationTask:
    assert isinstance(suite.task, ExplorationTask)
    return suite.task


@dataclass(frozen=True)
class ExplorationSpec(TaskSpec):
    """What a learner is told of a suite of exploration.

    environment : "bandit" or "mdp"
    actions : number of actions A
    steps : interactions of one trial
    horizon : steps of one inner episode, 1 for bandits
    states : S of MDPs, 0 for bandits
    """

    kind: ClassVar[Literal["exploration"]] = "exploration"

    environment: Literal["bandit", "mdp"]
    actions: int
    steps: int
    horizon: int = 1
    states: int = 0

    @property
    def x_shape(self) -> tuple[int]:
        """(x,) of an observation."""
        return (self.states or 1,)
