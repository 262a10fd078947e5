"""Which configurations are tried: batches of them, each asked for when the values of those before are known."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from bench.errors import UsageError
from bench.tuning.tunefile import Configuration, Range, TuneFile

if TYPE_CHECKING:
    import optuna

# Sent the value of each configuration of the last batch, None for one that has none.
Batches = Generator[list[Configuration], Sequence[float | None], None]


def batches(file: TuneFile, higher_is_better: bool) -> Batches:
    """First the recipe as it is, with what the file fixes; then every combination, or what the sampler proposes."""
    yield [file.fixed]
    yield from _sampled(file, higher_is_better) if file.trials else _grid(file)


def _grid(file: TuneFile) -> Batches:
    choices = {name: values for name, values in file.space.items() if not isinstance(values, Range)}
    yield [
        dict(file.fixed) | dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())
    ]


def _sampled(file: TuneFile, higher_is_better: bool) -> Batches:
    """Tree-structured Parzen estimators (Bergstra et al. 2011, sections 4 and 5), by Optuna.

    The same file asks for the same trials, as long as their values are the same: what was found is found again.
    """
    optuna = _optuna()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=file.sampler_seed, constant_liar=file.at_once > 1)
    study = optuna.create_study(direction="maximize" if higher_is_better else "minimize", sampler=sampler)
    assert file.trials is not None
    for begun in range(0, file.trials, file.at_once):
        trials = [study.ask() for _ in range(min(file.at_once, file.trials - begun))]
        values = yield [dict(file.fixed) | _drawn(trial, file) for trial in trials]
        for trial, value in zip(trials, values, strict=True):
            study.tell(trial, value, state=optuna.trial.TrialState.FAIL if value is None else None)


def _drawn(trial: optuna.Trial, file: TuneFile) -> dict[str, str]:
    drawn: dict[str, str] = {}
    for name, values in file.space.items():
        if not isinstance(values, Range):
            drawn[name] = trial.suggest_categorical(name, values)
        elif values.whole:
            drawn[name] = values.text(trial.suggest_int(name, int(values.low), int(values.high), log=values.log))
        else:
            drawn[name] = values.text(trial.suggest_float(name, values.low, values.high, log=values.log))
    return drawn


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise UsageError(
            "`trials` draws configurations by Optuna, which is not installed.",
            "pip install 'meta-bench[tune]'; or leave `trials` away and give lists: every combination is tried.",
        ) from None
    return optuna
