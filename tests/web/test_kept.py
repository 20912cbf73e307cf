"""What is computed once: under its mark, bounded, by one thread for all who wait."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from peel.web.kept import Kept


def test_a_value_is_made_once_for_its_mark() -> None:
    """Another mark makes it anew; the old one is never given again."""
    kept: Kept[str] = Kept(most=10)
    assert kept.get("a", "1", lambda: "old") == "old"
    assert kept.get("a", "1", lambda: "not made") == "old"
    assert kept.has("a", "1")
    assert not kept.has("a", "2")
    assert kept.get("a", "2", lambda: "new") == "new"


def test_the_least_used_go_where_there_are_too_many() -> None:
    """By weight; what was asked for lately stays."""
    kept: Kept[str] = Kept(most=10, weight=len)
    for name in "abc":
        kept.get(name, "", lambda: "four")
        kept.get("a", "", lambda: "four")
    assert [kept.has(name, "") for name in "abc"] == [True, False, True]


def test_a_failure_is_told_and_not_kept() -> None:
    """The next who asks tries again."""
    kept: Kept[int] = Kept(most=10)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", "", lambda: 1 // 0)
    assert not kept.has("a", "")
    assert kept.get("a", "", lambda: 1) == 1


def test_threads_wait_for_the_one_that_makes_it() -> None:
    """Four ask at once; it is made once."""
    kept: Kept[int] = Kept(most=10)
    made: list[int] = []
    together = threading.Barrier(4)

    def ask() -> int:
        together.wait(10)
        return kept.get("a", "", lambda: made.append(1) or 7)  # type: ignore[func-returns-value]  # counts, then gives

    with ThreadPoolExecutor(4) as threads:
        assert [one.result() for one in [threads.submit(ask) for _ in range(4)]] == [7] * 4
    assert made == [1]
