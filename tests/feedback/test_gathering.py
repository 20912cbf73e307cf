"""Gathering: what several hand in at once is stored together, and each is told what became of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from peel.errors import StoreError
from peel.feedback.gathering import MOST_AT_ONCE, MOST_WAITING, Gathering
from peel.records.feedback import Added, Interaction


class Slow:
    """A store that waits while it is held, and keeps what each group was."""

    def __init__(self) -> None:
        self.let, self.began = threading.Event(), threading.Semaphore(0)
        self.groups: list[list[str]] = []
        self.fault: Exception | None = None

    def __call__(self, handed_in: Sequence[Any]) -> list[Added]:
        self.groups.append([one.id for interactions, _ in handed_in for one in interactions])
        self.began.release()
        self.let.wait(10)
        if self.fault is not None:
            raise self.fault
        return [Added(new_interactions=len(interactions)) for interactions, _ in handed_in]


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def gathering(slow: Slow) -> Iterator[Gathering]:
    made = Gathering(slow)
    yield made
    slow.let.set()
    made.close()


def hand_in(gathering: Gathering, *names: str, size: int = 10) -> Future[Added]:
    return gathering.add([Interaction(id=name, input="x") for name in names], (), size=size)


def test_what_comes_while_a_group_is_stored_is_the_next_group(gathering: Gathering, slow: Slow) -> None:
    """Nobody is answered before, and each by its own count."""
    first = hand_in(gathering, "a")
    assert slow.began.acquire(timeout=10)
    others = [hand_in(gathering, "b"), hand_in(gathering, "c", "d")]
    assert not any(one.done() for one in (first, *others))
    slow.let.set()
    assert [one.result(10).new_interactions for one in (first, *others)] == [1, 1, 2]
    assert slow.groups == [["a"], ["b", "c", "d"]]


def test_a_fault_is_told_to_all_of_its_group_and_to_nobody_else(gathering: Gathering, slow: Slow) -> None:
    """What is handed in afterwards is tried again."""
    slow.fault = StoreError("the store is gone")
    failed = [hand_in(gathering, "a"), hand_in(gathering, "b")]
    slow.let.set()
    for one in failed:
        with pytest.raises(StoreError, match="gone"):
            one.result(10)
    slow.fault = None
    assert hand_in(gathering, "a").result(10).new_interactions == 1


def test_a_group_is_bounded(gathering: Gathering, slow: Slow) -> None:
    """What is too much for one is stored in two; what one sender hands in stays together."""
    hand_in(gathering, "a")
    assert slow.began.acquire(timeout=10)
    names = [f"i{number}" for number in range(MOST_AT_ONCE)]
    last = [hand_in(gathering, "b"), hand_in(gathering, *names), hand_in(gathering, "c")][-1]
    slow.let.set()
    assert last.result(10).new_interactions == 1
    assert list(map(len, slow.groups)) == [1, 1, MOST_AT_ONCE, 1]


def test_what_waits_is_bounded(gathering: Gathering, slow: Slow) -> None:
    """A store that hangs must not take all of the memory: who comes too late is told at once."""
    hand_in(gathering, "a")
    assert slow.began.acquire(timeout=10)
    waiting = hand_in(gathering, "b", size=MOST_WAITING)
    with pytest.raises(StoreError, match="more waits to be stored than there is room for"):
        hand_in(gathering, "c")
    slow.let.set()
    assert waiting.result(10).new_interactions == 1


def test_who_gave_up_waiting_is_left_out(gathering: Gathering, slow: Slow) -> None:
    """Nobody was told that it is stored, and the others are not held up."""
    hand_in(gathering, "a")
    assert slow.began.acquire(timeout=10)
    gone, stays = hand_in(gathering, "b"), hand_in(gathering, "c")
    assert gone.cancel()
    slow.let.set()
    assert stays.result(10).new_interactions == 1
    assert slow.groups == [["a"], ["c"]]


def test_closing_stores_what_was_handed_in(slow: Slow) -> None:
    """A server that ends keeps what it still answers."""
    made = Gathering(slow)
    waiting = [hand_in(made, "a"), hand_in(made, "b")]
    slow.let.set()
    made.close()
    assert all(one.done() for one in waiting)
    with pytest.raises(StoreError, match="the server is ending"):
        hand_in(made, "c")
