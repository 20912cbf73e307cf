"""What many senders hand in at once, stored together: one transaction for all that waits, and each told when it is on
the disk.

While one group is stored the next gathers, so a group grows with the load, and nobody waits for others that may come.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

from peel.errors import StoreError
from peel.records.feedback import Added, Interaction, Rating
from peel.store.feedback import Entries

MOST_AT_ONCE = 5_000
"""How many interactions and ratings one group has, save where one sender hands in more."""

LARGEST_GROUP = 8_388_608
"""How many bytes one group has, save where one sender hands in more."""

MOST_WAITING = 67_108_864
"""How many bytes may wait to be stored: what a store that hangs may take of the memory, about."""

_OVERHEAD = 1_000
"""What an entry takes beside its text, in bytes, about."""

Store: TypeAlias = Callable[[Sequence[Entries]], Sequence[Added]]


@dataclass(frozen=True, slots=True)
class _HandedIn:
    """What one sender waits for."""

    entries: Entries
    size: int
    stored: Future[Added] = field(default_factory=Future)

    @property
    def count(self) -> int:
        return len(self.entries[0]) + len(self.entries[1])


class Gathering:
    """Stores what is handed in, in one thread. `store` adds the entries of several senders in one transaction and says
    what became of each one's. Safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._waiting: deque[_HandedIn] = deque()
        self._size = 0
        self._is_storing = self._is_closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="peel-intake")

    def add(self, interactions: Sequence[Interaction], ratings: Sequence[Rating], *, size: int) -> Future[Added]:
        """Hand in interactions, as they are to be stored, and ratings, of `size` bytes in all. What is given back is
        done when they are on the disk, or has the StoreError that all of the group failed with.

        Raises StoreError where too much waits already, or nothing is taken any more.
        """
        handed_in = _HandedIn((interactions, ratings), size + _OVERHEAD * (len(interactions) + len(ratings)))
        with self._lock:
            if self._is_closed:
                raise StoreError("the server is ending; send it again")
            if self._waiting and self._size + handed_in.size > MOST_WAITING:
                raise StoreError("more waits to be stored than there is room for; send it again later")
            self._waiting.append(handed_in)
            self._size += handed_in.size
            if not self._is_storing:
                self._is_storing = True
                self._thread.submit(self._work)
        return handed_in.stored

    def close(self) -> None:
        """Store what was handed in, and end."""
        with self._lock:
            self._is_closed = True
        self._thread.shutdown()

    def _work(self) -> None:
        while group := self._next():
            waiting = [one for one in group if one.stored.set_running_or_notify_cancel()]
            try:
                for one, added in zip(waiting, self._store([one.entries for one in waiting]), strict=True):
                    one.stored.set_result(added)
            except Exception as error:
                for one in waiting:
                    if not one.stored.done():
                        one.stored.set_exception(error)

    def _next(self) -> list[_HandedIn]:
        """The group that is stored next; none where nothing waits."""
        with self._lock:
            count = size = taken = 0
            for one in self._waiting:
                count, size = count + one.count, size + one.size
                if taken and (count > MOST_AT_ONCE or size > LARGEST_GROUP):
                    break
                taken += 1
            group = list(islice(self._waiting, taken))
            for one in group:
                self._waiting.popleft()
                self._size -= one.size
            self._is_storing = bool(group)
            return group
