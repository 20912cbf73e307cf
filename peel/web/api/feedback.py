"""What users say, for programs: the numbers of a selection, its interactions, their mapping, and topics among them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field, StringConstraints, model_validator

from peel.records import Record
from peel.records.feedback import LONGEST_ID, FeedbackEntry, StoredInteraction
from peel.records.production import FeedbackReport, Period
from peel.records.topics import Discovery
from peel.store.feedback_reading import PageRequest, Sort
from peel.web.api.answering import Limit, Nothing, Number, answer, changes, name_of, reads
from peel.web.feedback_work import discover_now, mapping_of
from peel.web.security.noting import note
from peel.web.security.visitors import Editor, Viewer
from peel.web.selecting import Selected, place_of, written_place
from peel.web.server import Server, server_of
from peel.web.working import Kind, WorkStanding

router = APIRouter(prefix="/api/feedback", tags=["feedback"])

MOST_CHOSEN = 200
"""How many interactions become draft cases at once."""

_SAYS = r"^[^\x00-\x1f\x7f]+$"

InteractionId = Annotated[
    str, Path(min_length=1, max_length=LONGEST_ID, pattern=_SAYS, description="The id of an interaction.")
]
Id = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID, pattern=_SAYS)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_SAYS)]
Low = Annotated[float, Query(ge=0, le=1, allow_inf_nan=False, description="Ratings below it are low.")]
Behind = Annotated[
    str, Query(max_length=60, pattern=r"^-?[0-9.e+]+_[0-9]+$", description="Go on with the last answer's `next`.")
]


class FeedbackList(Record):
    """Some interactions, each with the rating that counts; go on behind `next`, which is null at the end."""

    interactions: tuple[FeedbackEntry, ...]
    next: str | None


class MappingChange(Record):
    """What an interaction counts for from now on: a scenario, none (null), or what it means (`again`)."""

    scenario: Name | None = None
    again: bool = False

    @model_validator(mode="after")
    def _one(self) -> MappingChange:
        if self.again and self.scenario is not None:
            raise ValueError("it is either mapped to a scenario or again, not both")
        return self


class NewDraft(Record):
    """The name of a draft scenario; its orchestration is that of the scenario `like`, of the nearest where null."""

    name: Name
    like: Name | None = None


class NewCases(Record):
    """Interactions, by their ids, that become draft cases of a scenario."""

    scenario: Name
    interactions: tuple[Id, ...] = Field(min_length=1, max_length=MOST_CHOSEN)


class Written(Record):
    """The file that was written, relative to the workspace."""

    path: str


class MappingRequest(Record):
    """Whether what was mapped by meaning is mapped again, or only what is not mapped yet."""

    again: bool = False


@router.get("", response_model=FeedbackReport, **reads("viewer"))
def read_feedback(
    request: Request, visitor: Viewer, selected: Selected, period: Period | None = None, low: Low = 0.3
) -> Response:
    """What users say of the selected interactions: every number with what it is made of."""
    return answer(server_of(request).workspace.feedback_report(selected.wanted, period=period, low=low))


@router.get("/interactions", response_model=FeedbackList, **reads("viewer"))
def list_interactions(
    request: Request,
    visitor: Viewer,
    selected: Selected,
    sort: Sort = "newest",
    limit: Limit = 50,
    behind: Behind | None = None,
) -> Response:
    """The selected interactions in an order; those without a rating come last where it is one of ratings."""
    wanted = PageRequest(sort, place_of(behind or ""), limit)
    found = server_of(request).workspace.feedback.reader.page(selected.wanted, request=wanted)
    following = None if found.next is None else written_place(found.next)
    return answer(FeedbackList(interactions=found.entries, next=following))


@router.put("/interactions/{interaction:path}/mapping", response_model=StoredInteraction, **changes("editor", 404))
def write_mapping(request: Request, visitor: Editor, interaction: InteractionId, new: MappingChange) -> Response:
    """Correct by hand which scenario an interaction counts for."""
    server = server_of(request)
    _found(server, interaction)
    if new.again:
        server.workspace.map_by_meaning_again(interaction)
    else:
        server.workspace.map_by_hand(interaction, new.scenario, by=name_of(visitor))
    note(request, visitor, "map interaction", f"{interaction} {'again' if new.again else new.scenario or 'none'}")
    return answer(_found(server, interaction))


@router.get("/interactions/{interaction:path}", response_model=StoredInteraction, **reads("viewer", 404))
def read_interaction(request: Request, visitor: Viewer, interaction: InteractionId) -> Response:
    """One interaction whole, with all its ratings and what it is mapped to."""
    return answer(_found(server_of(request), interaction))


@router.get("/topics", response_model=Discovery, **reads("viewer", 404))
def read_topics(request: Request, visitor: Viewer) -> Response:
    """The last discovery with its topics as they are now; 404 where nobody has looked for any."""
    found = server_of(request).workspace.topics()
    if found is None:
        raise HTTPException(404, "nobody has looked for topics yet; POST /api/feedback/discovery does")
    return answer(found)


@router.post("/topics/{topic}/scenario", status_code=201, response_model=Written, **changes("editor", 404, 409))
def draft_scenario(request: Request, visitor: Editor, topic: Number, new: NewDraft) -> Response:
    """Turn a topic into a draft scenario: it runs and decides no gate."""
    path = server_of(request).workspace.draft_scenario(topic, name=new.name, like=new.like)
    note(request, visitor, "draft scenario", new.name)
    return answer(_written(server_of(request), str(path)), status=201)


@router.post("/cases", status_code=201, response_model=Written, **changes("editor", 404, 409))
def draft_cases(request: Request, visitor: Editor, new: NewCases) -> Response:
    """Make interactions draft cases of a scenario; their expected output is to be filled in."""
    path = server_of(request).workspace.draft_cases(new.interactions, scenario=new.scenario)
    note(request, visitor, "draft cases", f"{new.scenario} {' '.join(new.interactions)}"[:2000])
    return answer(_written(server_of(request), str(path)), status=201)


@router.get("/discovery", response_model=WorkStanding, **reads("viewer", 404))
def read_discovery(request: Request, visitor: Viewer) -> Response:
    """How the last discovery that this server was asked for goes, or went."""
    return _standing(request, "discover")


@router.post("/discovery", status_code=202, response_model=WorkStanding, **changes("editor", 409))
def discover(request: Request, visitor: Editor, body: Nothing = None) -> Response:
    """Look for topics again, in the background. 409 where that is under way."""
    server_of(request).working.start("discover", discover_now)
    note(request, visitor, "discover topics", "")
    return _standing(request, "discover", status=202)


@router.get("/mapping", response_model=WorkStanding, **reads("viewer", 404))
def read_mapping(request: Request, visitor: Viewer) -> Response:
    """How the last mapping that this server was asked for goes, or went."""
    return _standing(request, "map")


@router.post("/mapping", status_code=202, response_model=WorkStanding, **changes("editor", 409))
def map_interactions(request: Request, visitor: Editor, given: MappingRequest | None = None) -> Response:
    """Map interactions to scenarios by meaning, in the background. 409 where that is under way."""
    again = given is not None and given.again
    server_of(request).working.start("map", mapping_of(again=again))
    note(request, visitor, "map interactions", "again" if again else "")
    return _standing(request, "map", status=202)


def _found(server: Server, interaction: str) -> StoredInteraction:
    found = server.workspace.feedback.reader.interaction(interaction)
    if found is None:
        raise HTTPException(404, f"there is no interaction {interaction!r}; it may have been deleted")
    return found


def _standing(request: Request, kind: Kind, *, status: int = 200) -> Response:
    found = server_of(request).working.standing(kind)
    if found is None:
        raise HTTPException(404, "this server was not asked for it yet")
    return answer(found, status=status)


def _written(server: Server, path: str) -> Written:
    root = f"{server.workspace.root}/"
    return Written(path=path.removeprefix(root))
