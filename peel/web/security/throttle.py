"""How much each one may hand in: a bucket for each name, which empties with what is taken and fills by the minute."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from fastapi import HTTPException

MOST_NAMES = 10_000
"""Of how many names a bucket is kept; those that were seen last are kept."""


class Throttle:
    """Lets each name take so many a minute, and as many at once. `clock` gives seconds. Safe to use from several
    threads; every process counts by itself."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, name: str) -> None:
        """Raises HTTPException 429 where nothing is left, with when to go on."""
        with self._lock:
            left, _ = self._now(name)
        if left < 1:
            wait_s = math.ceil((1 - left) * 60 / self.per_minute)
            raise HTTPException(
                429,
                f"more than {self.per_minute:,} a minute were handed in; go on in {wait_s:,} s",
                headers={"Retry-After": str(wait_s)},
            )

    def take(self, name: str, count: int) -> None:
        """Take so many, also more than are left: what is taken too early is waited for afterwards."""
        with self._lock:
            left, now = self._now(name)
            self._left[name] = (left - count, now)
            self._left.move_to_end(name)
            if len(self._left) > MOST_NAMES:
                self._left.popitem(last=False)

    def _now(self, name: str) -> tuple[float, float]:
        now = self._clock()
        left, at = self._left.get(name, (float(self.per_minute), now))
        return min(self.per_minute, left + max(0.0, now - at) * self.per_minute / 60), now


def network_of(address: str) -> str:
    """What an address is counted by: IPv6 gives everybody 2^64 of them, so it is the network."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or int(found) >> 64) if isinstance(found, IPv6Address) else address
