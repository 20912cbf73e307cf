"""What holds for every request and answer, before any page sees them: names, sizes, and headers that bind browsers."""

from __future__ import annotations

import asyncio

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from peel.web.security.addresses import Address

LONGEST_BODY = 1_048_576
"""The largest body of a request, in bytes."""

LONGEST_BATCH = 8_388_608
"""The largest body of interactions or ratings, in bytes."""

_BATCHES = frozenset({"/api/interactions", "/api/ratings"})

BODY_WITHIN_S = 60.0
"""How long a body may take to come, in seconds."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Scripts and styles from files of PEEL only, none in a page; no request to anybody else."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not `no-referrer`: browsers would then hide the origin of our own forms, which changes are checked by.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
_HTTPS = {"strict-transport-security": "max-age=31536000"}


def headers_for(scheme: str) -> dict[str, str]:
    """The headers of every answer."""
    return {**HEADERS, **(_HTTPS if scheme == "https" else {})}


class Boundaries:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, *, address: Address, body_within_s: float = BODY_WITHIN_S) -> None:
        self._app = app
        self._address = address
        self._body_within_s = body_within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        answer = _with_headers(send, headers_for(scope["scheme"]))
        most = LONGEST_BATCH if scope["path"] in _BATCHES else LONGEST_BODY
        if not self._address.answers_to(headers.get("host", "")):
            named = headers.get("host", "")[:100]
            await _refuse(answer, 421, f"this server is not called {named!r}; `peel serve --name` tells it a name")
        elif _said_length(headers) > most:
            await _refuse(answer, 413, _too_large(most))
        else:
            await self._app(scope, _bounded(receive, most, within_s=self._body_within_s), answer)


def _too_large(most: int) -> str:
    return f"the request is larger than {most:,} bytes; send less at once"


def _said_length(headers: Headers) -> int:
    said = headers.get("content-length", "0")
    return int(said) if said.isascii() and said.isdecimal() else 0


def _bounded(receive: Receive, most: int, *, within_s: float) -> Receive:
    """Counts what comes, whatever was said of it, and waits for it no longer than for this many seconds in all."""
    got, until, is_whole = 0, asyncio.get_running_loop().time() + within_s, False

    async def counted() -> Message:
        nonlocal got, is_whole
        try:
            async with asyncio.timeout_at(None if is_whole else until):
                message = await receive()
        except TimeoutError as error:
            raise HTTPException(408, f"the request took longer than {within_s:g} s to come; send it again") from error
        got += len(message.get("body", b""))
        is_whole = not message.get("more_body", False)
        if got > most:
            raise HTTPException(413, _too_large(most))
        return message

    return counted


def _with_headers(send: Send, extra: dict[str, str]) -> Send:
    async def answered(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in extra.items():
                headers.setdefault(name, value)
        await send(message)

    return answered


async def _refuse(send: Send, status: int, sentence: str) -> None:
    body = orjson.dumps({"detail": sentence.encode(errors="replace").decode()})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
