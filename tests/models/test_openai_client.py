"""The chat client against a loopback server: what it sends, and what it makes of usual replies."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from peel.errors import PeelError, RefusedError
from peel.models.chat import ChatRequest, Message
from peel.models.endpoint import Endpoint
from peel.models.limiter import AdaptiveLimiter
from peel.models.openai import OpenAIChatModel
from peel.records import ModelDefinition, Price

SCHEMA = {"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]}


def test_a_reply_gives_its_text_usage_and_model(wire: Any) -> None:
    """What the server tells of a call is on the reply; an unknown price is an unknown cost."""
    reply, _ = wire.ask(wire.http(wire.completion("Press it.")))
    assert (reply.text, reply.model, reply.finish_reason, reply.marks) == ("Press it.", "served", "stop", ())
    assert (reply.usage.calls, reply.usage.tokens_in, reply.usage.tokens_out, reply.usage.cost_usd) == (1, 7, 3, None)
    assert reply.latency_s > 0
    assert reply.first_token_s is None
    assert reply.attempts == ()


def test_missing_usage_is_unknown_and_not_zero(wire: Any) -> None:
    """A server that does not count tokens leaves them, and the cost, unknown."""
    body = wire.completion()
    del body["usage"]
    reply, _ = wire.ask(wire.http(body), definition={"price": Price(input_per_million=1, output_per_million=1)})
    assert (reply.usage.calls, reply.usage.tokens_in, reply.usage.cost_usd) == (1, None, None)


def test_a_price_of_the_definition_makes_the_cost(wire: Any) -> None:
    """Prices are dollars per million tokens."""
    price = Price(input_per_million=2_000_000, output_per_million=1_000_000)
    reply, _ = wire.ask(wire.http(wire.completion()), definition={"price": price})
    assert reply.usage.cost_usd == pytest.approx(7 * 2 + 3)


def test_parameters_are_passed_on_and_those_of_the_step_win(wire: Any) -> None:
    """Role parameters are defaults; null takes one away; extra_body is merged into the body."""
    _, made = wire.ask(
        wire.http(wire.completion()),
        definition={"parameters": {"temperature": 0.1, "top_p": 0.5, "seed": 1}},
        parameters={"temperature": 0.9, "top_p": None, "min_p": 0.05, "stop": ["x"], "extra_body": {"mirostat": 2}},
    )
    sent = made.server.bodies[0]
    assert sent == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "temperature": 0.9,
        "seed": 1,
        "min_p": 0.05,
        "stop": ["x"],
        "mirostat": 2,
    }


@pytest.mark.parametrize("parameters", [{"n": 2}, {"stream": True}, {"messages": []}, {"model": "x"}])
def test_parameters_that_peel_sets_itself_are_refused_without_a_call(wire: Any, parameters: dict[str, Any]) -> None:
    """The message names the parameter, and nothing is sent."""

    async def run() -> None:
        async with wire.bench([wire.http(wire.completion())]) as made:
            with pytest.raises(RefusedError, match=next(iter(parameters))):
                await made.ask(parameters=parameters)
            assert made.server.bodies == []

    asyncio.run(run())


def test_parts_of_a_message_are_passed_on(wire: Any) -> None:
    """Images and recordings reach the server as they are given."""
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}

    async def run() -> Any:
        async with wire.bench([wire.http(wire.completion())]) as made:
            await made.model.complete(ChatRequest(messages=(Message(role="user", content=(part,)),)))
            return made.server.bodies[0]["messages"]

    assert asyncio.run(run()) == [{"role": "user", "content": [part]}]


@pytest.mark.parametrize(
    ("base_url", "line"),
    [
        ("http://127.0.0.1:PORT", "POST /v1/chat/completions HTTP/1.1"),
        ("http://127.0.0.1:PORT/api/", "POST /api/chat/completions HTTP/1.1"),
        ("http://127.0.0.1:PORT/d/x?api-version=7", "POST /d/x/chat/completions?api-version=7 HTTP/1.1"),
    ],
)
def test_the_address_is_base_url_as_given(wire: Any, base_url: str, line: str) -> None:
    """Only an address without a path gets /v1; a query is kept."""
    _, made = wire.ask(wire.http(wire.completion()), definition={"base_url": base_url})
    assert made.server.heads[0].splitlines()[0] == line


def test_key_and_headers_are_sent_and_never_shown(wire: Any) -> None:
    """The key is a bearer token on the wire and in no repr."""
    given = {"api_key": "sk-secret-123", "headers": {"X-Team": "support-team"}}
    _, made = wire.ask(wire.http(wire.completion()), definition=given)
    assert "authorization: Bearer sk-secret-123" in made.server.heads[0]
    assert "x-team: support-team" in made.server.heads[0]
    assert "sk-secret-123" not in repr(made.model)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "schlüssel"])
def test_a_key_that_no_header_can_hold_is_refused_without_showing_it(wire: Any, value: str) -> None:
    """A line break in a key would write headers of its own."""
    with pytest.raises(PeelError, match="api_key") as raised:
        wire.ask(wire.http(wire.completion()), definition={"api_key": value})
    assert value not in str(raised.value)


def test_a_schema_is_sent_as_response_format(wire: Any) -> None:
    """Structured output in the protocol's own form."""
    _, made = wire.ask(wire.http(wire.completion("{}")), response_schema=SCHEMA)
    assert made.server.bodies[0]["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "reply", "schema": SCHEMA, "strict": True},
    }


def test_a_server_without_response_format_is_asked_again_without_it_once(wire: Any) -> None:
    """The refusal is noted in the attempts and remembered for the next call."""
    refusal = wire.http({"error": {"message": "response_format is not supported"}}, status=400)

    async def run() -> None:
        async with wire.bench([refusal, wire.http(wire.completion("ok"))]) as made:
            first = await made.ask(response_schema=SCHEMA)
            second = await made.ask(response_schema=SCHEMA)
            assert first.text == second.text == "ok"
            assert "response_format" in first.attempts[0].problem
            assert second.attempts == ()
            assert ["response_format" in body for body in made.server.bodies] == [True, False, False]

    asyncio.run(run())


def test_another_400_is_not_taken_for_a_missing_response_format(wire: Any) -> None:
    """A prompt that is too long stays an error, schema or not."""
    with pytest.raises(RefusedError, match="context length"):
        wire.ask(wire.http({"error": {"message": "context length exceeded"}}, status=400), response_schema=SCHEMA)


def delta(text: str | None, **choice: Any) -> dict[str, Any]:
    return {"model": "served", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None} | choice]}


def test_a_stream_gives_text_usage_and_the_time_to_the_first_token(wire: Any) -> None:
    """The pieces are joined; the last event carries the usage."""
    usage = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}
    events = wire.stream(delta("Hel"), ": a comment", delta("lo"), delta(None, finish_reason="stop"), usage)
    reply, made = wire.ask(events.replace(b"data: : a comment", b": a comment"), stream=True)
    assert (reply.text, reply.finish_reason, reply.usage.tokens_in, reply.usage.tokens_out) == ("Hello", "stop", 5, 2)
    assert reply.first_token_s is not None
    assert made.server.bodies[0]["stream_options"] == {"include_usage": True}


def test_a_server_that_does_not_stream_is_read_all_the_same(wire: Any) -> None:
    """Then the time to the first token is unknown."""
    reply, _ = wire.ask(wire.http(wire.completion("whole")), stream=True)
    assert (reply.text, reply.first_token_s) == ("whole", None)


def test_hundreds_of_calls_may_be_in_flight(wire: Any) -> None:
    """No pool bounds the calls: as many requests are open at once as the limiter allows."""

    async def run() -> None:
        async with wire.bench([wire.hang], start=300) as made:
            calls = [asyncio.create_task(made.ask()) for _ in range(300)]
            await made.server.asked(300)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            assert made.limiter.in_flight == 0

    asyncio.run(run())


def test_any_httpx_transport_can_stand_in_for_the_network() -> None:
    """The client needs nothing of a transport but httpx's interface."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer key-1"
        return httpx.Response(200, json={"choices": [{"message": {"content": str(request.url)}}]})

    definition = ModelDefinition(model="m", base_url="https://example.test/v1", api_key="key-1", price=None)
    endpoint = Endpoint(
        definition, "/chat/completions", transport=lambda: httpx.MockTransport(answer), limiter=AdaptiveLimiter()
    )
    reply = asyncio.run(
        OpenAIChatModel(definition, endpoint=endpoint).complete(
            ChatRequest(messages=(Message(role="user", content="Hi"),))
        )
    )
    assert reply.text == "https://example.test/v1/chat/completions"


def test_text_that_json_cannot_hold_is_an_error_and_not_a_crash(wire: Any) -> None:
    """A lone surrogate in a prompt cannot be sent."""
    with pytest.raises(RefusedError, match="cannot be written as JSON"):
        wire.ask(wire.http(wire.completion()), text="\ud800")
