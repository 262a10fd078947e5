"""What `bench predict` answers about new photos."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.own.advice import plan
from bench.own.features import OnProgress, features
from bench.own.photos import Photo, read_new
from bench.own.predictor import NONE, REFUSED, Predictor, fit
from bench.own.study import Study

COLUMNS = ("image", "label", "probability", "nearest", "likeness")


@dataclass(frozen=True)
class Row:
    """One photo's answer.

    label : a class, or "none of these"; nearest : the most probable class in either case
    probability : of the nearest class, given that it is one of the known ones
    likeness : cosine to the nearest class mean, which decides about "none of these"
    """

    photo: Photo
    label: str
    probability: float
    nearest: str
    likeness: float

    @property
    def name(self) -> str:
        return self.photo.name


@dataclass(frozen=True)
class Predicted:
    """predictor : fitted on all known photos; rows : in the order of the photos"""

    predictor: Predictor
    rows: tuple[Row, ...]

    @property
    def rule(self) -> str:
        """How "none of these" was decided, a sentence."""
        threshold = self.predictor.threshold
        if threshold is None:
            return f'"{NONE}" is never answered: that takes 19 known images, to be calibrated on'
        return (
            f'"{NONE}": less like the nearest class ({threshold:.3f}) than {1 - REFUSED:.0%} of held-out known images'
        )

    def csv(self) -> str:
        """One line a photo below a header."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in self.rows:
            writer.writerow([row.name, row.label, f"{row.probability:.4f}", row.nearest, f"{row.likeness:.4f}"])
        return out.getvalue()


def predictor_of(study: Study) -> Predictor:
    """The recommended method fitted on all known photos, and calibrated."""
    method, labels = study.advice.choice.method, study.known.labels
    return fit(study.known.identity, method, study.features[method.encoder], labels, *plan(labels))


def predict(study: Study, places: Sequence[Path], on_progress: OnProgress = lambda *_: None) -> Predicted:
    """Raises what `read_new` raises."""
    photos, predictor = read_new(places), predictor_of(study)
    answer = predictor(features(study.encoders[predictor.method.encoder], photos, on_progress))
    rows = []
    for photo, probability, likeness, none in zip(
        photos, answer.probability, answer.likeness, answer.none, strict=True
    ):
        nearest = study.known.classes[int(probability.argmax())]
        rows.append(Row(photo, NONE if none else nearest, float(probability.max()), nearest, float(likeness)))
    return Predicted(predictor, tuple(rows))
