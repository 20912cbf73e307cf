"""The scenarios of the workspace: each with what its last runs gave, and a page of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from peel.editing.overview import ListedScenario
from peel.records import Problem
from peel.records.listing import RunEntry
from peel.reports.html_summary import estimates
from peel.reports.html_verdicts import verdicts
from peel.store.listing import Wanted
from peel.web.pages.addresses import scenario_url
from peel.web.rendering import page
from peel.web.scenario_numbers import ALONE, IN_LIST, Latest, Shown, latest_of, of_scenario, shown_numbers
from peel.web.security.visitors import Viewer
from peel.web.server import Server, server_of

router = APIRouter(include_in_schema=False)

MOST_RUNS = 20
"""How many runs the page of a scenario lists; the page of runs has them all."""


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario of the list. Without `numbers` and `problems` where these are yet to be computed."""

    listed: ListedScenario
    url: str
    is_ready: bool
    last: RunEntry | None = None
    numbers: Shown | None = None
    problems: tuple[Problem, ...] = ()


@router.get("/")
def home() -> Response:
    """The scenarios are where everything begins."""
    return RedirectResponse("/scenarios", status_code=303)


@router.get("/scenarios")
def show_all(request: Request, visitor: Viewer) -> Response:
    """Every scenario. What is not known yet of one, the browser asks for when the page is there."""
    server = server_of(request)
    listed = server.workspace.overview.scenarios()
    problems = server.workspace.overview.known_problems()
    latest = latest_of(server, [one.name for one in listed], runs=IN_LIST)
    rows = [
        _row(server, one, latest[one.name], problems[one.name])
        if one.name in problems and latest[one.name].is_known(server)
        else Row(one, scenario_url(one.name), False)
        for one in listed
    ]
    return page(request, visitor, "scenarios.html", rows=rows)


@router.get("/scenarios/{name}/numbers")
def show_row(request: Request, visitor: Viewer, name: str) -> Response:
    """One scenario of the list, complete."""
    server = server_of(request)
    listed, latest = _listed(server, name), latest_of(server, [name], runs=IN_LIST)[name]
    row = _row(server, listed, latest, server.workspace.overview.problems(name))
    return page(request, visitor, "scenario_row.html", row=row)


@router.get("/scenarios/{name}")
def show(request: Request, visitor: Viewer, name: str) -> Response:
    """One scenario: what its last run gave, and the runs before it."""
    server = server_of(request)
    listed = _listed(server, name)
    runs = server.workspace.store.listed(limit=MOST_RUNS, wanted=Wanted(scenario=name))
    latest = latest_of(server, [name], runs=ALONE)[name]
    is_known = name in server.workspace.overview.known_problems() and latest.is_known(server)
    known = _numbers(server, name, latest) if is_known else {}
    return page(
        request, visitor, "scenario.html", listed=listed, url=scenario_url(name), runs=runs, is_known=is_known, **known
    )


@router.get("/scenarios/{name}/figures")
def show_figures(request: Request, visitor: Viewer, name: str) -> Response:
    """What is wrong with a scenario, and the numbers of its page."""
    server = server_of(request)
    latest = latest_of(server, [name], runs=ALONE)[name]
    known = _numbers(server, _listed(server, name).name, latest)
    return page(request, visitor, "scenario_numbers.html", url=scenario_url(name), **known)


def _numbers(server: Server, name: str, latest: Latest) -> dict[str, Any]:
    shown = shown_numbers(server, name, latest, variants=True)
    known: dict[str, Any] = {"problems": server.workspace.overview.problems(name), "numbers": shown}
    if shown is not None:
        summary = of_scenario(server.numbers.summary(shown.run, latest.marks), name)
        known["verdicts"] = Markup(verdicts(summary))  # noqa: S704  # the report's own HTML, which escapes all texts
        known["estimates"] = Markup(estimates(summary))  # noqa: S704  # likewise
    return known


def _listed(server: Server, name: str) -> ListedScenario:
    """A scenario by its name, also one whose file is gone and that has runs. Raises HTTPException 404."""
    found = next((one for one in server.workspace.overview.scenarios() if one.name == name), None)
    if found is None and server.workspace.store.listed(limit=1, wanted=Wanted(scenario=name)).runs:
        return ListedScenario(name, (), None, ())
    if found is None:
        raise HTTPException(404, f"the workspace has no scenario {name!r}")
    return found


def _row(server: Server, listed: ListedScenario, latest: Latest, problems: tuple[Problem, ...]) -> Row:
    last = server.workspace.store.listed(limit=1, wanted=Wanted(scenario=listed.name)).runs
    return Row(
        listed,
        scenario_url(listed.name),
        True,
        last=last[0] if last else None,
        numbers=shown_numbers(server, listed.name, latest, variants=False),
        problems=problems,
    )
