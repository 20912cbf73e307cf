"""One execution of a run: what each step was asked and gave, the scores, and the way to its neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from peel.records import Case, Execution, Json, Run, StepResult
from peel.reports.current import current_scores
from peel.reports.text import as_text, is_passages, messages_of, source_of
from peel.reports.wording import MARKS
from peel.runs.plan import Plan
from peel.store.stored import SqlStoredRun
from peel.web.rendering import page
from peel.web.security.visitors import Viewer
from peel.web.server import server_of

router = APIRouter(prefix="/runs/{run_id}/executions", include_in_schema=False)

MOST_PARTS = 200
"""How many messages, passages, attempts, scores or steps of one kind are shown."""

_WAYS = (
    ("‹ repetition", "ArrowLeft", 0, -1),
    ("repetition ›", "ArrowRight", 0, 1),
    ("‹ case", "PageUp", -1, 0),
    ("case ›", "PageDown", 1, 0),
)
"""To which neighbours there is a way: its words, its key, by how many cases and repetitions they differ."""


@dataclass(frozen=True, slots=True)
class Titled:
    """A text with what it is."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step in texts."""

    result: StepResult
    asked: tuple[Titled, ...]
    gave: tuple[Titled, ...]
    details: str


@router.get("/{number}")
def show(request: Request, visitor: Viewer, run_id: str, number: int) -> Response:
    """The page of one execution; its address is good for as long as the store is."""
    stored = server_of(request).workspace.store.run(run_id)
    found = next(stored.executions([number]), None) if 0 <= number < 2**31 else None
    if found is None:
        raise HTTPException(
            404, f"the run {stored.run.id} has no stored execution {number}; it may not have been executed yet"
        )
    execution, scores = found
    current = current_scores(scores)
    return page(
        request,
        visitor,
        "execution.html",
        run=stored.run,
        execution=execution,
        case=_case(stored.run, execution),
        scores=[(one, as_text(dict(one.details))) for one in current[:MOST_PARTS]],
        earlier=[one for one in scores if one not in current and one.status != "pending"][:MOST_PARTS],
        steps=[_step(one) for one in execution.steps[:MOST_PARTS]],
        ways=list(_ways(stored, execution)),
        marks=MARKS,
        values=_values,
    )


def _case(run: Run, execution: Execution) -> Case | None:
    return next((one for one in run.cases.get(execution.scenario, ()) if one.id == execution.case), None)


def _values(values: dict[str, Json]) -> list[Titled]:
    return [Titled(name, as_text(value)) for name, value in list(values.items())[:MOST_PARTS]]


def _step(result: StepResult) -> ShownStep:
    return ShownStep(
        result,
        tuple(_request(result.request)),
        tuple(_output(result.output)),
        as_text(dict(result.details)) if result.details else "",
    )


def _request(request: Json) -> Iterator[Titled]:
    messages = messages_of(request)
    if messages is None:
        if request is not None:
            yield Titled("request", as_text(request))
        return
    yield from (Titled(role, content) for role, content in messages[:MOST_PARTS])
    parameters = request.get("parameters") if isinstance(request, dict) else None
    if parameters:
        yield Titled("parameters", as_text(parameters))


def _output(output: Json) -> Iterator[Titled]:
    if output is None:
        return
    if not is_passages(output):
        yield Titled("output", as_text(output))
        return
    passages: Any = output
    for place, passage in enumerate(passages[:MOST_PARTS], 1):
        near = passage.get("score")
        similar = f" · similarity {near:.3f}" if isinstance(near, int | float) else ""
        yield Titled(f"passage {place}: {source_of(passage)}{similar}", as_text(passage["text"]))


@dataclass(frozen=True, slots=True)
class Way:
    """A neighbour of an execution: what it is called, the key that leads there, its number; None where none is."""

    words: str
    key: str
    number: int | None


def _ways(stored: SqlStoredRun, execution: Execution) -> Iterator[Way]:
    """The repetitions and the cases before and behind."""
    run = stored.run
    cases = [one.id for one in run.cases[execution.scenario]]
    place = next(
        at
        for at, one in enumerate(run.scenario_variants)
        if (one.scenario.scenario, one.variant.name) == (execution.scenario, execution.variant)
    )
    plan, case = Plan(run.scenario_variants, run.cases), cases.index(execution.case)
    numbers = [
        plan.number_of(place, case=case + case_by, repetition=execution.repetition + repetition_by)
        for _, _, case_by, repetition_by in _WAYS
    ]
    finished = stored.finished_of(number for number in numbers if number is not None)
    for (words, key, _, _), number in zip(_WAYS, numbers, strict=True):
        yield Way(words, key, number if number in finished else None)
