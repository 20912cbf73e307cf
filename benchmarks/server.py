"""A loopback server that speaks the chat completions of the OpenAI protocol, fast enough not to be the bottleneck.

One process, one event loop, no framework: a request is cut out of the bytes that came, a reply made beforehand goes
back, at once or after a latency. The reply to a judge (a request with a `response_format`, or to the model `judge`) is
JSON with a reason and a score; every other reply is one fixed sentence.

    python benchmarks/server.py --port 8123 --latency-ms 50

prints its address as a line of JSON. `GET /stats` tells the calls, the bytes of their bodies, the most calls in flight
at once, and the CPU seconds of the process, so that what a call costs the server can be set beside what it costs the
client.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import signal
import time
from dataclasses import asdict, dataclass
from typing import cast

ANSWER = "Hold the reset button for 3 seconds until the power light blinks, then plug the router in at the new flat."
OPINION = json.dumps(
    {"reason": "It names the reset button and the 3 seconds, as the expected answer does.", "score": 0.8}
)

_END_OF_HEAD = b"\r\n\r\n"
_LARGEST_REQUEST = 16 * 1024 * 1024


@dataclass(slots=True)
class Stats:
    """What the server has seen since it started."""

    calls: int = 0
    body_bytes: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    cpu_s: float = 0.0

    def began(self, body: bytes) -> None:
        self.calls += 1
        self.body_bytes += len(body)
        self.in_flight += 1
        if self.in_flight > self.most_in_flight:
            self.most_in_flight = self.in_flight

    def as_json(self) -> bytes:
        self.cpu_s = time.process_time()
        return json.dumps(asdict(self)).encode()


def response(body: bytes, *, status: str = "200 OK") -> bytes:
    """A whole HTTP response with a JSON body."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def completion(text: str) -> bytes:
    """The response to a chat completion whose message is `text`."""
    return response(
        json.dumps(
            {
                "id": "chatcmpl-0",
                "object": "chat.completion",
                "created": 0,
                "model": "benchmark",
                "choices": [
                    {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"},
                ],
                "usage": {"prompt_tokens": 60, "completion_tokens": 25, "total_tokens": 85},
            }
        ).encode()
    )


class ChatServer(asyncio.Protocol):
    """One keep-alive connection. Its requests are answered in the order in which they came."""

    _answer = completion(ANSWER)
    _opinion = completion(OPINION)

    def __init__(self, stats: Stats, *, latency_s: float) -> None:
        self._stats = stats
        self._latency_s = latency_s
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._call_later = asyncio.get_running_loop().call_later

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(_END_OF_HEAD)) >= 0:
            length = _content_length(self._received[:end])
            whole = end + len(_END_OF_HEAD) + (length or 0)
            if length is None or whole > _LARGEST_REQUEST:
                self._transport.write(response(b"{}", status="411 Length Required"))
                self._transport.close()
                return
            if len(self._received) < whole:
                return
            request, self._received = self._received[:whole], self._received[whole:]
            self._serve(request, request[whole - length :] if length else b"")

    def _serve(self, request: bytes, body: bytes) -> None:
        if request.startswith(b"GET"):
            self._transport.write(response(self._stats.as_json()))
            return
        self._stats.began(body)
        reply = self._opinion if _is_for_judge(body) else self._answer
        if self._latency_s:
            self._call_later(self._latency_s, self._reply, reply)
        else:
            self._reply(reply)

    def _reply(self, reply: bytes) -> None:
        self._stats.in_flight -= 1
        self._transport.write(reply)


def _content_length(head: bytes) -> int | None:
    """The length of the body: 0 for a GET, None where a POST does not say it."""
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    return 0 if head.startswith(b"GET") else None


def _is_for_judge(body: bytes) -> bool:
    return b'"response_format"' in body or b'"model":"judge"' in body or b'"model": "judge"' in body


async def serve(port: int, *, latency_s: float) -> None:
    """Serve on loopback until SIGTERM or SIGINT; `port` 0 takes a free one."""
    loop, stats = asyncio.get_running_loop(), Stats()
    server = await loop.create_server(lambda: ChatServer(stats, latency_s=latency_s), "127.0.0.1", port, backlog=2048)
    chosen = server.sockets[0].getsockname()[1]
    print(json.dumps({"base_url": f"http://127.0.0.1:{chosen}/v1"}), flush=True)
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)
    await ended.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    given = parser.parse_args()
    # Nothing here makes reference cycles; the collector would only walk what lives for the whole time.
    gc.disable()
    asyncio.run(serve(given.port, latency_s=given.latency_ms / 1000))


if __name__ == "__main__":
    main()
