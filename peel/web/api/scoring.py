"""People's scores: what waits for the visitor, one question after the other, and their answers.

As on the pages, a session stands for a run that the rater is not told.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field

from peel.errors import DefinitionError
from peel.records import ManualItem, Record
from peel.records.manual import ScoringQueue, ScoringStep, Submitted
from peel.runs.manual import LONGEST_COMMENT, Answer, ManualScoring
from peel.web.api.answering import RunName, answer, changes, name_of, reads
from peel.web.security.noting import note
from peel.web.security.visitors import Rater, Visitor
from peel.web.server import server_of

router = APIRouter(prefix="/api", tags=["scoring"])

_NAME = r"^[0-9a-f]{20}$"
Session = Annotated[str, Path(pattern=_NAME, description="A session, as /api/scoring lists it.")]
Item = Annotated[str, Path(pattern=_NAME, description="The id of a question.")]
AfterItem = Annotated[str, Query(pattern=_NAME, description="The question to go on behind.")]
BehindSession = Annotated[str, Query(pattern=_NAME, description="The session to go on behind.")]


class GivenScore(Record):
    """An answer. `submission` is a name that the sender makes up for it: what is sent twice is stored once."""

    value: float = Field(ge=0.0, le=1.0, allow_inf_nan=False)
    comment: str = Field(default="", max_length=LONGEST_COMMENT)
    submission: str = Field(pattern=r"^[0-9A-Za-z_-]{8,64}$")


@router.get("/scoring", response_model=ScoringQueue, **reads("rater", 404))
def list_waiting(request: Request, visitor: Rater, before: BehindSession | None = None) -> Response:
    """What waits for the visitor. Go on with `before`, the last answer's `next`."""
    return answer(server_of(request).workspace.scoring_queue(rater=name_of(visitor), before=before))


@router.get("/runs/{run}/scoring", response_model=ScoringStep, **reads("rater", 404))
def open_session(request: Request, visitor: Rater, run: RunName) -> Response:
    """The visitor's session on a run that they know; 422 where it asks people nothing."""
    return _step(server_of(request).workspace.scoring(run, rater=name_of(visitor)), None)


@router.get("/scoring/{session}/next", response_model=ScoringStep, **reads("rater", 404))
def next_item(request: Request, visitor: Rater, session: Session, after: AfterItem | None = None) -> Response:
    """The first open question, or the first behind another one; `item` is null where none is open."""
    scoring = _scoring(request, visitor, session, item=after)
    return _step(scoring, scoring.next(after))


@router.get("/scoring/{session}/items/{item}", response_model=ScoringStep, **reads("rater", 404))
def read_item(request: Request, visitor: Rater, session: Session, item: Item) -> Response:
    """One question, answered or not."""
    scoring = _scoring(request, visitor, session, item=item)
    return _step(scoring, scoring.item(item))


@router.get("/scoring/{session}/items/{item}/before", response_model=ScoringStep, **reads("rater", 404))
def item_before(request: Request, visitor: Rater, session: Session, item: Item) -> Response:
    """The question before another one, answered or not; `item` is null before the first."""
    scoring = _scoring(request, visitor, session, item=item)
    return _step(scoring, scoring.back(item))


@router.post("/scoring/{session}/items/{item}", response_model=Submitted, **changes("rater", 404))
def submit(request: Request, visitor: Rater, session: Session, item: Item, given: GivenScore) -> Response:
    """Answer a question; a later answer counts instead of an earlier one, which is kept."""
    scoring = _scoring(request, visitor, session, item=item)
    new = scoring.submit([Answer(item, given.value, given.comment, given.submission)])
    if new:
        note(request, visitor, "score", f"{scoring.run_id} {item}")
    return answer(Submitted(new=bool(new), progress=scoring.progress()))


def _scoring(request: Request, visitor: Visitor, session: str, *, item: str | None) -> ManualScoring:
    """The visitor's session. Raises UnknownRun, HTTPException 404 where it has no such question."""
    scoring = server_of(request).workspace.scoring_session(session, rater=name_of(visitor))
    if item is not None:
        try:
            scoring.item(item)
        except DefinitionError as error:
            raise HTTPException(404, str(error)) from error
    return scoring


def _step(scoring: ManualScoring, item: ManualItem | None) -> Response:
    return answer(ScoringStep(session=scoring.session, item=item, progress=scoring.progress()))
