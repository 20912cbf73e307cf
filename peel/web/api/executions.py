"""The executions of a run: listed, and one whole."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from peel.records.listing import ExecutionList, StoredExecution
from peel.store.execution_listing import WantedExecutions
from peel.web.api.answering import Limit, Number, RunName, Word, answer, reads
from peel.web.security.visitors import Viewer
from peel.web.server import server_of

router = APIRouter(prefix="/api/runs/{run}/executions", tags=["executions"])

After = Annotated[int, Query(ge=0, le=2**31 - 1, description="The number to go on behind.")]


@router.get("", response_model=ExecutionList, **reads("viewer", 404))
def list_executions(
    request: Request,
    visitor: Viewer,
    run: RunName,
    limit: Limit = 50,
    after: After | None = None,
    scenario: Word | None = None,
    variant: Word | None = None,
    case: Word | None = None,
    status: Literal["ok", "error"] | None = None,
) -> Response:
    """The stored executions of a run in the order of its plan, each with the scores that count. Go on with `after`."""
    wanted = WantedExecutions(scenario, variant, case, None if status is None else status == "ok")
    stored = server_of(request).workspace.store.run(run)
    return answer(stored.listed(wanted, limit=limit, after=after))


@router.get("/{number}", response_model=StoredExecution, **reads("viewer", 404))
def read_execution(request: Request, visitor: Viewer, run: RunName, number: Number) -> Response:
    """One execution with its case, every step (what was asked, what came back) and every score it ever got."""
    stored = server_of(request).workspace.store.run(run)
    found = next(stored.executions([number]), None)
    if found is None:
        raise HTTPException(404, f"the run {stored.run.id} has no stored execution {number}")
    execution, scores = found
    case = next(one for one in stored.run.cases[execution.scenario] if one.id == execution.case)
    return answer(StoredExecution(execution=execution, case=case, scores=scores))
