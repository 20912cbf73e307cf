"""Reading what a server sends as the reply of a chat completion, whole or as a stream; nothing in it is trusted.

The protocol is OpenAI's chat completions, as vLLM, llama.cpp and Ollama speak it too. What it does not allow raises
ProtocolError with a sentence; an answer without text is marked as what it is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from peel.errors import ProtocolError
from peel.models.endpoint import LARGEST_REPLY, body_chunks, read_bounded
from peel.records import Json, Mark

if TYPE_CHECKING:
    import httpx

_LONGEST_SHOWN = 120
_LONGEST_NAME = 200
_LARGEST_EVENT = 1024 * 1024
_END_S = 0.05


@dataclass(slots=True)
class Completion:
    """The first choice of a reply. Token counts are None where the server does not tell them."""

    text: str
    model: str | None = None
    finish_reason: str | None = None
    refusal: bool = False
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    logprobs: Json = None
    first_token_s: float | None = None

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What the text is, so that it is not taken for a wrong answer."""
        marks: list[Mark] = []
        if not self.text.strip():
            marks.append("empty")
        if self.finish_reason == "length":
            marks.append("truncated")
        if self.refusal or self.finish_reason == "content_filter":
            marks.append("refused")
        return tuple(marks)


async def read_whole(response: httpx.Response) -> Completion:
    """A reply that is not streamed. Raises ProtocolError."""
    return parse_whole(await read_bounded(response))


def parse_whole(body: bytes) -> Completion:
    """The completion in the body of a reply. Raises ProtocolError."""
    reply = _object(body)
    choice = _choice(reply)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise ProtocolError(f"the reply's first choice has no message, but {_shown(message)}")
    refusal = _refusal(message)
    completion = Completion(
        text=_text(message, choice) or refusal or "",
        finish_reason=_finish_reason(choice),
        refusal=bool(refusal),
        logprobs=choice.get("logprobs"),
    )
    _add_frame(completion, reply)
    return completion


async def read_stream(response: httpx.Response) -> Completion:
    """A streamed reply; `first_token_s` counts from the call of this function. Raises ProtocolError.

    A server that does not stream although it was asked to is read as a whole reply.
    """
    started = time.perf_counter()
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        return await read_whole(response)
    stream = _Stream()
    size, rest = 0, b""
    chunks = body_chunks(response)
    async for chunk in chunks:
        size += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        if size > LARGEST_REPLY or len(rest) > _LARGEST_EVENT:
            raise ProtocolError(f"the stream is larger than {LARGEST_REPLY // 1_048_576} MiB, or an event than 1 MiB")
        for line in lines:
            stream.take(line, at=time.perf_counter() - started)
        if stream.done:
            await _end(chunks)
            break
    stream.take(rest, at=time.perf_counter() - started)
    return stream.completion()


async def _end(chunks: AsyncIterator[bytes]) -> None:
    """Read to the end of a stream that has said all, so that its connection can be used again; do not wait for it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_END_S):
            async for _ in chunks:
                pass


@dataclass(slots=True)
class _Stream:
    """The pieces of a streamed reply so far. Each event is one line `data: {...}`; the last is `data: [DONE]`."""

    found: Completion = field(default_factory=lambda: Completion(text=""))
    done: bool = False
    events: int = 0
    pieces: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    logprobs: list[Json] = field(default_factory=list)

    def take(self, line: bytes, *, at: float) -> None:
        """Read one line; comments, event names and blank lines carry nothing."""
        line = line.strip()
        if line.startswith(b"error:"):
            raise ProtocolError(f"the stream ended with an error: {_shown(line[6:].decode('utf-8', 'replace'))}")
        if self.done or not line.startswith(b"data:"):
            return
        data = line[5:].strip()
        if data == b"[DONE]":
            self.done = True
        elif data:
            self._event(_object(data), at)

    def _event(self, event: dict[str, Any], at: float) -> None:
        self.events += 1
        if event.get("error"):
            raise ProtocolError(f"the stream ended with an error: {_said(event['error'])}")
        _add_frame(self.found, event)
        # The event that carries the usage has no choices.
        if not event.get("choices"):
            return
        choice = _choice(event)
        delta = choice.get("delta")
        if isinstance(delta, dict):
            self._delta(delta, at)
        self.found.finish_reason = _finish_reason(choice) or self.found.finish_reason
        self._logprobs(choice.get("logprobs"))

    def _delta(self, delta: dict[str, Any], at: float) -> None:
        text, refusal = _content(delta.get("content")) or "", _refusal(delta)
        if self.found.first_token_s is None and (text or refusal or _reasoning(delta)):
            self.found.first_token_s = at
        self.pieces.append(text)
        self.refusals.append(refusal or "")

    def _logprobs(self, logprobs: Any) -> None:
        if isinstance(logprobs, dict) and isinstance(logprobs.get("content"), list):
            self.logprobs.extend(logprobs["content"])

    def completion(self) -> Completion:
        """The whole; a stream that ended before its end is an error."""
        if not self.events:
            raise ProtocolError("the stream ended without a single event")
        if self.found.finish_reason is None and not self.done:
            raise ProtocolError("the stream was cut off: it has neither a finish_reason nor [DONE]")
        refusal = "".join(self.refusals)
        self.found.text = "".join(self.pieces) or refusal
        self.found.refusal = bool(refusal)
        self.found.logprobs = {"content": self.logprobs} if self.logprobs else None
        return self.found


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        shown = _shown(body[: 4 * _LONGEST_SHOWN].decode("utf-8", "replace")) if body else "nothing"
        raise ProtocolError(f"the reply is not JSON ({error}); it begins with {shown}") from error
    if not isinstance(found, dict):
        raise ProtocolError(f"the reply is no JSON object, but {_shown(found)}")
    return found


def _choice(reply: dict[str, Any]) -> dict[str, Any]:
    choices = reply.get("choices")
    if not isinstance(choices, list) or not choices:
        said = f"; the server says: {_said(reply['error'])}" if reply.get("error") else ""
        raise ProtocolError(f"the reply has no choices{said}" if not choices else "the reply's choices are no list")
    if not isinstance(choices[0], dict):
        raise ProtocolError(f"the reply's first choice is no object, but {_shown(choices[0])}")
    return choices[0]


def _text(message: dict[str, Any], choice: dict[str, Any]) -> str | None:
    """The text of a message. None content is allowed only where something says why there is none."""
    text = _content(message.get("content"))
    if text is None and not (
        message.get("refusal")
        or message.get("tool_calls")
        or message.get("function_call")
        or _reasoning(message)
        or choice.get("finish_reason") in ("length", "content_filter")
    ):
        raise ProtocolError("the reply's message has no content, and nothing says why: no refusal, no tool calls")
    return text


def _content(content: Any) -> str | None:
    """Text, or the text parts of a list of parts."""
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise ProtocolError(f"the reply's content is neither text nor a list of parts, but {_shown(content)}")
    return "".join(_part(part) for part in content)


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        raise ProtocolError(f"the reply's content holds a part that is no object, but {_shown(part)}")
    text = part.get("text", "")
    if part.get("type") not in (None, "text", "output_text"):
        return ""
    if not isinstance(text, str):
        raise ProtocolError(f"the reply's content holds a text part whose text is {_shown(text)}")
    return text


def _refusal(message: dict[str, Any]) -> str | None:
    refusal = message.get("refusal")
    if refusal is not None and not isinstance(refusal, str):
        raise ProtocolError(f"the reply's refusal is no text, but {_shown(refusal)}")
    return refusal


def _reasoning(message: dict[str, Any]) -> bool:
    return bool(message.get("reasoning_content") or message.get("reasoning"))


def _finish_reason(choice: dict[str, Any]) -> str | None:
    reason = choice.get("finish_reason")
    if reason is not None and not isinstance(reason, str):
        raise ProtocolError(f"the reply's finish_reason is no text, but {_shown(reason)}")
    return reason[:_LONGEST_NAME] if reason else None


def _add_frame(completion: Completion, reply: dict[str, Any]) -> None:
    """The model's name and the token counts, where the server tells them in a readable form."""
    model = reply.get("model")
    if isinstance(model, str) and model:
        completion.model = model[:_LONGEST_NAME]
    usage = reply.get("usage")
    if not isinstance(usage, dict):
        return
    completion.tokens_in = _count(usage.get("prompt_tokens"))
    completion.tokens_out = _count(usage.get("completion_tokens"))
    details = usage.get("prompt_tokens_details")
    completion.tokens_cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _said(error: Any) -> str:
    return _shown(error.get("message", error) if isinstance(error, dict) else error)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    text = " ".join(text[: 4 * _LONGEST_SHOWN].split())
    return repr(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "...")
