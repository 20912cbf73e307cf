"""What runs are held against: each other, people's scores, and what a question would need."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from peel.estimates.differences import Question
from peel.estimates.planning import PlanRequest, pass_rate_plan
from peel.records.agreement import RunAgreement
from peel.records.comparisons import Comparison
from peel.records.definitions import Scope
from peel.records.manual import ScoredRuns
from peel.records.plans import Plan
from peel.web.api.answering import RunName, Word, answer, reads
from peel.web.api.runs import Behind
from peel.web.security.visitors import Viewer
from peel.web.server import server_of

router = APIRouter(prefix="/api")

Share = Annotated[float, Query(gt=0.0, lt=1.0, allow_inf_nan=False)]
Costs = Annotated[
    float, Query(ge=0.0, le=1e6, allow_inf_nan=False, description="What a new case costs, in executions.")
]
Margin = Annotated[
    float, Query(ge=0.0, le=1.0, allow_inf_nan=False, description="The smallest difference that matters.")
]
Side = Annotated[Word, Query(description="`RUN`, `RUN:SCENARIO`, `RUN:VARIANT` or `RUN:SCENARIO/VARIANT`.")]
Evaluators = Annotated[
    list[Annotated[str, Field(max_length=200)]] | None, Query(max_length=100, description="Only these.")
]


@router.get("/comparison", response_model=Comparison, tags=["comparison"], **reads("viewer", 404))
def compare(
    request: Request,
    visitor: Viewer,
    base: Side,
    candidate: Side,
    scope: Scope = "these-cases",
    margin: Margin = 0.05,
) -> Response:
    """Two runs, or two variants, on the cases that both have. Every difference is candidate - base."""
    question = Question(scope=scope, margin=margin)
    return answer(server_of(request).workspace.compare(base, candidate, question=question))


@router.get("/agreement", response_model=ScoredRuns, tags=["agreement"], **reads("viewer", 404))
def list_scored(request: Request, visitor: Viewer, before: Behind | None = None) -> Response:
    """The runs that ask people something, newest first. Go on with `before`, the last answer's `next`."""
    return answer(server_of(request).workspace.scored_runs(before=before))


@router.get("/runs/{run}/agreement", response_model=RunAgreement, tags=["agreement"], **reads("viewer", 404))
def read_agreement(request: Request, visitor: Viewer, run: RunName) -> Response:
    """How far the raters of a run agree with each other, and its judges with them."""
    return answer(server_of(request).workspace.agreement(run))


@router.get("/plan", response_model=Plan, tags=["plan"], **reads("viewer", 404))
def plan(
    request: Request,
    visitor: Viewer,
    run: Annotated[Word | None, Query(description="A pilot run, named as a side of a comparison.")] = None,
    half_width: Share | None = None,
    difference: Share | None = None,
    power: Share | None = None,
    case_cost: Costs | None = None,
    evaluator: Evaluators = None,
    show_at_least: Share | None = None,
    truth: Share | None = None,
) -> Response:
    """How many cases and repetitions a question needs, by a pilot run, or without one for a pass rate."""
    wanted = PlanRequest(
        half_width=half_width,
        difference=difference,
        power=power,
        case_cost=case_cost,
        evaluators=tuple(evaluator or ()),
        show_at_least=show_at_least,
        truth=truth,
    )
    if run is None:
        return answer(pass_rate_plan(wanted))
    return answer(server_of(request).workspace.plan(run, wanted))
