"""The search itself: each batch of configurations becomes cells of a sweep that ask no test episode.

The store is the memory: a trial that was validated before is read from its record, so the same file, started again,
goes on where it stopped, and two machines that see the folder share the work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.records import Record
from bench.sweeps.sweepfile import Entry
from bench.tuning.search import batches
from bench.tuning.tunefile import Configuration, TuneFile

# The records of an entry's cells by seed, when they are over; with the reason where there is none.
CarryOut = Callable[[Sequence[Entry]], list[dict[int, "Record | str"]]]


@dataclass(frozen=True)
class Trial:
    """A configuration with its validation score for each seed; `reason` where it came to none."""

    configuration: Configuration
    values: tuple[float, ...]
    keys: tuple[str, ...]
    reason: str = ""

    @property
    def value(self) -> float | None:
        return None if self.reason else sum(self.values) / len(self.values)


@dataclass(frozen=True)
class Tuned:
    """Every distinct trial in the order in which it was made; the first one is the recipe as it is."""

    file: TuneFile
    trials: tuple[Trial, ...]
    higher_is_better: bool

    @property
    def ranked(self) -> list[Trial]:
        """Best first, the earlier one on ties; those without a value last."""
        sign = -1 if self.higher_is_better else 1
        return sorted(self.trials, key=lambda trial: (trial.value is None, sign * (trial.value or 0.0)))

    @property
    def best(self) -> Trial | None:
        first = self.ranked[0]
        return None if first.value is None else first

    def entry_to_test(self, trial: Trial) -> Entry:
        """The configuration with its test episodes; its record says how many were tried before it was taken."""
        return _entry(self.file, trial.configuration, test=True, configs_tried=len(self.trials))


def tune(file: TuneFile, higher_is_better: bool, carry_out: CarryOut) -> Tuned:
    """Search until the file's trials are made. Raises what `carry_out` raises."""
    search = batches(file, higher_is_better)
    made: dict[tuple[tuple[str, str], ...], Trial] = {}
    batch = next(search)
    while True:
        records = carry_out([_entry(file, configuration, test=False) for configuration in batch])
        trials = [_trial(configuration, found) for configuration, found in zip(batch, records, strict=True)]
        for trial in trials:
            made.setdefault(tuple(sorted(trial.configuration.items())), trial)
        try:
            batch = search.send([trial.value for trial in trials])
        except StopIteration:
            return Tuned(file, tuple(made.values()), higher_is_better)


def _entry(file: TuneFile, configuration: Configuration, *, test: bool, configs_tried: int = 1) -> Entry:
    return Entry(
        algo=(file.algo,),
        suite=(file.suite,),
        seeds=file.seeds,
        recipe=file.recipe,
        budget=file.budget,
        precision=file.precision,
        strategy=file.strategy,
        set=_below("set.", configuration),
        train=_below("train.", configuration),
        test=test,
        configs_tried=configs_tried,
    )


def _below(prefix: str, configuration: Configuration) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in configuration.items() if name.startswith(prefix)}


def _trial(configuration: Configuration, found: dict[int, Record | str]) -> Trial:
    values, keys, reasons = [], [], []
    for seed, record in found.items():
        if isinstance(record, str):
            reasons.append(f"seed {seed}: {record}")
        elif record.validation is None:
            reasons.append(f"seed {seed}: {record.status}: {record.reason or 'it was not validated'}")
        else:
            values.append(record.validation.mean)
            keys.append(record.key)
    return Trial(configuration, tuple(values), tuple(keys), "; ".join(reasons))
