"""How every operation of the API answers: records as JSON whatever text is in them, and failures as `detail`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Body, HTTPException, Path, Query, Request
from fastapi.responses import Response
from pydantic import StringConstraints

from peel.records import Record
from peel.records.accounts import Role, Scope
from peel.reports.json import plain
from peel.web.security.visitors import Visitor

MOST_LISTED = 200
"""How many entries one answer lists at most."""

_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"

RunName = Annotated[
    str, Path(pattern=r"^[0-9A-Za-z_-]{1,64}$", description="A run's id, a unique beginning of one, or `last`.")
]
ScenarioName = Annotated[str, Path(min_length=1, max_length=100, description="The name of a scenario.")]
Limit = Annotated[int, Query(ge=1, le=MOST_LISTED, description="How many entries to list at most.")]
Word = Annotated[str, Query(min_length=1, max_length=400, pattern=_NO_CONTROLS)]
Number = Annotated[int, Path(ge=0, le=2**31 - 1)]
Seen = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Nothing = Annotated[dict[str, Any] | None, Body(max_length=0, description="Nothing, or an empty object.")]

_SENTENCES = {
    400: "The body is no JSON that can be read.",
    401: "Nobody is logged in, or the API token is unknown.",
    403: "The visitor's role, or the token's scope, does not cover this.",
    404: "There is no such thing.",
    408: "The body took too long to come.",
    409: "It is not as it was when this was asked, or it is under way already; nothing was changed.",
    413: "The body is too large.",
    415: "The body is not sent as `application/json`.",
    422: "Something that was sent is wrong; nothing was changed.",
    429: "Too much was handed in just now; the header `Retry-After` says when to go on.",
    503: "The store cannot be read or written just now.",
}
_ALWAYS, _CHANGING = (401, 403, 422, 503), (400, 413, 415)


class Failure(Record):
    """Why something failed, in a sentence."""

    detail: str


def reads(role: Role, *failing: int) -> dict[str, Any]:
    """What the description says of an operation that reads: who may, and what may fail."""
    return _described(role, (*_ALWAYS, *failing))


def changes(role: Scope, *failing: int) -> dict[str, Any]:
    """The same of one that is sent a body."""
    return _described(role, (*_ALWAYS, *_CHANGING, *failing))


def answer(value: Record, *, status: int = 200) -> Response:
    """A record as JSON: no NaN in it and no half of a pair of characters, wherever they came from."""
    return Response(encoded(value.model_dump()), status_code=status, media_type="application/json")


def encoded(value: Any) -> bytes:
    """Plain values as JSON."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def json_only(request: Request) -> None:
    """A dependency of the whole API: what is sent is JSON, whoever sends it. Raises HTTPException 415."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    has_body = "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"
    if kind != "application/json" and (kind or has_body):
        raise HTTPException(415, "the body is JSON here; send it as application/json")


def name_of(visitor: Visitor) -> str:
    """The name of a visitor who was let in."""
    if visitor.name is None:
        raise HTTPException(401, "log in first, or send an API token")
    return visitor.name


def _described(role: Scope, statuses: tuple[int, ...]) -> dict[str, Any]:
    responses: Mapping[int, Any] = {
        status: {"model": Failure, "description": _SENTENCES[status]} for status in sorted(statuses)
    }
    return {"openapi_extra": {"x-role": role}, "responses": dict(responses)}
