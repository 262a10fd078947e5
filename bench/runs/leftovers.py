"""What a learner's code left behind in its process when it was done."""

from __future__ import annotations

import threading
from collections.abc import Collection
from concurrent.futures.thread import _threads_queues


def threads_left(before: Collection[threading.Thread]) -> str | None:
    """Why a run whose learner left threads at work has failed, or None: what they do to the weights nobody knows.

    Daemons and the workers that a pool keeps for its next task don't count.
    """
    names = sorted(
        thread.name
        for thread in threading.enumerate()
        if thread not in before and not thread.daemon and thread not in _threads_queues
    )
    return f"the learner left {len(names)} thread(s) at work: {', '.join(names[:3])}" if names else None
