"""Live feedback: what users say of the application, by day, scenario and version. Each view is a request of its own."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from peel.estimates.feedback_report import FeedbackNumbers
from peel.records.production import Period
from peel.store.feedback_reading import LOW
from peel.web import feedback_figures as figures
from peel.web.feedback_views import beside, groups, key_numbers
from peel.web.rendering import page
from peel.web.security.noting import note
from peel.web.security.visitors import Editor, Viewer, Visitor
from peel.web.selecting import LABEL_NAMES, MAPPING_NAMES, Selected, Selection, days_of, today
from peel.web.server import server_of
from peel.workspace import Workspace

router = APIRouter(prefix="/feedback", include_in_schema=False)

PERIODS: tuple[Period, ...] = ("day", "week", "month")
SORTS = {"newest": "newest", "oldest": "oldest", "lowest": "lowest rating", "highest": "highest rating"}
MOST_ALARMS = 10
"""How many alarms the page shows, the latest."""

PeriodName = Annotated[str, Query(max_length=10)]
Place = Annotated[str, Query(max_length=60)]


@router.get("")
def show(
    request: Request,
    visitor: Viewer,
    selected: Selected,
    period: PeriodName = "",
    sort: PeriodName = "newest",
    behind: Place = "",
) -> Response:
    """The page: what is selected; its views load by themselves."""
    views = server_of(request).feedback
    limits = views.limits()
    kept = [("period", period)] if chosen_period(period) else []
    kept += [("sort", sort)] if chosen_sort(sort) != "newest" else []
    return page(
        request,
        visitor,
        "feedback.html",
        limits=limits,
        days=days_of(limits),
        selected=selected,
        chips=selected.chips(kept=urlencode(kept)),
        presets=selected.presets(today=today(), kept=urlencode(kept)),
        kept=kept,
        labels=LABEL_NAMES,
        states=MAPPING_NAMES,
        query=selected.query,
        period=period,
        rows=urlencode([*selected.pairs(), ("sort", sort), *([("behind", behind)] if behind else [])]),
    )


@router.get("/numbers")
def show_numbers(request: Request, visitor: Viewer, selected: Selected) -> Response:
    """Alarms, where users say worse than the test bed, and the key numbers."""
    server = server_of(request)
    shown, limits = server.feedback.view(key_numbers, selected.wanted), server.feedback.limits()
    alarms = server.workspace.alarms(selected.wanted)
    return _part(
        request,
        visitor,
        selected,
        "feedback_numbers.html",
        shown=shown,
        limits=limits,
        days=days_of(limits),
        tally=shown.overall.tally,
        alarms=[one for one in alarms if one.acknowledged is None][:MOST_ALARMS],
        seen=[one for one in alarms if one.acknowledged is not None][:MOST_ALARMS],
        worse=[one for one in shown.against if one.standing == "users-worse"],
        editable=visitor.may("editor"),
    )


@router.get("/time")
def show_time(request: Request, visitor: Viewer, selected: Selected, period: PeriodName = "") -> Response:
    """The mean rating by day, week or month."""
    wanted = chosen_period(period)
    chosen, over_time = server_of(request).feedback.view(FeedbackNumbers.over_time, selected.wanted, period=wanted)
    figure = figures.over_time(over_time, period=chosen) if over_time else None
    return _part(request, visitor, selected, "feedback_time.html", chosen=chosen, figure=figure, periods=PERIODS)


@router.get("/groups")
def show_groups(request: Request, visitor: Viewer, selected: Selected) -> Response:
    """Means by scenario and by version, and the topics that are rated lowest."""
    shown = server_of(request).feedback.view(groups, selected.wanted)
    return _part(request, visitor, selected, "feedback_groups.html", shown=shown)


@router.get("/distribution")
def show_distribution(request: Request, visitor: Viewer, selected: Selected) -> Response:
    """How many ratings have which value."""
    counts = server_of(request).feedback.view(FeedbackNumbers.histogram, selected.wanted)
    figure = figures.distribution(counts, low=LOW) if sum(counts) else None
    return _part(request, visitor, selected, "feedback_distribution.html", figure=figure)


@router.get("/beside")
def show_beside(request: Request, visitor: Viewer, selected: Selected) -> Response:
    """The test bed's estimates beside production's."""
    shown = server_of(request).feedback.view(beside, selected.wanted)
    pairs = [one for one in shown.against if one.test_bed is not None]
    return _part(
        request,
        visitor,
        selected,
        "feedback_beside.html",
        pairs=pairs,
        offset=shown.offset,
        chart=figures.beside_chart(pairs),
    )


@router.post("/alarms")
def acknowledge(request: Request, visitor: Editor, alarm: Annotated[int, Form(ge=0, le=2**31 - 1)]) -> Response:
    """Say that a person saw an alarm."""
    server_of(request).workspace.acknowledge_alarms([alarm])
    note(request, visitor, "acknowledge alarm", str(alarm))
    return RedirectResponse("/feedback", status_code=303)


def chosen_period(written: str) -> Period | None:
    """A period by its name; None where it is left to the data. Raises HTTPException 422."""
    for known in PERIODS:
        if written == known:
            return known
    if written:
        raise HTTPException(422, f"there is no period {written!r}; there are {', '.join(PERIODS)}")
    return None


def chosen_sort(written: str) -> str:
    """An order of the rows by its name. Raises HTTPException 422."""
    if written not in SORTS:
        raise HTTPException(422, f"there is no order {written!r}; there are {', '.join(SORTS)}")
    return written


def scenario_names(workspace: Workspace) -> list[str]:
    """The scenarios that an interaction can count for, by name."""
    return sorted(workspace.scenario_files.names())


def _part(request: Request, visitor: Visitor, selected: Selection, template: str, **values: Any) -> Response:
    return page(
        request,
        visitor,
        template,
        selected=selected,
        query=selected.query,
        mean_chart=figures.mean_chart,
        states=MAPPING_NAMES,
        **values,
    )
