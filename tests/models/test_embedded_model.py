"""The real embedded model: started once, answering in parallel, structured, seeded, quiet, and stopped cleanly."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from peel.errors import RefusedError
from peel.models.chat import ChatModel, ChatReply, ChatRequest, Message
from peel.models.opening import Models
from peel.records import ModelDefinition

pytestmark = pytest.mark.embedded

EMBEDDED = ModelDefinition(model="embedded")


def request(text: str, *, schema: dict[str, Any] | None = None, stream: bool = False, **parameters: Any) -> ChatRequest:
    return ChatRequest(
        messages=(Message(role="user", content=text),),
        parameters={"max_tokens": 12} | parameters,
        response_schema=schema,
        stream=stream,
    )


@pytest.fixture(scope="module")
def asked() -> dict[str, Any]:
    """What one session with the model gave: the model is loaded once for all tests that only look."""

    async def session() -> dict[str, Any]:
        async with Models({"default": EMBEDDED, "judge": EMBEDDED}, root=Path(), environ={}) as models:
            return await _converse(models.chat("default"), models.chat("judge"))

    return asyncio.run(session())


async def _converse(default: ChatModel, judge: ChatModel) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    story = {"type": "object", "properties": {"story": {"type": "string"}}, "required": ["story"]}
    same, text = {"seed": 7, "temperature": 1.0}, "Name any word."
    together = [
        default.complete(request("Name a colour.")),
        judge.complete(request("Name a colour.")),
        default.complete(request("Is it so?", schema=schema, temperature=0, max_tokens=80)),
        default.complete(request("Name a colour.", stream=True)),
        default.complete(request("Tell a story of the sea.", schema=story, temperature=0, max_tokens=60)),
        *[default.complete(request(text, seed=seed, temperature=1.5)) for seed in (1, 2, 3)],
        *[default.complete(request(text, temperature=1.5)) for _ in range(3)],
    ]
    replies = await asyncio.gather(*together)
    return {
        "default": replies[0],
        "judge": replies[1],
        "structured": replies[2],
        "streamed": replies[3],
        "bounded": replies[4],
        "seeds": replies[5:8],
        "unseeded": replies[8:],
        "same": [await default.complete(request(text, **same)) for _ in range(2)],
        "long": await _fault(lambda: default.complete(request("hello there " * 4000))),
        "name": default.name,
    }


async def _fault(call: Callable[[], Awaitable[ChatReply]]) -> Exception | None:
    try:
        await call()
    except Exception as error:
        return error
    return None


def test_it_answers_for_nothing_and_names_itself_without_its_path(asked: dict[str, Any]) -> None:
    """The cost is known and zero; the file's folder is nobody's business."""
    reply = asked["default"]
    assert reply.text.strip()
    assert reply.model == asked["name"] == asked["judge"].model == "SmolLM2-135M-Instruct.Q4_1"
    assert (reply.usage.calls, reply.usage.cost_usd) == (1, 0.0)
    assert reply.usage.tokens_in > 0 and 0 < reply.usage.tokens_out <= 12


def test_it_follows_a_json_schema(asked: dict[str, Any]) -> None:
    """llama.cpp makes a grammar of it, so even a small model complies."""
    assert asked["structured"].attempts == ()
    assert isinstance(orjson.loads(asked["structured"].text)["ok"], bool)


def test_a_structured_reply_is_finished_within_its_tokens(asked: dict[str, Any]) -> None:
    """A small model rambles inside a string: the object is closed before `max_tokens` would cut it off."""
    reply = asked["bounded"]
    assert "truncated" not in reply.marks
    assert 0 < len(orjson.loads(reply.text)["story"]) <= 120


def test_it_streams(asked: dict[str, Any]) -> None:
    """The time to the first token is less than the whole."""
    streamed = asked["streamed"]
    assert 0 < streamed.first_token_s <= streamed.latency_s
    assert streamed.usage.tokens_out > 0


def test_a_seed_repeats_and_seeds_and_no_seed_differ(asked: dict[str, Any]) -> None:
    """Repetitions without a seed are drawn anew; nothing of one is used for another."""
    assert len({reply.text for reply in asked["same"]}) == 1
    assert len({reply.text for reply in asked["seeds"]}) > 1
    assert len({reply.text for reply in asked["unseeded"]}) > 1


def test_a_prompt_longer_than_the_context_is_refused_with_both_numbers(asked: dict[str, Any]) -> None:
    """Not cut off in silence."""
    assert isinstance(asked["long"], RefusedError)
    assert "exceeds the available context size (4096 tokens)" in str(asked["long"])


SCRIPT = """
import asyncio, sys
from pathlib import Path
from peel.models.chat import ChatRequest, Message
from peel.models.opening import Models
from peel.records import ModelDefinition

async def main():
    models = Models({"a": ModelDefinition(model="embedded")}, root=Path(), environ={})
    ask = lambda n: models.chat("a").complete(
        ChatRequest(messages=(Message(role="user", content="Tell a story"),), parameters={"max_tokens": n}))
    await ask(2)
    calls = [asyncio.ensure_future(ask(3000)) for _ in range(3)]
    await asyncio.sleep(0.2)
    print("in flight", flush=True)
    if sys.argv[1] == "leave":
        return
    try:
        await asyncio.gather(*calls)
    finally:
        await models.aclose()

asyncio.run(main())
"""


def test_the_interpreter_ends_although_nobody_closed_the_model() -> None:
    """With calls in flight, without a hang and without a crash."""
    command = [sys.executable, "-c", SCRIPT, "leave"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert (done.returncode, done.stdout) == (0, "in flight\n")
    assert "GGML" not in done.stderr and "llama" not in done.stderr


def test_ctrl_c_ends_cleanly_with_calls_in_flight() -> None:
    """The process ends by the interrupt, and not by a signal of a crash."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "wait"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "in flight\n"
    process.send_signal(signal.SIGINT)
    _, shown = process.communicate(timeout=100)
    assert process.returncode in (130, -signal.SIGINT)
    assert shown.strip().endswith("KeyboardInterrupt")
