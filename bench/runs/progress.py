"""What a person sees while a run works, on stderr: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_LINE_EVERY = 15.0  # seconds between plain lines of one phase


class Display(AbstractContextManager["Display"]):
    """Progress of one run: training (step, loss, validation score, episodes/s, ETA), then evaluation."""

    def __init__(self, console: Console, title: str, score_text: Callable[[float], str]) -> None:
        self.console, self.title, self._score_text = console, title, score_text
        live = console.is_terminal and not console.is_dumb_terminal  # a dumb one can't move its cursor
        self._live = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("{task.fields[detail]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not live,
        )
        self._task = self._live.add_task(title, total=1, detail="") if live else None
        self._total, self._phase, self._began, self._last = 1, "", time.monotonic(), 0.0
        self._begin_at = 0
        self._validation: float | None = None

    def phase(self, name: str, total: int, done: int = 0) -> None:
        """Begin a phase of `total` steps or episodes, `done` of which were done before."""
        self._phase, self._total, self._begin_at = name, total, done
        self._began, self._last = time.monotonic(), time.monotonic()
        if self._task is not None:
            self._live.reset(self._task, description=f"{self.title} {name}", total=total, completed=done, detail="")
        else:
            where = f", continuing at {done:,}" if done else ""
            self._print(f"{self.title}: {name}, {total:,}{where}")

    def note(self, text: str) -> None:
        self._print(f"{self.title}: {text}")

    def training(self, step: int, loss: float | None, validation: float | None, episodes_per_s: float) -> None:
        self._validation = self._validation if validation is None else validation
        parts = [] if loss is None else [f"loss {loss:.4f}"]
        if self._validation is not None:
            parts.append(f"validation {self._score_text(self._validation)}")
        parts.append(
            f"{episodes_per_s:,.0f} episodes/s" if episodes_per_s >= 10 else f"{episodes_per_s:.2g} episodes/s"
        )
        self._show(step, ", ".join(parts), force=validation is not None)

    def advance(self, done: int) -> None:
        """Evaluation has scored `done` episodes of the phase."""
        self._show(done, "", force=False)

    def alone(self) -> None:
        """Nothing forks a display's own process unnoticed."""

    def _show(self, done: int, detail: str, force: bool) -> None:
        if self._task is not None:
            self._live.update(self._task, completed=done, detail=detail)
            return
        now = time.monotonic()
        if not force and now - self._last < _LINE_EVERY:
            return
        self._last = now
        fresh = max(done - self._begin_at, 1)
        eta = (now - self._began) / fresh * (self._total - done)
        text = f"{self.title}: {self._phase} {done:,}/{self._total:,}"
        self._print(f"{text}{', ' + detail if detail else ''}, ETA {duration(eta)}")

    def _print(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def __enter__(self) -> Display:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
