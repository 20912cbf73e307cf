"""Adaptive concurrency: how many calls to one model are in flight at once.

The limit is found as TCP finds its window (additive increase, multiplicative decrease; Chiu and Jain 1989): it grows
while calls stay as quick as they were, first by one a completed call (slow start, Jacobson 1988), later by a share a
round; it is halved when the server says that it is overloaded, and then nothing starts until the pause it asked for is
over. Calls that do not get a place wait in the order in which they came.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from statistics import median

from peel.models.clock import Clock, LoopClock

DEFAULT_START = 32
"""Calls in flight before anything is known of the server."""
DEFAULT_CEILING = 1024
"""The most calls in flight where the definition sets no `concurrency`."""

_INFLATED = 2.0
"""A round whose median latency is this many times the best round's is queueing, not working faster."""
_DRIFT = 1.05
"""The best round is forgotten by this factor a round: short calls among long ones must not hold the limit down."""
_SHARE = 0.1
"""Growth a round after slow start, as a share of the limit."""
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_LONGEST_ASKED_S = 120.0


class AdaptiveLimiter:
    """Hands out places for calls. One event loop uses it; nothing in it blocks.

    Take a place with `await acquire()`, give it back with `release()`; between them tell what happened with
    `completed` or `overloaded`. `limit` is the number of places now, `ceiling` the most there can be.
    """

    def __init__(
        self, *, start: int = DEFAULT_START, ceiling: int = DEFAULT_CEILING, clock: Clock | None = None
    ) -> None:
        self.ceiling = max(1, ceiling)
        self.in_flight = 0
        self._limit = float(max(1, min(start, self.ceiling)))
        self._clock: Clock = clock or LoopClock()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._paused_until = 0.0
        self._round: list[float] = []
        self._best: float | None = None
        self._slow_start = True
        self._full = False
        self._overloads = 0
        self._halved_at = float("-inf")

    @property
    def limit(self) -> int:
        """The number of calls that may be in flight now."""
        return int(self._limit)

    @property
    def paused(self) -> bool:
        """Whether the server asked for a pause that is not over."""
        return self._paused_until > 0.0 and self._clock.now() < self._paused_until

    async def acquire(self, *, again: bool = False) -> None:
        """Take a place, waiting for one if need be; `again` puts a call that was sent away at the head of the queue.

        Cancelling a waiting call loses no place.
        """
        if not self._waiting and self.in_flight < int(self._limit) and not self.paused:
            self.in_flight += 1
            return
        self._full = True
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._waiting.appendleft if again else self._waiting.append)(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """Give a place back."""
        self.in_flight -= 1
        if self._waiting:
            self._hand_out()

    def completed(self, latency_s: float) -> None:
        """A call was answered after `latency_s` seconds."""
        self._overloads = 0
        if self.in_flight >= int(self._limit):
            self._full = True
        self._round.append(latency_s)
        if len(self._round) >= int(self._limit):
            self._end_round()

    def overloaded(self, *, sent_at: float, pause_s: float | None = None) -> float:
        """The server is overloaded: halve the limit, start nothing for a while. Returns the pause in seconds.

        `sent_at` is when the call was sent, by the clock handed in: of all calls that were in flight together, only the
        first to come back halves. `pause_s` is what the server asked for; None doubles the last pause.
        """
        now = self._clock.now()
        if sent_at > self._halved_at:
            self._halved_at = now
            self._overloads += 1
            self._limit = max(1.0, self._limit / 2)
            self._slow_start = False
            self._round.clear()
        pause = self._own_pause() if pause_s is None else min(pause_s, _LONGEST_ASKED_S)
        if now + pause > self._paused_until:
            self._paused_until = now + pause
            self._clock.call_later(pause, self._hand_out)
        return max(0.0, self._paused_until - now)

    def _own_pause(self) -> float:
        doubled = _FIRST_PAUSE_S * 2.0 ** min(max(0, self._overloads - 1), 10)
        # Jitter keeps several PEEL processes from coming back at the same moment.
        return min(_LONGEST_PAUSE_S, doubled) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret depends on it

    def _end_round(self) -> None:
        """Decide on the limit from the round's median latency. Only a limit that was in the way is raised."""
        now = median(self._round)
        self._round.clear()
        best = now if self._best is None else min(now, self._best * _DRIFT)
        self._best = best
        was_full, self._full = self._full, bool(self._waiting)
        if now > best * _INFLATED:
            self._slow_start = False
        elif was_full:
            grown = self._limit * 2 if self._slow_start else self._limit + max(1.0, self._limit * _SHARE)
            self._limit = min(float(self.ceiling), grown)
            self._hand_out()

    def _hand_out(self) -> None:
        """Give free places to those who wait, in order."""
        while self._waiting and self.in_flight < int(self._limit):
            if self.paused:
                # A timer may fire a moment early, or an earlier and shorter pause end first.
                self._clock.call_later(max(0.001, self._paused_until - self._clock.now()), self._hand_out)
                return
            place = self._waiting.popleft()
            if not place.done():
                self.in_flight += 1
                place.set_result(None)
