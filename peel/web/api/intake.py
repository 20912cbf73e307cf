"""Interactions and ratings come in: one as JSON, or many as JSON Lines.

What is answered with 202 is on the disk. Requests that arrive at once are stored together (`feedback/gathering.py`).
Nothing of it goes into the audit log, which is of what people and programs change; each entry keeps when it arrived.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import orjson
from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import Field
from pydantic.json_schema import models_json_schema

from peel.errors import FeedbackError
from peel.feedback.entries import interaction_of, rating_of
from peel.feedback.intake import Feedback
from peel.records import Record
from peel.records.base import Json
from peel.records.feedback import (
    LARGEST,
    LONGEST_COMMENT,
    LONGEST_ID,
    LONGEST_LABEL,
    MOST_PARTS,
    Added,
    Interaction,
    Rating,
)
from peel.web.api.answering import Failure, answer, changes, encoded
from peel.web.security.boundaries import LONGEST_BATCH
from peel.web.security.changes import JSON_LINES
from peel.web.security.throttle import Throttle, network_of
from peel.web.security.visitors import Ingest, RatingSender, Visitor
from peel.web.server import server_of

router = APIRouter(prefix="/api", tags=["production"])

MOST_LINES = 10_000
"""How many lines a batch may have."""

MOST_TOLD = 100
"""Of how many wrong lines of a batch the reasons are told."""

LONGEST_OF_PAGES = 65_536
"""The largest body that is taken from a page, in bytes."""

_SMALL = 32_768
"""What is checked at once, in bytes; more is checked in a thread, so that others do not wait for it."""

_Entry = TypeVar("_Entry", Interaction, Rating)


class SentMessage(Record):
    """One message of a conversation; further keys stay as they are."""

    role: str = Field(min_length=1, max_length=LONGEST_LABEL)
    content: Json = None


class SentStep(Record):
    """One step of the application. `latency_s` is in seconds."""

    step: str = Field(min_length=1, max_length=LONGEST_LABEL)
    request: Json = None
    output: Json = None
    latency_s: float | None = Field(default=None, ge=0)


class SentInteraction(Record):
    """One real use. `id` is the same whenever it is sent; either `input` or `messages` has to be there. `at`: seconds
    since 1970, or text as in ISO 8601."""

    id: str = Field(min_length=1, max_length=LONGEST_ID)
    at: float | str | None = None
    input: str | None = Field(default=None, max_length=LARGEST)
    messages: list[SentMessage] | None = Field(default=None, min_length=1, max_length=MOST_PARTS)
    output: Json = None
    steps: list[SentStep] | None = Field(default=None, max_length=MOST_PARTS)
    scenario: str | None = Field(default=None, max_length=LONGEST_LABEL)
    variant: str | None = Field(default=None, max_length=LONGEST_LABEL)
    app_version: str | None = Field(default=None, max_length=LONGEST_LABEL)
    channel: str | None = Field(default=None, max_length=LONGEST_LABEL)
    language: str | None = Field(default=None, max_length=LONGEST_LABEL)
    user: str | None = Field(default=None, max_length=LONGEST_ID)
    metadata: dict[str, Json] | None = None


class SentRating(Record):
    """What a user said of an interaction, which may come later: one of `stars` (1 to 5), `slider` (0 to 1), `smiley`
    (sad, neutral, happy), `thumbs` (up, down). `id` tells it from others; derived from what it says where left out."""

    interaction: str = Field(min_length=1, max_length=LONGEST_ID)
    stars: int | None = Field(default=None, ge=1, le=5)
    slider: float | None = Field(default=None, ge=0, le=1)
    smiley: str | None = None
    thumbs: str | None = None
    comment: str | None = Field(default=None, max_length=LONGEST_COMMENT)
    at: float | str | None = None
    id: str | None = Field(default=None, max_length=LONGEST_ID)


class WrongLine(Record):
    """A line of a batch, counted from 1, that was not taken, and why."""

    line: int
    reason: str


class Taken(Record):
    """What became of what was handed in: `new`, `changed` (it replaced what was there), `same` (it was there already).
    `wrong` counts the lines of a batch that were not taken; `rejected` are the first 100 of them."""

    new: int
    changed: int
    same: int
    wrong: int = 0
    rejected: tuple[WrongLine, ...] = ()


class Refused(Failure):
    """Nothing was taken; of a batch with the lines and why."""

    new: int = 0
    changed: int = 0
    same: int = 0
    wrong: int = 0
    rejected: tuple[WrongLine, ...] = ()


def schemas() -> dict[str, Any]:
    """The schemas of what is sent, by name, for the description: bodies are read here and not by the framework."""
    sent = [(SentInteraction, "validation"), (SentRating, "validation")]
    _, made = models_json_schema(sent, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]  # a list of pairs is one of such pairs
    found: dict[str, Any] = made["$defs"]
    return found


def _takes(sent: type[Record]) -> dict[str, Any]:
    """What the description says of an operation that takes entries in."""
    made = changes("ingest", 408, 429)
    kinds: dict[str, Any] = {kind: {"schema": {"type": "string"}} for kind in JSON_LINES}
    kinds["application/json"] = {"schema": {"$ref": f"#/components/schemas/{sent.__name__}"}}
    made["openapi_extra"]["requestBody"] = {"required": True, "content": dict(sorted(kinds.items()))}
    made["responses"][422] = {"model": Refused, "description": "What was sent is wrong; nothing was taken."}
    return {**made, "status_code": 202, "response_model": Taken}


@router.post("/interactions", **_takes(SentInteraction))
async def add_interactions(request: Request, visitor: Ingest) -> Response:
    """Hand an interaction in, or one a line as `application/x-ndjson`. 202: it is on the disk, and sending it again
    changes nothing. Of a batch what is right is taken, and what is not is told by its line."""

    def read(feedback: Feedback, sent: Mapping[str, Any]) -> Interaction:
        return feedback.redacted(interaction_of(sent))

    return await _Intake(request, visitor).take(read, lambda read: (read, ()))


@router.post("/ratings", **_takes(SentRating))
async def add_ratings(request: Request, visitor: RatingSender) -> Response:
    """Hand a rating in, or one a line as `application/x-ndjson`; its interaction may come later. Of ratings that differ
    all are kept, and the last counts. Pages whose origin `peel.yaml` allows need no token."""
    return await _Intake(request, visitor).take(lambda _, sent: rating_of(sent), lambda read: ((), read))


@dataclass(slots=True)
class _Read(Generic[_Entry]):
    """What stands in a body."""

    entries: list[_Entry] = field(default_factory=list)
    wrong: int = 0
    rejected: list[WrongLine] = field(default_factory=list)

    def refuse(self, line: int, reason: str) -> None:
        self.wrong += 1
        if len(self.rejected) < MOST_TOLD:
            self.rejected.append(WrongLine(line=line, reason=reason))


class _Intake:
    """One request that hands something in."""

    def __init__(self, request: Request, visitor: Visitor) -> None:
        self._request = request
        self._taking = server_of(request).taking
        is_page = visitor.via == "widget"
        self._throttle: Throttle = self._taking.of_pages if is_page else self._taking.of_users
        self._name = network_of(visitor.address) if is_page else visitor.name or ""
        self._longest = LONGEST_OF_PAGES if is_page else LONGEST_BATCH

    async def take(
        self,
        read: Callable[[Feedback, Any], _Entry],
        sort: Callable[[list[_Entry]], tuple[Any, Any]],
    ) -> Response:
        """Read and store what was sent; `read` checks one entry, `sort` tells interactions from ratings."""
        is_batch = _is_batch(self._request)
        self._throttle.check(self._name)
        body = await self._body()
        count = _lines(body) if is_batch else 1
        self._check_count(count)
        self._throttle.take(self._name, count)
        reading = _read_batch if is_batch else _read_one
        if len(body) <= _SMALL:
            found = reading(body, self._taking.feedback, read)
        else:
            found = await run_in_threadpool(reading, body, self._taking.feedback, read)
        if not found.entries:
            return _refused(found)
        stored = self._taking.gathering.add(*sort(found.entries), size=len(body))
        return _taken(await asyncio.wrap_future(stored), found)

    async def _body(self) -> bytes:
        parts, size = [], 0
        async for part in self._request.stream():
            size += len(part)
            if size > self._longest:
                raise HTTPException(413, f"the body is larger than {self._longest:,} bytes; send less at once")
            parts.append(part)
        return b"".join(parts)

    def _check_count(self, count: int) -> None:
        most = min(MOST_LINES, self._throttle.per_minute)
        if count > most:
            raise HTTPException(413, f"the batch has {count:,} lines; send at most {most:,} at once")


def _is_batch(request: Request) -> bool:
    """Whether JSON Lines are sent. Raises HTTPException 415 for anything but them and JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415, "the body is compressed, which is not taken here; send it as it is")
    if kind != "application/json" and kind not in JSON_LINES:
        raise HTTPException(415, "send one entry as application/json, or one a line as application/x-ndjson")
    return kind in JSON_LINES


def _lines(body: bytes) -> int:
    return body.count(b"\n") + (not body.endswith(b"\n") and bool(body))


def _read_one(body: bytes, feedback: Feedback, read: Callable[[Feedback, Any], _Entry]) -> _Read[_Entry]:
    """The one entry. Raises HTTPException 400 where it is no JSON, FeedbackError where it is wrong."""
    try:
        sent = orjson.loads(body)
    except ValueError as error:
        raise HTTPException(400, f"the body is no JSON that can be read: {error}") from error
    return _Read([read(feedback, sent)])


def _read_batch(body: bytes, feedback: Feedback, read: Callable[[Feedback, Any], _Entry]) -> _Read[_Entry]:
    found: _Read[_Entry] = _Read()
    for number, line in enumerate(body.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            found.entries.append(read(feedback, orjson.loads(line)))
        except FeedbackError as error:
            found.refuse(number, str(error))
        except ValueError as error:
            found.refuse(number, f"it is no JSON: {error}")
    return found


def _taken(added: Added, found: _Read[Any]) -> Response:
    return answer(
        Taken(
            new=added.new_interactions + added.new_ratings,
            changed=added.changed_interactions,
            same=added.same_interactions + added.same_ratings,
            wrong=found.wrong,
            rejected=tuple(found.rejected),
        ),
        status=202,
    )


def _refused(found: _Read[Any]) -> Response:
    """Nothing in a batch was right."""
    if found.wrong:
        first = found.rejected[0]
        detail = f"no line of the batch can be taken; line {first.line}: {first.reason}"
    else:
        detail = "the batch is empty; send one entry a line"
    refused = Refused(detail=detail, wrong=found.wrong, rejected=tuple(found.rejected))
    return Response(encoded(refused.model_dump()), status_code=422, media_type="application/json")
