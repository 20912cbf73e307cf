"""The step kind `http`: any data source that is asked over HTTP."""

from __future__ import annotations

import asyncio
import random
import re
from dataclasses import dataclass
from typing import Any, Literal, Self, cast

import httpx
import jsonpath
import orjson
from jsonpath.exceptions import JSONPathError
from pydantic import BaseModel, ConfigDict, Field, model_validator

from peel.compiling import CompileScope
from peel.errors import Incomplete, ProtocolError, StepError, TransportError
from peel.models.endpoint import read_bounded, retry_after
from peel.orchestrations.outputs import as_json
from peel.orchestrations.requests import refuse_prompt, request_entries, together
from peel.orchestrations.secrets import Secrets
from peel.orchestrations.step import StepCall, StepOutcome
from peel.records import Attempt, Json, StepDefinition
from peel.templates import Render, TemplateError, as_text

LARGEST_RESPONSE = 8 * 1024 * 1024
"""The most bytes of a response that are read."""

_LARGEST_FAULT = 64 * 1024
_LONGEST_EXCERPT = 300
_LONGEST_WAIT_S = 60.0
_FIRST_WAIT_S = 0.5
_RETRIED = frozenset({408, 409, 425, 429})
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")


class HttpRequest(BaseModel):
    """The keys of `request`. All but `method` are templates; at most one of `json`, `form` and `body` is given.

    Without `method` it is GET, and POST with something to send.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] | None = None
    url: str
    headers: dict[str, Json] = Field(default_factory=dict)
    query: dict[str, Json] = Field(default_factory=dict)
    json_: Json = Field(default=None, alias="json")
    form: dict[str, Json] | None = None
    body: Json = None

    @model_validator(mode="after")
    def _one_thing_to_send(self) -> Self:
        given = [key for key in ("json", "form", "body") if key in self.sent()]
        if len(given) > 1:
            raise ValueError(f"a request has one of json, form and body, not {' and '.join(given)}")
        return self

    def sent(self) -> dict[str, Json]:
        """What the definition gives, by the definition's names."""
        return self.model_dump(by_alias=True, exclude_unset=True, exclude={"method"})


class HttpParameters(BaseModel):
    """The keys of `parameters`: seconds for one attempt, retries of faults of transport, and what to take out."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    timeout_s: float = Field(default=120.0, gt=0)
    retries: int = Field(default=3, ge=0, le=20)
    extract: str | None = None


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    text: str
    is_json: bool
    location: str | None


class _Failure(Exception):
    """One attempt failed in transport; `asked_s` is the wait the server asked for."""

    def __init__(self, problem: str, *, status: int | None = None, asked_s: float | None = None) -> None:
        self.problem = problem
        self.status = status
        self.asked_s = asked_s
        super().__init__(problem)


class HttpStep:
    """Sends a request; the output is the response's JSON, else its text, or what `extract` finds in the JSON.

    An `extract` that can only ever find one value gives that value, any other a list of all it finds; finding nothing
    is an error. Redirects are not followed, so that a header with a secret goes only where the definition sends it.
    Faults of transport (connection, time-out, 408, 409, 425, 429, 5xx) are tried again, `retries` times.
    """

    Request = HttpRequest
    Parameters = HttpParameters

    timeout_s: float | None = None
    """Each attempt is bounded by the parameter `timeout_s`."""

    def __init__(
        self, method: str, request: Render, *, secrets: Secrets, parameters: HttpParameters, extract: Any
    ) -> None:
        self._method = method
        self._request = request
        self._secrets = secrets
        self._parameters = parameters
        self._extract = extract
        self._transport: httpx.AsyncBaseTransport | None = None

    @classmethod
    def compile(cls, definition: StepDefinition, scope: CompileScope) -> Self:
        refuse_prompt(definition, scope)
        secrets = Secrets()

        def parameters_and_extract() -> tuple[HttpParameters, Any]:
            parameters = scope.settings(HttpParameters, definition.parameters, ("parameters",))
            return parameters, _compiled(parameters.extract, scope)

        (method, render), (parameters, extract) = together(
            lambda: _compiled_request(definition, scope, secrets=secrets), parameters_and_extract
        )
        return cls(method, render, secrets=secrets, parameters=parameters, extract=extract)

    async def run(self, call: StepCall) -> StepOutcome:
        rendered = self._rendered(call)
        attempts: list[Attempt] = []
        try:
            response = await self._answered(rendered, attempts)
            call.so_far = StepOutcome(None, attempts=tuple(attempts), details={"status": response.status})
            output = self._output(response)
        except ProtocolError as error:
            raise StepError(str(error)) from error
        return StepOutcome(output, attempts=tuple(attempts), details={"status": response.status})

    async def aclose(self) -> None:
        """Close the connections."""
        if self._transport is not None:
            transport, self._transport = self._transport, None
            await transport.aclose()

    def _rendered(self, call: StepCall) -> httpx.Request:
        try:
            rendered = as_json(self._request(call.names), "the request")
        except TemplateError as error:
            raise StepError(str(self._secrets.shown(str(error)))) from error
        shown = self._secrets.shown(rendered)
        call.request = {"method": self._method, **cast(dict[str, Json], shown)}
        filled = self._secrets.filled(rendered)
        try:
            return _request(self._method, cast(dict[str, Any], filled))
        except (httpx.InvalidURL, TypeError, ValueError) as error:
            raise StepError(f"the request cannot be sent: {self._secrets.redacted(str(error))}") from error

    async def _answered(self, request: httpx.Request, attempts: list[Attempt]) -> _Response:
        """The first response that is no fault of transport; the failed attempts are added to `attempts`."""
        while True:
            try:
                return await self._attempt(request)
            except _Failure as failure:
                tried = len(attempts) + 1
                again = tried <= self._parameters.retries
                wait_s = _wait_s(tried, failure) if again else 0.0
                attempts.append(Attempt(problem=failure.problem, status=failure.status, waited_s=wait_s))
                if not again:
                    times = f"{tried} attempts" if tried > 1 else "1 attempt"
                    message = f"{_label(request)} gave no answer after {times}: {failure.problem}"
                    raise TransportError(message, attempts=attempts) from failure
                await asyncio.sleep(wait_s)

    async def _attempt(self, request: httpx.Request) -> _Response:
        try:
            async with asyncio.timeout(self._parameters.timeout_s):
                response = await self._opened().handle_async_request(request)
                try:
                    return await self._read(response)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise _Failure(f"no complete answer within {self._parameters.timeout_s:g} s") from error
        except httpx.TransportError as error:
            raise _Failure(self._excerpt(str(error)) or type(error).__name__) from error
        except httpx.DecodingError as error:
            raise StepError(f"{_label(request)} sent a body that is not encoded as it says: {error}") from error

    async def _read(self, response: httpx.Response) -> _Response:
        status = response.status_code
        if status < 300:
            data = await read_bounded(response, limit=LARGEST_RESPONSE)
        else:
            data = await read_bounded(response, limit=_LARGEST_FAULT, cut=True)
        text = self._secrets.redacted(_decoded(data, response.charset_encoding))
        if status >= 500 or status in _RETRIED:
            problem = f"status {status}: {self._excerpt(text)}".removesuffix(": ")
            raise _Failure(problem, status=status, asked_s=retry_after(response.headers))
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        is_json = media_type == "application/json" or media_type.endswith("+json")
        return _Response(status, text, is_json, response.headers.get("location"))

    def _opened(self) -> httpx.AsyncBaseTransport:
        if self._transport is None:
            # aiohttp is loaded when the first request is sent, not to check a definition.
            from peel.models.transport import AiohttpTransport

            self._transport = AiohttpTransport()
        return self._transport

    def _output(self, response: _Response) -> Json:
        if response.status >= 300:
            where = self._excerpt(response.location or "")
            hint = f" (redirected to {where}; name that address)" if where and response.status < 400 else ""
            excerpt = self._excerpt(response.text)
            raise StepError(f"the server answered {response.status}{hint}{': ' if excerpt else ''}{excerpt}")
        if not response.is_json and self._extract is None:
            return response.text
        try:
            value = orjson.loads(response.text)
        except orjson.JSONDecodeError as error:
            raise StepError(f"the response is not JSON ({error}): {self._excerpt(response.text)}") from error
        return value if self._extract is None else self._extracted(value)

    def _extracted(self, value: Any) -> Json:
        try:
            found = self._extract.findall(value)
        except JSONPathError as error:
            raise StepError(f"extract {self._parameters.extract!r} fails on the response: {error.args[0]}") from error
        if not found:
            excerpt = self._excerpt(as_text(value))
            raise StepError(f"extract {self._parameters.extract!r} finds nothing in the response: {excerpt}")
        return cast(Json, found[0] if self._extract.singular_query() else found)

    def _excerpt(self, text: str) -> str:
        text = " ".join(self._secrets.redacted(text[: 10 * _LONGEST_EXCERPT]).split())
        return text if len(text) <= _LONGEST_EXCERPT else f"{text[: _LONGEST_EXCERPT - 3]}..."


def _compiled_request(definition: StepDefinition, scope: CompileScope, *, secrets: Secrets) -> tuple[str, Render]:
    """The method, and what renders the rest, with marks where secrets belong."""
    request = scope.settings(HttpRequest, request_entries(definition, scope), ("request",))
    _check_url(request.url, scope)
    sent = request.sent()
    for key in ("url", "headers", "query"):
        if key in sent:
            sent[key] = secrets.mark(sent[key], ("request", key), scope)
    method = request.method or ("POST" if {"json", "form", "body"} & sent.keys() else "GET")
    return method, scope.template(sent, ("request",))


def _compiled(path: str | None, scope: CompileScope) -> Any:
    if path is None:
        return None
    try:
        # Strict is RFC 9535, so that a path means here what it means elsewhere.
        return jsonpath.compile(path, strict=True)
    except JSONPathError as error:
        reason = error.args[0] if error.args else "unreadable"  # str(error) fails for an empty path
        scope.problem(
            f"extract {path!r} is no JSONPath ({reason}); write one such as $.items[0].name", ("parameters", "extract")
        )
        raise Incomplete from error


def _check_url(url: str, scope: CompileScope) -> None:
    begins = url.split("{{")[0].split("${")[0]
    if begins and not "https://".startswith(begins) and not re.match(r"https?://", begins):
        scope.problem(f"the url {url[:80]!r} does not begin with http:// or https://", ("request", "url"))


def _request(method: str, given: dict[str, Any]) -> httpx.Request:
    """The request to send. Raises ValueError, TypeError or httpx.InvalidURL where none can be made of what is given."""
    url = httpx.URL(as_text(given["url"]))
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"the url is no http or https address: {str(url)[:80]!r}")
    if given.get("query"):
        url = url.copy_merge_params({key: _plain(value) for key, value in given["query"].items()})
    body = as_text(given["body"]).encode() if "body" in given else None
    return httpx.Request(
        method,
        url,
        headers=_headers(given.get("headers") or {}),
        json=given.get("json"),
        data={key: _plain(value) for key, value in given["form"].items()} if given.get("form") is not None else None,
        content=body,
    )


def _headers(given: dict[str, Any]) -> dict[str, str]:
    headers = {"accept-encoding": "identity", "user-agent": "peel"}
    headers |= {name.lower(): as_text(value).strip() for name, value in given.items()}
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"the header {name[:80]!r} holds characters that no header can hold")
    return headers


def _plain(value: Any) -> Any:
    """A value of a query or a form: text, numbers and truth values as they are, lists repeat the key, else JSON."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float) or value is None else as_text(value)


def _decoded(data: bytes, charset: str | None) -> str:
    try:
        return data.decode(charset or "utf-8", "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


def _label(request: httpx.Request) -> str:
    """The address as messages show it: without user, password, path and query, any of which may hold a secret."""
    port = f":{request.url.port}" if request.url.port else ""
    return f"{request.url.scheme}://{request.url.host}{port}"


def _wait_s(tried: int, failure: _Failure) -> float:
    if failure.asked_s is not None:
        return min(failure.asked_s, _LONGEST_WAIT_S)
    return min(_FIRST_WAIT_S * 2.0 ** (tried - 1), _LONGEST_WAIT_S) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
