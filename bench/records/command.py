"""The command of a record, for whoever repeats the run elsewhere."""

from __future__ import annotations

import shlex

_PLACES = ("--runs", "--data-dir")  # where things lie on one machine; nothing of a run depends on it


def portable(command: str) -> str:
    """Without the folders of the machine that it was typed on.

    >>> portable("bench run --algo maml -s sinusoid-5s --runs /home/ada/runs --data-dir=/data")
    'bench run --algo maml -s sinusoid-5s'
    """
    try:
        words = iter(shlex.split(command))
    except ValueError:  # not a command line
        return command
    kept = []
    for word in words:
        if word in _PLACES:
            next(words, None)
        elif not word.startswith(tuple(f"{place}=" for place in _PLACES)):
            kept.append(word)
    return shlex.join(kept)
