"""What the authors' way of asking is worth to their own weights: one episode, asked as the harness does and as they do.

    bench weights fetch relnet-authors-omniglot-5w1s
    python docs/reproduction/relnet_chunks.py relnet-authors-omniglot-5w1s --per-class 1 --episodes 200

together : support and all queries of an episode are normalised together (`relnet norm=batch`, what `bench run` scores)
apart    : support and queries are normalised apart, all queries at once
chunks   : apart, and queries come in chunks with equally many of each class, as in the authors' test scripts: 1 a class
           on Omniglot (their episodes have one query a shot), 3 a class on mini-ImageNet 5w1s, 5 on 5w5s
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import Tensor

from bench.catalogue import use_weights
from bench.catalogue.entries import find_entry
from bench.learners.options import resolve_options
from bench.learners.registry import find_learner, load
from bench.learners.weights import load_weights, read_tensors
from bench.runs.prepared_suite import prepare
from bench.tasks.registry import find_suite


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("weights")
    arguments.add_argument("--per-class", type=int, required=True)
    arguments.add_argument("--episodes", type=int, default=200)
    asked = arguments.parse_args()
    entry = find_entry(asked.weights)
    used = use_weights(entry.name, algo=None, suites=entry.suites, overrides={})
    prepared = prepare(find_suite(entry.suites[0]), torch.device("cpu"), None)
    kind = load(find_learner(entry.learner))
    learner = kind(prepared.spec, resolve_options(kind, entry.overrides)).eval()
    load_weights(learner, read_tensors(used.file)[0])
    test = prepared.evaluation("test")

    def apart(support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        """One episode without its batch dimension -> the label of each query."""
        support_z, query_z = learner.embed(support_x), learner.embed(query_x)
        return learner.classify(support_z[None], support_y[None], query_z[None])[0].argmax(-1)

    scores: dict[str, list[float]] = {"together": [], "apart": [], "chunks": []}
    with torch.no_grad():
        for i in range(asked.episodes):
            episode = test.episodes(i, 1)
            support_x, support_y, query_x, query_y = (
                part[0] for part in (episode.support_x, episode.support_y, episode.query_x, episode.query_y)
            )
            together = learner.predict(support_x[None], support_y[None], query_x[None])[0].argmax(-1)
            chunked = torch.full_like(query_y, -1)
            by_class = [torch.nonzero(query_y == label)[:, 0] for label in query_y.unique()]
            for first in range(0, len(by_class[0]), asked.per_class):
                chunk = torch.cat([queries[first : first + asked.per_class] for queries in by_class])
                chunked[chunk] = apart(support_x, support_y, query_x[chunk])
            answers = {"together": together, "apart": apart(support_x, support_y, query_x), "chunks": chunked}
            for name, answer in answers.items():
                scores[name].append((answer == query_y).float().mean().item())
    for name, found in scores.items():
        print(f"{entry.suites[0]}, {asked.episodes} episodes, {name}: {_percent(np.array(found))}")
    gained = np.array(scores["chunks"]) - np.array(scores["together"])
    print(f"chunks - together, episode by episode: {_percent(gained)}")


def _percent(values: np.ndarray) -> str:
    return f"{100 * values.mean():.2f} ± {196 * values.std(ddof=1) / len(values) ** 0.5:.2f} %"


if __name__ == "__main__":
    main()
