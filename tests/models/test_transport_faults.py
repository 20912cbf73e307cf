"""Faults of transport: what is tried again, how long is waited, what is final, what is recorded, what is not shown."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from peel.errors import RefusedError, TransportError
from peel.models.endpoint import Patience, retry_after


def error(wire: Any, status: int, message: str = "no", headers: str = "", **more: Any) -> bytes:
    return wire.http({"error": {"message": message} | more}, status=status, headers=headers)


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again_and_recorded(wire: Any, status: int) -> None:
    """The reply of the second attempt counts; the first is recorded with status, message and wait."""
    reply, made = wire.ask(error(wire, status, "busy"), wire.http(wire.completion()))
    assert reply.text == "hello"
    assert [(attempt.status, attempt.problem) for attempt in reply.attempts] == [(status, f"status {status}: busy")]
    assert reply.attempts[0].waited_s == made.clock.slept[0]


def test_waits_double_from_retry_to_retry(wire: Any) -> None:
    """Exponential backoff, with jitter of a quarter."""
    fault = error(wire, 500)
    _, made = wire.ask(fault, fault, fault, wire.http(wire.completion()), definition={"retries": 3})
    for waited, meant in zip(made.clock.slept, (0.5, 1.0, 2.0), strict=True):
        assert meant * 0.75 <= waited <= meant * 1.25


def test_retries_end(wire: Any) -> None:
    """After the retries the call fails with all its attempts."""
    with pytest.raises(TransportError, match="no answer after 3 attempts: status 500") as raised:
        wire.ask(error(wire, 500))
    assert len(raised.value.attempts) == 3


def test_retry_after_is_honoured(wire: Any) -> None:
    """A server that names a time is not asked before it."""
    _, made = wire.ask(error(wire, 500, headers="Retry-After: 7\r\n"), wire.http(wire.completion()))
    assert made.clock.slept == [7.0]


def test_retry_after_is_bounded(wire: Any) -> None:
    """No server makes PEEL wait for a day."""
    _, made = wire.ask(error(wire, 500, headers="Retry-After: 86400\r\n"), wire.http(wire.completion()))
    assert made.clock.slept == [60.0]


@pytest.mark.parametrize(("value", "seconds"), [("3", 3.0), ("0.5", 0.5), ("soon", None), ("-1", None), ("", None)])
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    """What cannot be read is as if it were not there."""
    assert retry_after({"retry-after": value}) == seconds


def test_retry_after_as_a_date() -> None:
    """An HTTP date is a moment; one that has passed means now."""
    ahead = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 90 < (retry_after({"retry-after": ahead}) or 0) <= 100
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_refusal_is_final_and_says_what_the_server_said(wire: Any, status: int) -> None:
    """Asking again would not help."""
    with pytest.raises(RefusedError, match=f"status {status}: the model is unknown"):
        wire.ask(error(wire, status, "the model is unknown"), wire.http(wire.completion()))


def test_a_redirect_is_refused_with_its_target(wire: Any) -> None:
    """A key is not carried to another address unasked."""
    with pytest.raises(RefusedError, match=r"redirects to https://elsewhere\.test"):
        wire.ask(wire.http("", status=307, headers="Location: https://elsewhere.test\r\n"))


def test_an_echoed_key_is_not_shown(wire: Any) -> None:
    """Servers quote the key they refuse; PEEL does not."""
    with pytest.raises(RefusedError, match=r"wrong key \*\*\*") as raised:
        wire.ask(error(wire, 401, "wrong key sk-secret-123"), definition={"api_key": "sk-secret-123"})
    assert "sk-secret" not in str(raised.value)


def test_a_long_refusal_is_cut(wire: Any) -> None:
    """An error page is not a message."""
    with pytest.raises(RefusedError) as raised:
        wire.ask(wire.http("x" * 200_000, status=404))
    assert len(str(raised.value)) < 700


@pytest.mark.parametrize("stream", [False, True])
def test_a_server_that_hangs_ends_no_run(wire: Any, stream: bool) -> None:
    """One attempt is bounded in total."""
    with pytest.raises(TransportError, match=r"no complete answer within 0\.05 s"):
        wire.ask(wire.hang, definition={"timeout_s": 0.05, "retries": 1}, stream=stream)


def test_nobody_at_the_address_is_said_so(wire: Any) -> None:
    """The message names the address and the cause."""
    with pytest.raises(TransportError, match=r"127\.0\.0\.1:9/v1/chat/completions .* cannot connect"):
        wire.ask(wire.hang, definition={"base_url": "http://127.0.0.1:9", "retries": 0})


def test_many_429_use_up_no_retries(wire: Any) -> None:
    """An overloaded server slows PEEL down instead of failing it."""
    busy = error(wire, 429, "slow down")
    reply, _ = wire.ask(*[busy] * 8, wire.http(wire.completion()), definition={"retries": 1})
    assert reply.text == "hello"
    assert [attempt.status for attempt in reply.attempts] == [429] * 8
    assert all(attempt.waited_s > 0 for attempt in reply.attempts)


def test_an_endless_429_ends_after_its_time(wire: Any) -> None:
    """Patience has a total."""
    with pytest.raises(TransportError, match="after 20 s of waiting"):
        wire.ask(error(wire, 429, headers="Retry-After: 5\r\n"), patience=Patience(overload_s=20))


def test_a_used_up_quota_is_final(wire: Any) -> None:
    """It comes as 429, but no waiting brings it back."""
    with pytest.raises(RefusedError, match="quota"):
        wire.ask(error(wire, 429, "you exceeded your quota", code="insufficient_quota"))


def test_429_halves_the_calls_in_flight_once_for_all_that_were_sent_together(wire: Any) -> None:
    """Thirty refusals of one moment are one sign of overload; all calls succeed in the end."""

    async def run() -> None:
        answers = [error(wire, 429, headers="Retry-After: 1\r\n")] * 30 + [wire.http(wire.completion())]
        async with wire.bench(answers) as made:
            replies = await asyncio.gather(*[made.ask() for _ in range(30)])
            assert {reply.text for reply in replies} == {"hello"}
            assert made.limiter.limit >= 16

    asyncio.run(run())


def test_cancelling_calls_gives_their_places_back(wire: Any) -> None:
    """Ctrl-C leaves nothing in flight, waiting calls included."""

    async def run() -> None:
        async with wire.bench([wire.hang]) as made:
            calls = [asyncio.create_task(made.ask()) for _ in range(50)]
            await made.server.asked(made.limiter.limit)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            assert made.limiter.in_flight == 0

    asyncio.run(run())


def test_a_proxy_of_the_environment_is_used(wire: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As every user of a company's network expects."""

    async def run() -> list[str]:
        async with wire.bench([wire.http(wire.completion())], base_url="http://model.test/v1") as made:
            monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{made.server.port}")
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{made.server.port}")
            await made.ask()
            return made.server.heads

    assert asyncio.run(run())[0].startswith("POST http://model.test/v1/chat/completions HTTP/1.1")


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_this_machine_is_never_asked_through_a_proxy(wire: Any, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """The embedded model is at loopback, where a proxy would look for its own."""
    monkeypatch.setenv(variable, "http://proxy.invalid:3128")
    assert wire.ask(wire.http(wire.completion()), definition={"retries": 0})[0].text == "hello"
