"""The adaptive limiter: it grows while calls stay quick, halves on overload, is fair, and loses no place."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from peel.models.limiter import AdaptiveLimiter


async def round_of(limiter: AdaptiveLimiter, latency_s: float) -> None:
    """As many calls as there are places, each answered after the same time, while more wait."""
    places = limiter.limit
    held = [await limiter.acquire() for _ in range(places - limiter.in_flight)]
    waiting = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(0)
    for _ in held:
        limiter.completed(latency_s)
        limiter.release()
    await waiting
    limiter.release()


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


def test_the_limit_doubles_while_calls_stay_quick() -> None:
    """Slow start: a server that takes it is soon used."""

    async def check() -> None:
        limiter = AdaptiveLimiter(start=4, ceiling=20)
        limits = []
        for _ in range(4):
            await round_of(limiter, 0.1)
            limits.append(limiter.limit)
        assert limits == [8, 16, 20, 20]

    run(check())


def test_the_limit_stops_growing_when_calls_begin_to_queue() -> None:
    """More in flight that only take longer are not more work done."""

    async def check() -> None:
        limiter = AdaptiveLimiter(start=4, ceiling=1000)
        await round_of(limiter, 0.1)
        await round_of(limiter, 0.5)
        await round_of(limiter, 0.5)
        assert limiter.limit == 8

    run(check())


def test_a_limit_that_is_not_in_the_way_does_not_grow() -> None:
    """One call after the other says nothing of what a server can take at once."""

    async def check() -> None:
        limiter = AdaptiveLimiter(start=4)
        for _ in range(50):
            await limiter.acquire()
            limiter.completed(0.1)
            limiter.release()
        assert limiter.limit == 4

    run(check())


def test_overload_halves_once_for_calls_sent_together_and_recovery_is_gentle(wire: Any) -> None:
    """The second refusal of the same moment does not halve again; afterwards the limit grows by a share."""

    async def check() -> None:
        clock = wire.clock()
        limiter = AdaptiveLimiter(start=40, ceiling=40, clock=clock)
        sent = clock.now()
        limiter.overloaded(sent_at=sent, pause_s=0.0)
        limiter.overloaded(sent_at=sent - 1, pause_s=0.0)
        assert limiter.limit == 20
        await round_of(limiter, 0.1)
        assert limiter.limit == 22

    run(check())


def test_the_limit_never_falls_below_one(wire: Any) -> None:
    """However often it is halved, somebody is served."""

    async def check() -> None:
        clock = wire.clock()
        limiter = AdaptiveLimiter(start=2, clock=clock)
        for _ in range(10):
            limiter.overloaded(sent_at=clock.now() + 1, pause_s=0.0)
        assert limiter.limit == 1
        await limiter.acquire()

    run(check())


def test_nothing_starts_during_a_pause(wire: Any) -> None:
    """A pause the server asked for holds back free places, too, and ends by itself."""

    async def check() -> None:
        clock = wire.clock()
        limiter = AdaptiveLimiter(start=4, clock=clock)
        pause = limiter.overloaded(sent_at=clock.now(), pause_s=20.0)
        begun = clock.now()
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        assert pause == pytest.approx(20.0)
        assert limiter.in_flight == 0
        await waiting
        assert clock.now() - begun >= 19.0

    run(check())


def test_pauses_without_a_hint_grow_and_are_bounded(wire: Any) -> None:
    """Half a second at first, half a minute (and its jitter) at most."""

    async def check() -> None:
        clock = wire.clock()
        limiter = AdaptiveLimiter(start=1, clock=clock)
        pauses = [limiter.overloaded(sent_at=clock.now() + number, pause_s=None) for number in range(1, 15)]
        assert pauses[0] < 0.7
        assert 20 < max(pauses) < 40

    run(check())


def test_places_go_to_those_who_wait_in_order() -> None:
    """First come, first served; a call that was sent away goes first."""

    async def check() -> None:
        limiter = AdaptiveLimiter(start=1, ceiling=1)
        await limiter.acquire()
        served: list[str] = []

        async def call(name: str, *, again: bool = False) -> None:
            await limiter.acquire(again=again)
            served.append(name)
            limiter.release()

        calls = [asyncio.create_task(call(name)) for name in "abc"]
        await asyncio.sleep(0)
        calls.append(asyncio.create_task(call("sent away", again=True)))
        await asyncio.sleep(0)
        limiter.release()
        await asyncio.gather(*calls)
        assert served == ["sent away", "a", "b", "c"]

    run(check())


@pytest.mark.parametrize("handed_over", [False, True])
def test_a_cancelled_call_loses_no_place(handed_over: bool) -> None:
    """Neither while it waits nor in the moment in which its place was handed to it."""

    async def check() -> None:
        limiter = AdaptiveLimiter(start=1, ceiling=1)
        await limiter.acquire()
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        if handed_over:
            limiter.release()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        if not handed_over:
            limiter.release()
        assert limiter.in_flight == 0
        await limiter.acquire()

    run(check())
