"""The budget of a run: whether the next execution may start without passing it."""

from __future__ import annotations

from peel.errors import StepError


class Budget:
    """Counts what executions cost and holds back what might pass `limit_usd`.

    What an execution will cost is not known before it ends, so each one under way is counted as the dearest seen. The
    first goes alone: there is nothing to count it by.
    """

    def __init__(self, limit_usd: float, *, spent_usd: float = 0.0) -> None:
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self._dearest: float | None = None
        self._under_way = 0

    def may_start(self) -> bool | None:
        """True: start it. False: it might pass the budget even when nothing else is under way, so the run is over.
        None: ask again when an execution under way has ended."""
        if self._dearest is None:
            return (self.spent_usd < self.limit_usd) if self._under_way == 0 else None
        if self.spent_usd + (self._under_way + 1) * self._dearest <= self.limit_usd:
            return True
        return None if self._under_way else False

    def start(self) -> None:
        """Count an execution as under way."""
        self._under_way += 1

    def end(self, cost_usd: float | None) -> None:
        """Count what an execution cost. Raises StepError where the cost is unknown: a budget cannot be kept then."""
        self._under_way -= 1
        if cost_usd is None:
            raise StepError(
                "--budget cannot be kept: a server told no token counts, so what its call cost is unknown; "
                "run without --budget"
            )
        self.spent_usd += cost_usd
        self._dearest = max(self._dearest or 0.0, cost_usd)
