"""Scoring: what waits for the visitor, and a session in which they score one output at a time.

A session's address tells neither run nor rater, and nothing that a session is given tells run, variant, case or what
anybody else said. The page's script shows the outputs, keeps what is not acknowledged yet, and sends it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from peel.errors import DefinitionError, UnknownRun
from peel.records import Json, ManualItem
from peel.records.manual import FACES, SLIDER, STARS, ManualProgress
from peel.reports.text import as_text, bounded, encodable, source_of, visible
from peel.runs.manual import LONGEST_COMMENT, Answer, ManualScoring
from peel.web.rendering import page
from peel.web.security.noting import note
from peel.web.security.visitors import Rater, Visitor
from peel.web.server import Server, server_of

router = APIRouter(include_in_schema=False)

LONGEST, LONGEST_PASSAGE, MOST_PASSAGES = 20_000, 5_000, 20
"""Characters of one text and of one passage, and passages, that are sent to a rater; the rest is counted."""

MOST_AT_ONCE = 10
"""How many outputs are sent at once."""

Name = Annotated[str, Query(max_length=100)]


@router.get("/scoring")
def queue(request: Request, visitor: Rater, before: Name | None = None) -> Response:
    """What waits for the visitor, over runs that are not told."""
    found = server_of(request).workspace.scoring_queue(rater=_name(visitor), before=before)
    return page(request, visitor, "scoring.html", found=found, before=before)


@router.get("/scoring/{session}")
def begin(request: Request, visitor: Rater, session: str) -> Response:
    """The page of a session. A run's id leads to the visitor's session on it, whose address does not tell the run."""
    workspace = server_of(request).workspace
    try:
        scoring = workspace.scoring_session(session, rater=_name(visitor))
    except UnknownRun:
        scoring = _of_run(request, visitor, session)
        return RedirectResponse(f"/scoring/{scoring.session}", status_code=303)
    scales = {"slider": SLIDER, "faces": FACES, "stars": STARS}
    progress = scoring.progress()
    return page(
        request,
        visitor,
        "scoring_session.html",
        session=session,
        progress=progress,
        scales=scales,
        longest_comment=LONGEST_COMMENT,
    )


@router.get("/scoring/{session}/outputs")
def outputs(
    request: Request,
    visitor: Rater,
    session: str,
    after: Name | None = None,
    before: Name | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_AT_ONCE)] = 5,
) -> dict[str, Any]:
    """The next open questions behind the question `after`, or the one `before` a question, answered or not."""
    scoring = _session(server_of(request), visitor, session)
    if before is not None:
        earlier = scoring.back(before)
        items = [] if earlier is None else [earlier]
    else:
        items = scoring.upcoming(after, limit=limit)
    return {"outputs": [_shown(item) for item in items], "progress": _progress(scoring.progress())}


@router.post("/scoring/{session}/scores")
def score(
    request: Request,
    visitor: Rater,
    session: str,
    id: Annotated[str, Form(max_length=100)],  # noqa: A002  # the field's name
    value: Annotated[float, Form()],
    submission: Annotated[str, Form(pattern="^[0-9a-zA-Z_-]{8,64}$")],
    comment: Annotated[str, Form(max_length=LONGEST_COMMENT)] = "",
) -> dict[str, Any]:
    """One answer. What is sent again under the same submission is stored once and acknowledged again."""
    scoring = _session(server_of(request), visitor, session)
    new = scoring.submit([Answer(id, value, comment, submission)])
    if new:
        note(request, visitor, "score", f"{scoring.run_id} {id}")
    return {"new": bool(new), "progress": _progress(scoring.progress())}


def _session(server: Server, visitor: Visitor, session: str) -> ManualScoring:
    return server.workspace.scoring_session(session, rater=_name(visitor))


def _of_run(request: Request, visitor: Visitor, run: str) -> ManualScoring:
    """A session by the run's id. Who may only score is told nothing of runs that ask nobody."""
    try:
        return server_of(request).workspace.scoring(run, rater=_name(visitor))
    except DefinitionError as error:
        raise HTTPException(404, str(error)) from None


def _name(visitor: Visitor) -> str:
    if visitor.name is None:
        raise HTTPException(401, "log in first")
    return visitor.name


def _progress(progress: ManualProgress) -> dict[str, Any]:
    return {"answered": progress.answered, "asked": progress.asked, "pace_s": progress.pace_s}


def _shown(item: ManualItem) -> dict[str, Any]:
    """A question as the page's script is given it: texts, and nothing else."""
    answer = None if item.answer is None else {"value": item.answer.value, "comment": item.answer.comment}
    passages = [
        {"name": _text(source_of(one.model_dump()), LONGEST_PASSAGE), "text": _text(one.text, LONGEST_PASSAGE)}
        for one in item.passages[:MOST_PASSAGES]
    ]
    return {
        "id": item.id,
        "question": _text(item.question, LONGEST),
        "scale": item.scale.name,
        "inputs": _values(item.inputs),
        "output": _text(as_text(item.output), LONGEST),
        "expected": _values(item.expected),
        "passages": passages,
        "answer": answer,
    }


def _values(values: Mapping[str, Json]) -> list[dict[str, str]]:
    return [{"name": _text(name, 200), "text": _text(as_text(value), LONGEST)} for name, value in values.items()]


def _text(text: str, limit: int) -> str:
    return encodable(visible(bounded(text, limit=limit)))
