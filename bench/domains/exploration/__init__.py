"""Exploration: bandits and MDPs that a policy acts in, learning within the trial."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from bench.domains.contract import Domain, Loaded, MetricFacts
from bench.domains.exploration.task import BanditTask, ExplorationSpec, MDPTask, exploration_task
from bench.domains.task import Split

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import torch

    from bench.domains.exploration.environments import Environments
    from bench.domains.exploration.script import Script
    from bench.domains.exploration.trials import TrialStream
    from bench.domains.exploration.worlds import FrozenTrials, TrialSource
    from bench.learners.contract import Learner
    from bench.tasks.suites import Suite

_MANIFEST_BLOCK = 1_000
_STEPS = 12  # of a trial of the checks, at least two inner episodes


class Exploration(Domain):
    """Here an episode is a trial, acted in from the first step to the last. Everything is generated."""

    kind = "exploration"
    tasks = (BanditTask, MDPTask)
    metrics: ClassVar[Mapping[str, MetricFacts]] = {
        "reward": MetricFacts("reward per trial", ranked=True),
        "reward@episode": MetricFacts("reward per inner episode"),
        "regret": MetricFacts("reward per trial", higher_is_better=False),
    }
    references = ("baselines/gittins.py", "baselines/random_policy.py")  # Gittins indices solve bandits only
    suggestion = "rl2"
    noun = "trials"
    loss_falls = False

    @cached_property
    def examples(self) -> Mapping[str, ExplorationSpec]:
        return {
            "bandit": ExplorationSpec("bandit", actions=5, steps=12),
            "mdp": ExplorationSpec("mdp", actions=3, steps=12, horizon=4, states=4),
        }

    def load(self, suite: Suite, device: torch.device, data_dir: Path | None) -> Loaded:
        task = exploration_task(suite)
        if isinstance(task, BanditTask):
            return Loaded(ExplorationSpec("bandit", task.arms, task.steps))
        return Loaded(ExplorationSpec("mdp", task.actions, task.steps, task.horizon, task.states))

    def stream(self, suite: Suite, split: Split, salt: int = 0) -> TrialStream:
        """The suite's own trials of `split`, as arrays."""
        from bench.domains.exploration.trials import trial_stream

        return trial_stream((suite.name, suite.version, split, salt), exploration_task(suite))

    def frozen(self, suite: Suite, split: Split, device: torch.device, data: Any = None, salt: int = 0) -> FrozenTrials:
        from bench.domains.exploration.worlds import FrozenTrials

        return FrozenTrials(suite, device, self.stream(suite, split, salt))

    def training(self, suite: Suite, seed: int, device: torch.device, data: Any = None) -> TrialSource:
        from bench.domains.exploration.worlds import TrialSource

        return TrialSource(suite, seed, device)

    def manifest(self, suite: Suite, n: int, data: Any = None) -> Iterator[bytes]:
        """The words of problems, luck and action noise."""
        from bench.domains.exploration.trials import luck_words

        stream = self.stream(suite, "test")
        for first in range(0, n, _MANIFEST_BLOCK):
            for luck in luck_words(stream, first, min(_MANIFEST_BLOCK, n - first)):
                yield luck.astype("<u8").tobytes()

    def columns(self, suite: Suite) -> set[str]:
        return {"floored", "regret"} if isinstance(suite.task, BanditTask) else {"floored"}

    def impossible(self, suite: Suite, scores: pd.DataFrame) -> Iterator[tuple[str, str]]:
        """A pull pays 0 or 1; expected regret is never negative."""
        if not isinstance(suite.task, BanditTask):
            return
        pulls, score, regret = suite.task.pulls, scores["score"].to_numpy(), scores["regret"].to_numpy()
        whole = scores["floored"].to_numpy() | (score == score.round())
        for row in (~whole | (score < 0) | (score > pulls)).nonzero()[0][:1]:
            yield "score", f"trial {row} scores {score[row]:.6g}, which {pulls} pulls of 0 or 1 can't give"
        for row in ((regret < 0) | (regret > pulls)).nonzero()[0][:1]:
            yield "regret", f"trial {row} has regret {regret[row]:.6g} in {pulls} pulls"

    def small(self, spec: Any) -> ExplorationSpec:
        asked: ExplorationSpec = spec
        return replace(asked, steps=min(asked.steps, asked.horizon * max(2, _STEPS // asked.horizon)))

    def example(self, spec: Any, first: int, n: int) -> Script:
        from bench.domains.exploration.script import script

        return script(spec, first, n)

    def lesson(self, spec: Any, first: int, n: int, device: torch.device) -> Environments:
        from bench.domains.exploration.script import generated

        return generated(spec, first, n, device)

    def ask(self, learner: Learner, example: Any) -> dict[str, Any]:
        """The logits of every step of a played trial."""
        from bench.domains.exploration.script import act_out

        return {"final": act_out(learner, example)}
