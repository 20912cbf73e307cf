"""What the models of one workspace share: HTTP connections, limits by server, servers in this process."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Shared:
    """Things made once by key, and closed together. A thing with an `aclose` coroutine method is closed by it."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Any] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing of this key, made now if there is none."""
        if key not in self._made:
            self._made[key] = make()
        found: T = self._made[key]
        return found

    async def aclose(self) -> None:
        """Close all, the youngest first; every one is closed, even where another cannot be."""
        faults: list[Exception] = []
        while self._made:
            _, thing = self._made.popitem()
            close = getattr(thing, "aclose", None)
            try:
                if close is not None:
                    await close()
            except Exception as error:
                faults.append(error)
        if faults:
            raise faults[0]
