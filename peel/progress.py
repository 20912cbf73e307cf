"""Progress of a run on standard error: one live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Self, TextIO

from peel.estimates.foresight import Expected, what_a_run_can_show
from peel.estimates.until import until_in_words
from peel.records import Execution, Run, Score
from peel.reports.foresight_wording import what_a_run_will_take
from peel.reports.wording import money

if TYPE_CHECKING:
    from rich.progress import Progress

PLAIN_EVERY_S = 10.0
DRAWN_A_SECOND = 4


class ShownProgress(AbstractContextManager["ShownProgress"]):
    """Counts what finishes and shows it: done, errored, rate, time left, cost. `run_id` is known once a run started,
    when `when_started` is called. `foresight` says of a new run what it will take."""

    def __init__(
        self,
        out: TextIO,
        *,
        when_started: Callable[[], None] = lambda: None,
        foresight: Callable[[Run], Expected] | None = None,
    ) -> None:
        self.run_id: str | None = None
        self._out = out
        self._when_started = when_started
        self._foresight = foresight
        self._planned = self._already = self._done = self._errored = 0
        self._cost: float | None = 0.0
        self._clock = self._shown = time.monotonic()

    @property
    def executions(self) -> Self:
        """What is told of each execution."""
        return self

    def preparing(self, what: str) -> None:
        """Something is made ready before the first execution."""
        self._line(f"preparing {what}")

    def started(self, run: Run, *, already: int) -> None:
        """The run is planned; `already` of its executions are stored."""
        self.run_id, self._planned, self._already = run.id, run.planned, already
        self._clock = self._shown = time.monotonic()
        left = f", {already} of them stored" if already else ""
        self._line(f"run {run.id}: {run.planned} executions{left}")
        can_show = what_a_run_can_show(run)
        for line in [*([can_show] if can_show else []), *until_in_words(run)]:
            self._line(line)
        if self._foresight is not None and not already:
            self._line(what_a_run_will_take(self._foresight(run)))
        self._when_started()

    def finished(self, execution: Execution, scores: Sequence[Score]) -> None:
        """One more execution is stored."""
        self._done += 1
        self._errored += execution.status == "error"
        self._cost = _added(self._cost, execution, scores)
        self._show()

    def text(self) -> str:
        """How the run stands, in one line."""
        done, seconds = self._done + self._already, max(time.monotonic() - self._clock, 1e-9)
        rate = self._done / seconds
        left = (self._planned - done) / rate if rate else None
        parts = [f"{done}/{self._planned} done", f"{self._errored} errored", f"{rate:.1f}/s"]
        parts += [f"{_duration(left)} left"] if left is not None else []
        parts += ["cost unknown" if self._cost is None else money(self._cost)]
        return ", ".join(parts)

    def _show(self) -> None:
        now = time.monotonic()
        if now - self._shown >= PLAIN_EVERY_S:
            self._shown = now
            self._line(self.text())

    def _line(self, text: str) -> None:
        self._out.write(text + "\n")
        self._out.flush()

    def __exit__(self, *_: Any) -> None:
        if self._done:
            self._line(self.text())


class LiveProgress(ShownProgress):
    """The same on a terminal: one line below the others that is drawn again and again, until the last stays."""

    def __init__(
        self,
        out: TextIO,
        *,
        when_started: Callable[[], None] = lambda: None,
        foresight: Callable[[Run], Expected] | None = None,
    ) -> None:
        super().__init__(out, when_started=when_started, foresight=foresight)
        self._bar = _bar(out, self._status)
        self._task = self._bar.add_task("", total=None)
        self._preparing = "reading the definitions"

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def preparing(self, what: str) -> None:
        self._preparing = f"preparing {what}"

    def _status(self) -> str:
        return self._preparing if self.run_id is None else self.text()

    def _show(self) -> None:
        self._bar.update(self._task, completed=self._done + self._already, total=self._planned)

    def _line(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False)

    def __exit__(self, *_: Any) -> None:
        if not self._done:
            self._bar.update(self._task, visible=False)
        self._bar.stop()


def shown_progress(
    out: TextIO,
    *,
    when_started: Callable[[], None] = lambda: None,
    foresight: Callable[[Run], Expected] | None = None,
) -> ShownProgress:
    """The progress that suits where it is shown."""
    live = out.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")
    return (LiveProgress if live else ShownProgress)(out, when_started=when_started, foresight=foresight)


def _bar(out: TextIO, status: Callable[[], str]) -> Progress:
    """A bar with what `status` says beside it. rich draws it in a thread of its own, so that time goes on while nothing
    finishes."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task
    from rich.text import Text

    class Status(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(status(), no_wrap=True, overflow="ellipsis")

    console = Console(file=out, highlight=False)
    return Progress(BarColumn(24), Status(), console=console, refresh_per_second=DRAWN_A_SECOND)


def _added(cost: float | None, execution: Execution, scores: Sequence[Score]) -> float | None:
    for usage in [execution.usage, *(one.usage for one in scores)]:
        cost = None if cost is None or usage.cost_usd is None else cost + usage.cost_usd
    return cost


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return (
        f"{minutes // 60}h{minutes % 60:02}m" if minutes >= 60 else f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
    )
