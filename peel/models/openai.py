"""The chat client for any OpenAI-compatible server: vLLM, llama.cpp, Ollama, hosted ones.

Nothing is connected, and neither httpx nor aiohttp imported, before the first call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from peel.errors import PeelError, RefusedError
from peel.models.chat import ChatModel, ChatReply, ChatRequest
from peel.models.endpoint import Answer, Endpoint, address, headers
from peel.models.limiter import DEFAULT_CEILING, DEFAULT_START, AdaptiveLimiter
from peel.models.prices import Pricing
from peel.models.replies import Completion, read_stream, read_whole
from peel.models.shared import Shared
from peel.records import Attempt, Json, ModelDefinition, Usage

if TYPE_CHECKING:
    import httpx

_PATH = "/chat/completions"
_RESERVED: Mapping[str, str] = {
    "messages": "they are the prompt",
    "model": "the role names the model",
    "stream": "PEEL asks for a stream where a step wants the time to the first token",
    "stream_options": "PEEL asks for the usage itself",
}
_ABOUT_FORMAT = ("response_format", "json_schema", "json schema", "structured output", "guided", "grammar")


def open_chat_model(definition: ModelDefinition, *, shared: Shared) -> ChatModel:
    """The model that `definition` names on its server. Connections and limits come from `shared`.

    Raises PeelError where the definition cannot be used: no usable base_url, parameters that PEEL sets itself.
    """
    limiter = shared.get(_server(definition), lambda: limiter_for(definition))
    return OpenAIChatModel(definition, endpoint=open_endpoint(definition, shared=shared, limiter=limiter))


def open_endpoint(definition: ModelDefinition, *, shared: Shared, limiter: AdaptiveLimiter) -> Endpoint:
    """The chat completions of a server, over the connections that all models of a workspace share."""
    return Endpoint(definition, _PATH, transport=lambda: shared.get("http", open_transport), limiter=limiter)


def limiter_for(definition: ModelDefinition) -> AdaptiveLimiter:
    """A limiter as the definition asks for: `concurrency` is start and ceiling, the default adapts."""
    if definition.concurrency is not None:
        return AdaptiveLimiter(start=definition.concurrency, ceiling=definition.concurrency)
    return AdaptiveLimiter(start=DEFAULT_START, ceiling=DEFAULT_CEILING)


def open_transport() -> httpx.AsyncBaseTransport:
    """The one transport of a workspace; opened with the first call."""
    from peel.models.transport import AiohttpTransport

    return AiohttpTransport()


def _server(definition: ModelDefinition) -> tuple[str, str, str | None, int | None]:
    """Roles that agree in all of this draw on the same places."""
    return address(definition, _PATH), definition.model, definition.api_key, definition.concurrency


def check_parameters(parameters: Mapping[str, Json]) -> None:
    """Refuse parameters that cannot be passed on. Raises PeelError naming the first."""
    for name in parameters:
        if name in _RESERVED:
            raise PeelError(f"the parameter {name!r} cannot be set: {_RESERVED[name]}; leave it out")
    if parameters.get("n", 1) not in (1, None):
        raise PeelError("the parameter 'n' cannot be set: one call is one answer; use repetitions instead")
    extra = parameters.get("extra_body")
    if extra is not None and not isinstance(extra, dict):
        raise PeelError("the parameter 'extra_body' must be a mapping whose entries are added to the body of a call")
    if extra:
        check_parameters(extra)


class OpenAIChatModel:
    """A chat model behind an OpenAI-compatible endpoint. Safe to call concurrently."""

    def __init__(self, definition: ModelDefinition, *, endpoint: Endpoint, pricing: Pricing | None = None) -> None:
        headers(definition)
        check_parameters(definition.parameters)
        self._definition = definition
        self._defaults = _sent(definition.parameters)
        self._endpoint = endpoint
        self._pricing = pricing or Pricing(definition)
        self._refused_schemas: set[bytes] = set()

    def __repr__(self) -> str:
        return f"OpenAIChatModel({self.name!r} at {self._endpoint.label!r})"

    @property
    def name(self) -> str:
        """The model's name as the definition gives it."""
        return self._definition.model

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Ask once. Raises TransportError, RefusedError or ProtocolError."""
        self._pricing.prepare()
        body = self._body(request)
        schema = None if request.response_schema is None else orjson.dumps(request.response_schema)
        if schema is None or schema in self._refused_schemas:
            return await self._ask(body, stream=request.stream)
        try:
            return await self._ask(body | _response_format(request.response_schema), stream=request.stream)
        except RefusedError as error:
            if not _is_about_format(error):
                raise
            self._refused_schemas.add(schema)
            noted = Attempt(problem="the server does not take this response_format; asked without it", status=400)
            return await self._ask(body, stream=request.stream, before=(*error.attempts, noted))

    async def _ask(self, body: dict[str, Any], *, stream: bool, before: tuple[Attempt, ...] = ()) -> ChatReply:
        read: Callable[[httpx.Response], Awaitable[Completion]] = read_stream if stream else read_whole
        answer = await self._endpoint.post(body, read)
        return await self._reply(answer, before)

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._definition.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            **self._defaults,
        }
        if request.parameters:
            try:
                check_parameters(request.parameters)
            except PeelError as error:
                raise RefusedError(str(error)) from error
            body |= _sent(request.parameters)
            # null takes a default of the role away again.
            body = {name: value for name, value in body.items() if request.parameters.get(name, value) is not None}
        if request.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body

    async def _reply(self, answer: Answer[Completion], before: tuple[Attempt, ...]) -> ChatReply:
        found = answer.value
        return ChatReply(
            text=found.text,
            model=found.model or self.name,
            finish_reason=found.finish_reason,
            marks=found.marks,
            usage=Usage(
                calls=1,
                tokens_in=found.tokens_in,
                tokens_out=found.tokens_out,
                cost_usd=await self._pricing.cost(found.tokens_in, found.tokens_out, cached=found.tokens_cached),
            ),
            attempts=before + answer.attempts,
            latency_s=answer.latency_s,
            first_token_s=found.first_token_s,
            logprobs=found.logprobs,
        )


def _sent(parameters: Mapping[str, Json]) -> dict[str, Any]:
    """Parameters as they are sent: null means the server's default, `extra_body` is merged in, `n` is always 1."""
    sent = {name: value for name, value in parameters.items() if value is not None and name not in ("extra_body", "n")}
    extra = parameters.get("extra_body")
    return {**sent, **extra} if isinstance(extra, dict) else sent


def _response_format(schema: Any) -> dict[str, Any]:
    named = {"name": "reply", "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _is_about_format(error: RefusedError) -> bool:
    said = str(error).lower()
    return any(f"status {status}" in said for status in (400, 422)) and any(word in said for word in _ABOUT_FORMAT)
