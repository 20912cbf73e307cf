"""What a chat model is to the rest of PEEL: one method, a request in, a reply out."""

from __future__ import annotations

from typing import Any, Literal, Protocol

from pydantic import Field

from peel.records import Attempt, Json, Mark, Record, Usage


class Message(Record):
    """One message. `content` is text, or the parts of an OpenAI-compatible message (text, image_url, input_audio)."""

    role: Literal["system", "user", "assistant", "developer", "tool"]
    content: str | tuple[dict[str, Json], ...]


class ChatRequest(Record):
    """One call. `parameters` are sampling parameters in the protocol's own names (temperature, max_tokens, seed, ...).

    `response_schema` is a JSON Schema the reply must follow, sent where the server supports it. `stream` asks for a
    streamed reply, so that the time to the first token is known.
    """

    messages: tuple[Message, ...]
    parameters: dict[str, Json] = Field(default_factory=dict)
    response_schema: dict[str, Any] | None = None
    stream: bool = False


class ChatReply(Record):
    """One reply. `marks` say whether the text is empty, truncated (by the token limit) or a refusal.

    Times are seconds: `latency_s` of the attempt that succeeded, `first_token_s` only when streamed.
    """

    text: str
    model: str
    finish_reason: str | None = None
    marks: tuple[Mark, ...] = ()
    usage: Usage = Usage()
    attempts: tuple[Attempt, ...] = ()
    latency_s: float = 0.0
    first_token_s: float | None = None
    logprobs: Json = None


class ChatModel(Protocol):
    """A language model that can be asked.

    `name` is the model's name as a report shows it. Raises peel.errors.ModelError when there is no usable reply.
    """

    @property
    def name(self) -> str: ...

    async def complete(self, request: ChatRequest) -> ChatReply: ...
