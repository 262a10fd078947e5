"""The constants of the bandit baselines, chosen on simulated trials that no suite has.

    python docs/reproduction/bandit_constants.py                  # 50,000 trials a size: five minutes on one core
    python docs/reproduction/bandit_constants.py --trials 2000

Trials are of the four published sizes, from a stream of their own, and the same for every candidate. A constant is
chosen by its mean reward per pull, averaged over the sizes. The paper, Duan et al. 2016 (arXiv:1611.02779), plays no
part in it.
"""

from __future__ import annotations

import argparse
from typing import Any

import torch

from bench.domains.exploration.environments import frozen_trials
from bench.domains.exploration.rollout import play
from bench.domains.exploration.task import BanditTask, ExplorationSpec
from bench.domains.exploration.trials import trial_stream
from bench.learners.registry import find_learner, load

SIZES = ((10, 5), (10, 10), (100, 5), (100, 10))  # pulls, arms
CANDIDATES: dict[str, list[dict[str, Any]]] = {
    "ucb1": [
        {"prior": prior, "exploration": exploration}
        for prior in (True, False)
        for exploration in (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 1.0)
    ],
    "greedy": [{"ties": ties} for ties in ("random", "first")],
    "eps_greedy": [
        {"ties": ties, "epsilon": epsilon} for ties in ("random", "first") for epsilon in (0.01, 0.02, 0.05, 0.1, 0.2)
    ],
}
BLOCK = 5_000  # trials at once: 100 pulls of 10 arms take 40 MB of noise
PLAYERS = [(learner, options) for learner, candidates in CANDIDATES.items() for options in candidates]


def mean_rewards(pulls: int, arms: int, trials: int) -> list[float]:
    """Mean total reward of every candidate in PLAYERS over the same simulated trials."""
    spec = ExplorationSpec("bandit", actions=arms, steps=pulls, horizon=1)
    policies: list[Any] = []
    for learner, options in PLAYERS:
        found = load(find_learner(learner))
        policies.append(found(spec, found.Options(**options)))
    stream = trial_stream(("bandit-constants", f"n{pulls}k{arms}"), BanditTask(kind="bandit", arms=arms, pulls=pulls))
    totals = [0.0] * len(policies)
    for first in range(0, trials, BLOCK):
        frozen = frozen_trials(stream, first, min(BLOCK, trials - first), torch.device("cpu"))
        for number, policy in enumerate(policies):
            totals[number] += float(play(policy, frozen).rewards.sum())
    return [total / trials for total in totals]


def main(trials: int) -> None:
    sizes = [mean_rewards(pulls, arms, trials) for pulls, arms in SIZES]
    heads = [f"n{pulls}k{arms}" for pulls, arms in SIZES]
    print(f"{'learner and options':40}{''.join(f'{head:>10}' for head in heads)}  per pull")
    best: dict[str, tuple[float, str]] = {}
    for (learner, options), rewards in zip(PLAYERS, zip(*sizes, strict=True), strict=True):
        name = " ".join([learner, *(f"{key}={value}" for key, value in options.items())])
        score = sum(reward / pulls for reward, (pulls, _) in zip(rewards, SIZES, strict=True)) / len(SIZES)
        print(f"{name:40}{''.join(f'{reward:10.3f}' for reward in rewards)}{score:10.4f}")
        best[learner] = max(best.get(learner, (0.0, "")), (score, name))
    for _, name in best.values():
        print(f"best: {name}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=50_000, help="simulated trials of each size")
    main(parser.parse_args().trials)
