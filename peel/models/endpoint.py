"""One address of a model server: sends a body, tries again after faults of transport, never shows a secret.

Only faults of transport are tried again: a connection refused, reset or lost, a time-out, and the statuses 408, 409,
425, 429 and 5xx. What a server says with any other 4xx, or in an answer the protocol does not allow, is final.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar
from urllib.parse import urlsplit

import orjson

from peel.errors import PeelError, ProtocolError, RefusedError, TransportError
from peel.models.clock import Clock, LoopClock
from peel.models.limiter import AdaptiveLimiter
from peel.models.queueing import add_queued
from peel.records import Attempt, ModelDefinition

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

LARGEST_REPLY = 16 * 1024 * 1024
"""The most bytes of one reply that are read."""

_LARGEST_FAULT = 64 * 1024
_LONGEST_MESSAGE = 500
_RETRIED = frozenset({408, 409, 425})
_LONGEST_WAIT_S = 60.0
_SHORTEST_SECRET = 6


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one call is tried. `retries` counts faults of transport; `overload_s` bounds the seconds a call waits
    altogether for a server that says it is overloaded, `first_wait_s` the first wait, doubled with each retry."""

    timeout_s: float = 120.0
    retries: int = 5
    first_wait_s: float = 0.5
    overload_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What was read from the attempt that succeeded, its seconds, and the attempts that failed before it."""

    value: T
    latency_s: float
    attempts: tuple[Attempt, ...]


class _Failure(Exception):
    """One attempt failed in transport. `overload` is set where the server said that it is overloaded, `asked_s` where
    it said for how many seconds to stay away."""

    def __init__(self, attempt: Attempt, *, overload: bool = False, asked_s: float | None = None) -> None:
        self.attempt = attempt
        self.overload = overload
        self.asked_s = asked_s
        self.timed_out = False
        super().__init__(attempt.problem)


@dataclass(slots=True)
class _Call:
    """What has happened to one call so far."""

    attempts: list[Attempt] = field(default_factory=list)
    faults: int = 0
    overloaded_s: float = 0.0


class Endpoint:
    """POSTs JSON to one path of a server, within a limiter and with patience."""

    def __init__(
        self,
        definition: ModelDefinition,
        path: str,
        *,
        transport: Callable[[], httpx.AsyncBaseTransport],
        limiter: AdaptiveLimiter,
        clock: Clock | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.limiter = limiter
        self._definition = definition
        self._address = address(definition, path)
        self._open_transport = transport
        self._clock: Clock = clock or LoopClock()
        self._patience = patience or Patience(timeout_s=definition.timeout_s, retries=definition.retries)

    def __repr__(self) -> str:
        return f"Endpoint({self.label!r})"

    @property
    def label(self) -> str:
        """The address as messages show it: without user, password and query."""
        parts = urlsplit(self._address)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    async def post(self, content: Mapping[str, Any], read: Callable[[httpx.Response], Awaitable[T]]) -> Answer[T]:
        """Send `content` as JSON and give the successful response to `read`.

        Raises TransportError, RefusedError or ProtocolError, each with the attempts made.
        """
        try:
            body = orjson.dumps(content)
        except TypeError as error:
            raise RefusedError(f"the call cannot be written as JSON: {error}") from error
        call = _Call()
        while True:
            try:
                return await self._placed(body, read, call)
            except _Failure as failure:
                await self._wait(failure, call)
            except ProtocolError as error:
                raise ProtocolError(self.redact(str(error)), attempts=call.attempts) from error

    async def _placed(self, body: bytes, read: Callable[[httpx.Response], Awaitable[T]], call: _Call) -> Answer[T]:
        """One attempt, in a place of the limiter."""
        asked_at = self._clock.now()
        await self.limiter.acquire(again=bool(call.attempts))
        sent_at = self._clock.now()
        add_queued(sent_at - asked_at)
        try:
            value = await self._attempt(body, read, call)
            latency = self._clock.now() - sent_at
            self.limiter.completed(latency)
            return Answer(value, latency, tuple(call.attempts))
        except _Failure as failure:
            if failure.overload:
                failure.asked_s = self.limiter.overloaded(sent_at=sent_at, pause_s=failure.asked_s)
                call.overloaded_s += failure.asked_s
            elif failure.timed_out:
                self.limiter.overloaded(sent_at=sent_at, pause_s=0.0)
            raise
        finally:
            self.limiter.release()

    async def _attempt(self, body: bytes, read: Callable[[httpx.Response], Awaitable[T]], call: _Call) -> T:
        import httpx

        try:
            async with asyncio.timeout(self._patience.timeout_s):
                response = await self._transport.handle_async_request(self._request(body))
                try:
                    if response.status_code >= 300:
                        await self._refuse(response, call)
                    return await read(response)
                finally:
                    await response.stream.aclose()  # type: ignore[union-attr] # an async transport gives async streams
        except TimeoutError as error:
            problem = f"no complete answer within {self._patience.timeout_s:g} s"
            failure = _Failure(Attempt(problem=problem))
            # An overloaded server that says nothing is served fewer calls at once, too.
            failure.timed_out = True
            raise failure from error
        except httpx.TransportError as error:
            raise _Failure(Attempt(problem=self._bounded(str(error) or type(error).__name__))) from error

    async def _refuse(self, response: httpx.Response, call: _Call) -> NoReturn:
        """Say what a status that is no success means."""
        status = response.status_code
        message, code = _fault(await read_bounded(response, limit=_LARGEST_FAULT, cut=True))
        if status < 400:
            message = f"it redirects to {response.headers.get('location', 'nowhere')}; write that address as base_url"
        problem = self._bounded(f"status {status}: {message}" if message else f"status {status}")
        # A quota that is used up is answered with 429, but no waiting brings it back.
        if code != "insufficient_quota" and (status >= 500 or status == 429 or status in _RETRIED):
            asked = retry_after(response.headers)
            overload = status in (429, 529) or (status == 503 and asked is not None)
            raise _Failure(Attempt(problem=problem, status=status), overload=overload, asked_s=asked)
        raise RefusedError(f"{self.label} refused the call with {problem}", attempts=call.attempts)

    async def _wait(self, failure: _Failure, call: _Call) -> None:
        """Wait before the next attempt, or give up."""
        if failure.overload:
            # The limiter holds this call back with all others: nothing more to wait for here.
            call.attempts.append(failure.attempt.model_copy(update={"waited_s": failure.asked_s or 0.0}))
            if call.overloaded_s > self._patience.overload_s:
                self._give_up(failure, call, after=f"{self._patience.overload_s:g} s of waiting for the server")
            return
        call.faults += 1
        if call.faults > self._patience.retries:
            call.attempts.append(failure.attempt)
            self._give_up(failure, call, after=f"{call.faults} attempts" if call.faults > 1 else "1 attempt")
        wait = self._backoff(call.faults) if failure.asked_s is None else min(failure.asked_s, _LONGEST_WAIT_S)
        call.attempts.append(failure.attempt.model_copy(update={"waited_s": wait}))
        await self._clock.sleep(wait)

    def _give_up(self, failure: _Failure, call: _Call, *, after: str) -> NoReturn:
        problem = failure.attempt.problem
        raise TransportError(f"{self.label} gave no answer after {after}: {problem}", attempts=call.attempts)

    def _backoff(self, fault: int) -> float:
        doubled = self._patience.first_wait_s * 2.0 ** min(fault - 1, 10)
        return min(_LONGEST_WAIT_S, doubled) * random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries, no secret

    def redact(self, text: str) -> str:
        """The text without the key and the headers of the definition, which servers like to echo."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _bounded(self, text: str) -> str:
        text = self.redact(" ".join(text.split()))
        return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 3] + "..."

    @cached_property
    def _secrets(self) -> tuple[str, ...]:
        parts = urlsplit(self._address)
        held = [self._definition.api_key, parts.password, *self._definition.headers.values()]
        held += [text.split()[-1] for text in held if text and text.strip()] + re.findall(r"=([^&]+)", parts.query)
        return tuple(sorted({text for text in held if text and len(text) >= _SHORTEST_SECRET}, key=len, reverse=True))

    @cached_property
    def _transport(self) -> httpx.AsyncBaseTransport:
        return self._open_transport()

    @cached_property
    def _request_parts(self) -> tuple[httpx.URL, httpx.Headers]:
        import httpx

        return httpx.URL(self._address), httpx.Headers(headers(self._definition))

    def _request(self, body: bytes) -> httpx.Request:
        import httpx

        url, prepared = self._request_parts
        # A ready stream spares httpx's preparation, which costs more than the rest of a request together.
        return httpx.Request("POST", url, headers=prepared, stream=httpx.ByteStream(body))


def address(definition: ModelDefinition, path: str) -> str:
    """The full address for a path such as `/chat/completions`: below `base_url` as given, or below its `/v1` where it
    has no path. A query of `base_url` is kept.

    Raises PeelError where `base_url` is missing or not an http address.
    """
    if not definition.base_url:
        raise PeelError(f"the model {definition.model!r} needs base_url, such as http://localhost:8000/v1")
    try:
        parts = urlsplit(definition.base_url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise PeelError(
            f"the base_url of the model {definition.model!r} is no http or https address; "
            "write one such as http://localhost:8000/v1"
        )
    below = parts.path.rstrip("/") or "/v1"
    return parts._replace(path=below + path, fragment="").geturl()


def headers(definition: ModelDefinition) -> dict[str, str]:
    """The headers of every call; those of the definition override.

    Raises PeelError where one cannot be a header, without showing its value.
    """
    found = {"content-type": "application/json", "accept-encoding": "identity", "user-agent": "peel"}
    if definition.api_key:
        found["authorization"] = f"Bearer {definition.api_key.strip()}"
    found |= {name.lower(): value for name, value in definition.headers.items()}
    for name, value in found.items():
        if not re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", name) or not re.fullmatch(r"[\t\x20-\x7e]*", value):
            what = "api_key" if name == "authorization" and definition.api_key else f"header {name!r}"
            raise PeelError(f"the {what} of the model {definition.model!r} holds characters that no header can hold")
    return found


def body_chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it comes, decompressed where the server compressed it although it was asked not to."""
    if "content-encoding" in response.headers:
        return response.aiter_bytes()
    return aiter(response.stream)  # type: ignore[arg-type] # an async transport gives async streams


async def read_bounded(response: httpx.Response, *, limit: int = LARGEST_REPLY, cut: bool = False) -> bytes:
    """The body, at most `limit` bytes. A longer one raises ProtocolError, or is cut where `cut` says so."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in body_chunks(response):
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            if cut:
                break
            raise ProtocolError(f"the reply is larger than {limit // 1_048_576} MiB; it was not read to its end")
    return b"".join(chunks)[:limit]


def retry_after(given: Mapping[str, str]) -> float | None:
    """Seconds of a `Retry-After` header, a number or an HTTP date (RFC 9110, 10.2.3); None without a readable one."""
    value = given.get("retry-after", "").strip()
    if not value:
        return None
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _fault(body: bytes) -> tuple[str, str | None]:
    """The message and the code in the body of an error: OpenAI's form, FastAPI's, or plain text."""
    try:
        found: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace"), None
    inner = found.get("error", found) if isinstance(found, dict) else found
    if not isinstance(inner, dict):
        return str(inner), None
    message = inner.get("message") or inner.get("detail") or inner
    code = inner.get("code")
    return str(message), code if isinstance(code, str) else None
