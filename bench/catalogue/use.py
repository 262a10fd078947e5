"""What `bench run --weights NAME` means: learner, options and file come from the catalogue. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.catalogue.entries import Entry, find_entry
from bench.catalogue.fetch import weights_file
from bench.errors import Mismatch, StoreError, UsageError
from bench.records.files import file_sha256


@dataclass(frozen=True)
class Use:
    """entry : what was named; file : its converted weights, whose hash is right"""

    entry: Entry
    file: Path


def use_weights(
    name: str,
    *,
    algo: str | None,
    suites: Sequence[str],
    overrides: Mapping[str, str],
    not_with: Sequence[str] = (),
    data_dir: Path | None = None,
) -> Use:
    """Published weights for a run.

    algo, overrides : as asked for; they may say what the catalogue says, and nothing else
    not_with : options that were given and that published weights leave no room for

    Raises UsageError for an unknown name or a request that contradicts the entry, StoreError where the weights are not
    here, Mismatch where they are others.
    """
    entry = find_entry(name)
    if not_with:
        raise UsageError(
            f"--weights {name} and {not_with[0]} contradict each other: nothing is trained here.",
            f"Leave {not_with[0]} out.",
        )
    if algo is not None and algo != entry.learner:
        raise UsageError(f"{name} are weights of {entry.learner}, found --algo {algo}.", "Leave --algo out.")
    for option, value in overrides.items():
        if entry.overrides.get(option) != value:
            said = ", ".join(f"{key}={own}" for key, own in entry.overrides.items()) or "defaults only"
            raise UsageError(f"{name} are evaluated with {said}; found --set {option}={value}.", "Leave --set out.")
    for suite in suites:
        if suite not in entry.suites:
            raise UsageError(f"{name} is not meant for {suite}.", f"It is for {', '.join(entry.suites)}.")
    file = weights_file(entry, data_dir)
    if not file.is_file():
        raise StoreError(f"The weights {name} are not here ({file}).", f"bench weights fetch {name}")
    if (found := file_sha256(file)) != entry.sha256:
        raise Mismatch(
            f"{file} has sha256 {found}, the catalogue says {entry.sha256}.",
            f"bench weights fetch {name} makes it anew.",
        )
    return Use(entry, file)
