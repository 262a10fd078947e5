"""What the test pictures of CIFAR-FS that lie in another split, too, do to a score: the table of docs/suites.md.

    python docs/repeated_pictures.py leaderboards/results/cifarfs-5w1s/relnet/2e7084eba5bc1ac9

Needs the images, and a run of an embedding learner with its weights. Three differences are printed, in points: episodes
that hold such a picture against the others; the same with the episodes' classes held fixed; and the same episodes
against themselves with these pictures replaced by others of their class, answered again by the same weights.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy import stats

from bench.data import load
from bench.domains.images.episodes import EMBED_CHUNK, FrozenImages, image_batch
from bench.domains.images.stream import ImageIndices
from bench.learners.contract import EmbeddingLearner
from bench.stats import paired_difference, t_interval
from bench.submissions.entry import read_entry
from bench.submissions.replay import Replay, Site, replay

DRAWS = 50  # replacements of each episode


@dataclass(frozen=True)
class Answered:
    """Episodes as indices, and which of their pictures lie in another split: bool [n, way, shot] and [n, queries]."""

    episodes: ImageIndices
    support: np.ndarray
    query: np.ndarray

    @property
    def concerned(self) -> np.ndarray:
        return np.flatnonzero(self.support.any((1, 2)) | self.query.any(1))


def repeated_pictures(data_dir: Path | None) -> np.ndarray:
    """Test pictures with the pixels of a train or val picture: bool [classes, images]."""
    splits = load("cifarfs", data_dir=data_dir).splits
    elsewhere = {image.tobytes() for name in ("train", "val") for image in splits[name].images}
    test = splits["test"]
    found = np.array([image.tobytes() in elsewhere for image in test.images])
    return found.reshape(len(test.counts), -1)


def official(frozen: FrozenImages, n: int, repeated: np.ndarray) -> Answered:
    episodes = frozen.stream.block(0, n)
    asked = np.take_along_axis(episodes.classes, episodes.query_y, axis=1)
    return Answered(episodes, repeated[episodes.classes[:, :, None], episodes.support], repeated[asked, episodes.query])


def replaced(answered: Answered, number: int, repeated: np.ndarray, rng: np.random.Generator) -> ImageIndices:
    """One episode with its repeated pictures drawn anew, among those of their class that it does not hold."""
    episodes = answered.episodes
    classes, query_y = episodes.classes[number], episodes.query_y[number]
    support, query = episodes.support[number].copy(), episodes.query[number].copy()
    for label, name in enumerate(classes):
        own = query_y == label
        free = np.setdiff1d(np.flatnonzero(~repeated[name]), [*support[label], *query[own]])
        fresh = iter(rng.permutation(free))
        for place in np.flatnonzero(answered.support[number, label]):
            support[label, place] = next(fresh)
        for place in np.flatnonzero(own & answered.query[number]):
            query[place] = next(fresh)
    return ImageIndices(classes[None], support[None], query[None], query_y[None])


def replacing(ready: Replay, answered: Answered, repeated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy of the concerned episodes as they are, and on average over their replacements."""
    learner, frozen, rng = ready.learner, ready.prepared.evaluation("test"), np.random.default_rng(0)
    assert isinstance(learner, EmbeddingLearner) and isinstance(frozen, FrozenImages)
    rows = torch.arange(len(frozen.pool.images))
    learner.eval()
    table = torch.cat([learner.embed(frozen.pool.gather(part)) for part in rows.split(EMBED_CHUNK)])

    def accuracy(episodes: ImageIndices) -> np.ndarray:
        part = image_batch(frozen.pool, episodes, 0, pixels=False)
        assert part.rows is not None
        support, query = (table[one] for one in part.rows)
        right = learner.classify(support, part.support_y, query).argmax(-1) == part.query_y
        scores: np.ndarray = right.double().mean(1).numpy()
        return scores

    fields = ("classes", "support", "query", "query_y")
    as_they_are, changed = [], []
    for number in answered.concerned:
        own = ImageIndices(*(getattr(answered.episodes, name)[[number]] for name in fields))
        draws = [replaced(answered, number, repeated, rng) for _ in range(DRAWS)]
        together = ImageIndices(*(np.concatenate([getattr(one, name) for one in [own, *draws]]) for name in fields))
        scores = accuracy(together)
        as_they_are.append(scores[0])
        changed.append(scores[1:].mean())
    return np.array(as_they_are), np.array(changed)


def with_classes_fixed(scores: np.ndarray, classes: np.ndarray, concerned: np.ndarray) -> tuple[float, float]:
    """The difference beside one indicator a class, and half of its interval (errors of HC2: MacKinnon & White 1985)."""
    n = len(scores)
    design = np.zeros((n, classes.max() + 2))
    design[np.arange(n)[:, None], classes] = 1
    design[concerned, -1] = 1
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ scores
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    weights = (scores - design @ coefficients) ** 2 / (1 - leverage)
    se = np.sqrt((inverse @ (design.T * weights) @ design @ inverse)[-1, -1])
    return float(coefficients[-1]), float(stats.t.ppf(0.975, n - design.shape[1]) * se)


def report(path: Path, data_dir: Path | None) -> None:
    entry = read_entry(path)
    ready = replay(entry, Site(torch.device("cpu"), data_dir))
    scores, frozen = entry.scores()["score"].to_numpy(), ready.prepared.evaluation("test")
    assert isinstance(frozen, FrozenImages)
    repeated = repeated_pictures(data_dir)
    answered = official(frozen, len(scores), repeated)
    concerned = answered.concerned
    others = np.delete(scores, concerned)
    raw = stats.ttest_ind(scores[concerned], others, equal_var=False).confidence_interval()
    fixed, half = with_classes_fixed(scores, answered.episodes.classes, concerned)
    with torch.no_grad():
        own, changed = replacing(ready, answered, repeated)
    assert np.allclose(own, scores[concerned])  # answered as published
    pictures = paired_difference(own, changed)
    share = len(concerned) / len(scores)
    as_query, in_support = answered.query.any(1).sum(), answered.support.any((1, 2)).sum()
    print(
        f"{path}: {repeated.sum()} test pictures; {len(concerned)} of {len(scores):,} episodes hold one "
        f"({as_query} as a query, {answered.query.sum()} queries; {in_support} in the support set)"
    )
    print_points("concerned - others", own.mean() - others.mean(), raw.low, raw.high)
    print_points("classes held fixed", fixed, fixed - half, fixed + half)
    print_points("published - replaced", pictures.mean, pictures.low, pictures.high)
    print_points("on the suite's mean", share * pictures.mean, share * pictures.low, share * pictures.high)
    print(f"  beside a half-width of  {100 * (t_interval(scores).high - scores.mean()):.2f}")


def print_points(name: str, mean: float, low: float, high: float) -> None:
    print(f"  {name:<23} {100 * mean:+.3f} [{100 * low:+.3f}, {100 * high:+.3f}]")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--data-dir", type=Path)
    asked = parser.parse_args()
    for run in asked.runs:
        report(run, asked.data_dir)
