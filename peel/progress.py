"""Progress of a run on standard error: one live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Self, TextIO

from peel.records import Execution, Run, Score

PLAIN_EVERY_S = 10.0
DRAW_EVERY_S = 0.1


class ShownProgress(AbstractContextManager["ShownProgress"]):
    """Counts what finishes and shows it: done, errored, rate, time left, cost. `run_id` is known once a run started."""

    def __init__(self, out: TextIO) -> None:
        self.run_id: str | None = None
        self._out = out
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
        self._clock = time.monotonic()
        left = f", {already} of them stored" if already else ""
        self._line(f"run {run.id}: {run.planned} executions{left}")

    def finished(self, execution: Execution, scores: Sequence[Score]) -> None:
        """One more execution is stored."""
        self._done += 1
        self._errored += execution.status == "error"
        self._cost = _added(self._cost, execution, scores)
        now = time.monotonic()
        if now - self._shown >= self.every_s:
            self._shown = now
            self._show()

    every_s = PLAIN_EVERY_S

    def _show(self) -> None:
        self._line(self.text())

    def _line(self, text: str) -> None:
        self._out.write(text + "\n")
        self._out.flush()

    def text(self) -> str:
        """How the run stands, in one line."""
        done, seconds = self._done + self._already, max(time.monotonic() - self._clock, 1e-9)
        rate = self._done / seconds
        left = (self._planned - done) / rate if rate else None
        parts = [f"{done}/{self._planned} done", f"{self._errored} errored", f"{rate:.1f}/s"]
        parts += [f"{_duration(left)} left"] if left is not None else []
        parts += ["cost unknown" if self._cost is None else f"${self._cost:.4f}"]
        return ", ".join(parts)

    def __exit__(self, *_: Any) -> None:
        if self._done:
            self._line(self.text())


class LiveProgress(ShownProgress):
    """The same on a terminal: one line that is drawn again and again."""

    every_s = DRAW_EVERY_S

    def _show(self) -> None:
        self._out.write(f"\r\x1b[2K{self._bar()} {self.text()}")
        self._out.flush()

    def preparing(self, what: str) -> None:
        self._out.write(f"\r\x1b[2Kpreparing {what}")
        self._out.flush()

    def _line(self, text: str) -> None:
        super()._line(f"\r\x1b[2K{text}")

    def _bar(self, width: int = 24) -> str:
        filled = width * (self._done + self._already) // max(self._planned, 1)
        return "█" * filled + "░" * (width - filled)


def shown_progress(out: TextIO) -> ShownProgress:
    """The progress that suits where it is shown."""
    return LiveProgress(out) if out.isatty() else ShownProgress(out)


def _added(cost: float | None, execution: Execution, scores: Sequence[Score]) -> float | None:
    for usage in [execution.usage, *(one.usage for one in scores)]:
        cost = None if cost is None or usage.cost_usd is None else cost + usage.cost_usd
    return cost


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}h{minutes % 60:02}m" if minutes >= 60 else f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
