"""What was computed once and is kept until the mark changes that it was computed under: bounded, shared by threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class _Entry(Generic[T]):
    mark: str
    value: Future[T] = field(default_factory=Future)


class Kept(Generic[T]):
    """Values by name, the latest used ones. `most` bounds the sum of what `weight` says of each."""

    def __init__(self, *, most: int, weight: Callable[[T], int] = lambda value: 1) -> None:
        self._most, self._weight = most, weight
        self._guard = threading.Lock()
        self._entries: OrderedDict[str, _Entry[T]] = OrderedDict()
        self._weights: dict[str, int] = {}

    def has(self, name: str, mark: str) -> bool:
        """Whether a value is there, computed under this mark."""
        with self._guard:
            entry = self._entries.get(name)
            return entry is not None and entry.mark == mark and entry.value.done()

    def get(self, name: str, mark: str, make: Callable[[], T]) -> T:
        """The value of this name under this mark. Who asks while another thread makes it waits for that one."""
        with self._guard:
            entry = self._entries.get(name)
            is_new = entry is None or entry.mark != mark
            if entry is None or entry.mark != mark:
                entry = self._entries[name] = _Entry(mark)
                self._weights.pop(name, None)
            self._entries.move_to_end(name)
        if is_new:
            self._make(name, entry, make)
        return entry.value.result()

    def _make(self, name: str, entry: _Entry[T], make: Callable[[], T]) -> None:
        try:
            value = make()
        except BaseException as error:
            with self._guard:
                if self._entries.get(name) is entry:
                    del self._entries[name]
            entry.value.set_exception(error)
            return
        entry.value.set_result(value)
        with self._guard:
            if self._entries.get(name) is entry:
                self._weights[name] = self._weight(value)
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        """Those that are being made have no weight yet, and stay."""
        total = sum(self._weights.values())
        for name in list(self._entries):
            if total <= self._most:
                return
            if name in self._weights:
                total -= self._weights.pop(name)
                del self._entries[name]
