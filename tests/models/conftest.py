"""A loopback server whose answers a test writes byte by byte, a fast clock, and the client in front of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from peel.models.chat import ChatReply, ChatRequest, Message
from peel.models.endpoint import Endpoint, Patience
from peel.models.limiter import AdaptiveLimiter
from peel.models.openai import OpenAIChatModel
from peel.models.transport import AiohttpTransport
from peel.records import ModelDefinition

HANG = b""
"""An answer that never comes."""


def http(body: bytes | str | dict[str, Any], *, status: int = 200, headers: str = "") -> bytes:
    """A whole HTTP answer with a body of JSON, text or bytes."""
    content = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n{headers}\r\n"
    return head.encode() + content


def completion(content: Any = "hello", **changes: Any) -> dict[str, Any]:
    """The body of a usual reply; `changes` go into its first choice."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return {
        "model": "served",
        "choices": [choice | changes],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
    }


def stream(*events: dict[str, Any] | str, done: bool = True) -> bytes:
    """A streamed answer whose end the closing connection tells."""
    lines = [f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n" for event in events]
    lines += ["data: [DONE]\n\n"] if done else []
    return ("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + "".join(lines)).encode()


class FastClock:
    """A thousand times as fast as real time; remembers what was slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        """Fast seconds."""
        return asyncio.get_running_loop().time() * 1000

    async def sleep(self, seconds: float) -> None:
        """Wait a thousandth."""
        self.slept.append(seconds)
        await asyncio.sleep(seconds / 1000)

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call after a thousandth."""
        asyncio.get_running_loop().call_later(seconds / 1000, call)


@dataclass
class Loopback:
    """Answers the n-th request with the n-th answer, the last one over and over; keeps what was asked."""

    answers: list[bytes]
    port: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    come: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def asked(self, times: int) -> None:
        """Wait until so many requests have come."""
        async with self.come:
            await self.come.wait_for(lambda: len(self.bodies) >= times)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(head.lower().split("content-length:")[1].split("\r\n")[0])
                body = await reader.readexactly(length)
                self.heads.append(head)
                self.bodies.append(json.loads(body))
                async with self.come:
                    self.come.notify_all()
                answer = self.answers[min(len(self.bodies), len(self.answers)) - 1]
                if answer == HANG:
                    await asyncio.Event().wait()
                if not await self._send(answer, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _send(self, answer: bytes, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection is still of use: a cut-off answer and a stream end with it."""
        head = answer[: answer.find(b"\r\n\r\n") + 4]
        for start in range(0, len(answer), 65536):
            writer.write(answer[start : start + 65536])
            await writer.drain()
        return f"Content-Length: {len(answer) - len(head)}\r\n".encode() in head


@dataclass
class Bench:
    """A client and the server it asks."""

    server: Loopback
    model: OpenAIChatModel
    clock: FastClock
    limiter: AdaptiveLimiter

    async def ask(self, text: str = "Hi", **request: Any) -> ChatReply:
        """Ask one question."""
        return await self.model.complete(ChatRequest(messages=(Message(role="user", content=text),), **request))


@asynccontextmanager
async def bench(
    answers: list[bytes], *, patience: Patience | None = None, start: int = 32, **definition: Any
) -> AsyncIterator[Bench]:
    """A loopback server with these answers and a client for it."""
    server = Loopback(answers)
    serving = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=1000)
    server.port = serving.sockets[0].getsockname()[1]
    clock, transport = FastClock(), AiohttpTransport()
    limiter = AdaptiveLimiter(start=start, clock=clock)
    written = {"model": "m", "base_url": f"http://127.0.0.1:{server.port}/v1", "retries": 2} | definition
    written["base_url"] = written["base_url"].replace("PORT", str(server.port))
    opened = ModelDefinition(**written)
    endpoint = Endpoint(
        opened, "/chat/completions", transport=lambda: transport, limiter=limiter, clock=clock, patience=patience
    )
    try:
        yield Bench(server, OpenAIChatModel(opened, endpoint=endpoint), clock, limiter)
    finally:
        await transport.aclose()
        serving.close()
        await asyncio.sleep(0)


def ask(*answers: bytes, patience: Patience | None = None, **request: Any) -> tuple[ChatReply, Bench]:
    """Ask a server with these answers once; give the reply, and the bench to look at."""
    given = request.pop("definition", {})

    async def run() -> tuple[ChatReply, Bench]:
        async with bench(list(answers), patience=patience, **given) as made:
            return await made.ask(**request), made

    return asyncio.run(run())


@dataclass(frozen=True)
class Wire:
    """What a test of the protocol works with."""

    ask: Any = staticmethod(ask)
    bench: Any = staticmethod(bench)
    completion: Any = staticmethod(completion)
    http: Any = staticmethod(http)
    stream: Any = staticmethod(stream)
    clock: Any = FastClock
    hang: bytes = HANG


@pytest.fixture
def wire() -> Wire:
    """A loopback server, answers for it, and a client in front of it."""
    return Wire()
