"""What a person sees while a sweep works, on stderr: one live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bench.runs.progress import duration
from bench.sweeps.events import Event
from bench.sweeps.plan import Plan
from bench.sweeps.progress import Progress, Where, seconds_left
from bench.tasks.registry import all_suites
from bench.tasks.suites import Suite

_REDRAW_S = 0.5
_LINE_EVERY_S = 60.0  # between plain lines about the whole
_WIDE = 120  # columns, with room for who works
_ROOM = 8  # lines of a terminal that are not cells


class Watch(AbstractContextManager["Watch"]):
    """Shows a sweep from its events; `look` is to be called often.

    workers : how many share the work, for the ETA
    """

    def __init__(self, console: Console, plan: Plan, workers: int) -> None:
        self._console, self._plan, self._workers = console, plan, workers
        self._progress = Progress(plan)
        self._progress.read()  # what earlier commands did is no news
        suites = all_suites(plan.tasks_file)
        self._suites = {cell.key: suites[cell.request.suite] for cell in plan.cells if cell.request.suite in suites}
        is_live = console.is_terminal and not console.is_dumb_terminal
        self._live = Live(console=console, transient=True, auto_refresh=False) if is_live else None
        self._shown = self._said = time.monotonic()

    def look(self) -> None:
        now = time.monotonic()
        if now - self._shown < _REDRAW_S:
            return
        self._shown = now
        events = self._progress.read()
        if self._live:
            self._live.update(self._table(), refresh=True)
            return
        for event in events:
            if text := _line(event, self._suites.get(event.cell)):
                self._say(text)
        if now - self._said > _LINE_EVERY_S:
            self._said = now
            self._say(self._summary())

    def __enter__(self) -> Watch:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shown = 0.0
        self.look()
        if self._live:
            self._live.stop()

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _summary(self) -> str:
        where = self._progress.cells
        stages = [where.get(cell.key, Where()).stage for cell in self._plan.cells]
        counts = {stage: stages.count(stage) for stage in ("done", "failed", "running", "open")}
        eta = duration(seconds_left(self._plan.cells, where, self._workers))
        return f"{self._plan.name}: {', '.join(f'{n} {stage}' for stage, n in counts.items() if n)}, ETA {eta}"

    def _table(self) -> Table:
        table = Table(title=self._summary(), title_justify="left", expand=True)
        table.add_column("cell", no_wrap=True)
        table.add_column("state", no_wrap=True, min_width=10)
        table.add_column("at", no_wrap=True, min_width=4, justify="right")
        table.add_column("score", no_wrap=True, ratio=1)
        if wide := self._console.width >= _WIDE:
            table.add_column("worker", no_wrap=True)
        order = {"running": 0, "failed": 1, "done": 2, "open": 3}
        cells = [(cell, self._progress.cells.get(cell.key, Where())) for cell in self._plan.cells]
        room = max(3, self._console.height - _ROOM)
        for cell, at in sorted(cells, key=lambda pair: order[pair[1].stage])[:room]:
            worker = [at.worker if at.stage == "running" else ""] if wide else []
            table.add_row(cell.title, *_state(at, self._suites.get(cell.key)), *worker)
        if len(cells) > room:
            table.caption = f"and {len(cells) - room} more"
        return table


def _state(at: Where, suite: Suite | None) -> tuple[str, str, Text]:
    """What a cell is at, how far, and how good it is; one line, however long a reason is."""
    score = suite.score_text(at.mean) if suite and at.mean is not None else at.reason
    if at.stage != "running" or not at.phase:
        return at.stage, "", Text(score)
    if suite and at.validation is not None:
        score = f"validation {suite.value_text(at.validation)}"
    return at.phase, f"{at.step / max(at.total, 1):.0%}", Text(score)


def _line(event: Event, suite: Suite | None) -> str | None:
    """What is worth a plain line: how cells begin and end."""
    values = event.values
    match event.event:
        case "claimed":
            again = f" (try {values.get('attempt')})" if values.get("attempt") != 1 else ""
            return f"{event.title}: begun by {event.worker}{again}"
        case "training" if suite and values.get("validation") is not None:
            return f"{event.title}: step {values.get('step'):,}, validation {suite.score_text(values['validation'])}"
        case "ended":
            told = [str(values.get("status")), values.get("reason")]
            if suite and values.get("mean") is not None:
                told[1] = suite.score_text(values["mean"])
            took = duration(float(values.get("seconds") or 0))
            return f"{event.title}: {', '.join(filter(None, [*told, took]))}"
        case "retried":
            return f"{event.title}: to be tried again: {values.get('reason')}"
        case "given_up" | "refused":
            return f"{event.title}: {event.event.replace('_', ' ')}: {values.get('reason')}"
        case "note":
            return f"{event.title}: {values.get('text')}"
    return None
