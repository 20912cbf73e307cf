"""Every route with the least role that it needs, held against what the application really does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fastapi.routing import iter_route_contexts

from peel.records.accounts import ROLES

NOBODY = {
    "GET /",
    "GET /api/docs",
    "GET /api/openapi.json",
    "GET /health",
    "GET /login",
    "GET /static/{name:path}",
    "GET /widget.js",
    "POST /login",
}
"""What those who are not logged in may ask for: nothing in it is the workspace's."""

HANDS_IN = {"POST /api/interactions", "POST /api/ratings"}
"""What editors may, and tokens of the scope `ingest`, which may nothing else."""

ANY_ROLE = {"POST /logout"}
"""What everybody may who is logged in, and no token."""

LEAST = {
    "GET /admin": "admin",
    "POST /admin/tokens": "admin",
    "POST /admin/tokens/revoke": "admin",
    "POST /admin/users": "admin",
    "POST /admin/users/password": "admin",
    "POST /admin/users/remove": "admin",
    "POST /admin/users/role": "admin",
    "GET /agreement": "viewer",
    "GET /agreement/{run}": "viewer",
    "GET /api/agreement": "viewer",
    "GET /api/comparison": "viewer",
    "GET /api/feedback": "viewer",
    "POST /api/feedback/cases": "editor",
    "GET /api/feedback/discovery": "viewer",
    "POST /api/feedback/discovery": "editor",
    "GET /api/feedback/interactions": "viewer",
    "GET /api/feedback/interactions/{interaction:path}": "viewer",
    "PUT /api/feedback/interactions/{interaction:path}/mapping": "editor",
    "GET /api/feedback/mapping": "viewer",
    "POST /api/feedback/mapping": "editor",
    "GET /api/feedback/topics": "viewer",
    "POST /api/feedback/topics/{topic}/scenario": "editor",
    "GET /api/me": "viewer",
    "GET /api/plan": "viewer",
    "GET /api/runs": "viewer",
    "POST /api/runs": "editor",
    "POST /api/runs/foresight": "editor",
    "GET /api/runs/{run}": "viewer",
    "GET /api/runs/{run}/agreement": "viewer",
    "POST /api/runs/{run}/cancel": "editor",
    "GET /api/runs/{run}/executions": "viewer",
    "GET /api/runs/{run}/executions/{number}": "viewer",
    "GET /api/runs/{run}/report": "viewer",
    "POST /api/runs/{run}/resume": "editor",
    "GET /api/runs/{run}/scoring": "rater",
    "GET /api/scenarios": "viewer",
    "POST /api/scenarios": "editor",
    "GET /api/scenarios/{scenario}": "viewer",
    "PUT /api/scenarios/{scenario}": "editor",
    "PATCH /api/scenarios/{scenario}": "editor",
    "GET /api/scenarios/{scenario}/cases": "viewer",
    "PATCH /api/scenarios/{scenario}/cases": "editor",
    "GET /api/scenarios/{scenario}/cases.csv": "viewer",
    "POST /api/scenarios/{scenario}/cases/check": "editor",
    "POST /api/scenarios/{scenario}/cases/undo": "editor",
    "POST /api/scenarios/{scenario}/check": "editor",
    "POST /api/scenarios/{scenario}/undo": "editor",
    "GET /api/scoring": "rater",
    "GET /api/scoring/{session}/items/{item}": "rater",
    "POST /api/scoring/{session}/items/{item}": "rater",
    "GET /api/scoring/{session}/items/{item}/before": "rater",
    "GET /api/scoring/{session}/next": "rater",
    "GET /api/workspace": "viewer",
    "GET /compare": "viewer",
    "GET /compare/outputs": "viewer",
    "GET /feedback": "viewer",
    "POST /feedback/alarms": "editor",
    "GET /feedback/beside": "viewer",
    "POST /feedback/cases": "editor",
    "GET /feedback/distribution": "viewer",
    "GET /feedback/groups": "viewer",
    "GET /feedback/interactions.csv": "viewer",
    "GET /feedback/interactions.json": "viewer",
    "GET /feedback/interactions/{interaction:path}": "viewer",
    "POST /feedback/mapping": "editor",
    "GET /feedback/numbers": "viewer",
    "GET /feedback/rows": "viewer",
    "GET /feedback/time": "viewer",
    "GET /feedback/topics": "viewer",
    "POST /feedback/topics/cases": "editor",
    "POST /feedback/topics/discover": "editor",
    "POST /feedback/topics/map": "editor",
    "GET /feedback/topics/progress/{kind}": "viewer",
    "POST /feedback/topics/scenario": "editor",
    "GET /runs": "viewer",
    "GET /runs/new": "editor",
    "POST /runs/new": "editor",
    "POST /runs/new/estimate": "editor",
    "GET /runs/{run_id}": "viewer",
    "POST /runs/{run_id}/cancel": "editor",
    "GET /runs/{run_id}/executions/{number}": "viewer",
    "GET /runs/{run_id}/progress": "viewer",
    "GET /runs/{run_id}/report": "viewer",
    "GET /runs/{run_id}/report.{report_format}": "viewer",
    "POST /runs/{run_id}/resume": "editor",
    "GET /scenarios": "viewer",
    "GET /scenarios/new": "editor",
    "POST /scenarios/new": "editor",
    "GET /scenarios/{name}": "viewer",
    "POST /scenarios/{name}/attempt": "editor",
    "GET /scenarios/{name}/cases": "viewer",
    "POST /scenarios/{name}/cases": "editor",
    "GET /scenarios/{name}/cases.csv": "viewer",
    "POST /scenarios/{name}/cases/attempt": "editor",
    "POST /scenarios/{name}/cases/undo": "editor",
    "GET /scenarios/{name}/edit": "viewer",
    "POST /scenarios/{name}/edit": "editor",
    "GET /scenarios/{name}/figures": "viewer",
    "GET /scenarios/{name}/numbers": "viewer",
    "POST /scenarios/{name}/undo": "editor",
    "GET /scoring": "rater",
    "GET /scoring/{session}": "rater",
    "GET /scoring/{session}/outputs": "rater",
    "POST /scoring/{session}/scores": "rater",
}
"""The least role of all other routes. A new route belongs here before it can be served."""


def routes(app: Any) -> set[str]:
    """All routes, as `METHOD path`."""
    return {
        f"{method} {route.path}"
        for route in iter_route_contexts(app.routes)
        for method in (route.methods or {"?"}) - {"HEAD", "OPTIONS"}
    }


def asked(client: Any, route: str, token: str) -> int:
    """The status of a request to a route, its parameters filled in with what does not exist."""
    method, _, path = route.partition(" ")
    path = re.sub(r"\{[^}]*\}", "x", path)
    is_api = path.startswith("/api/")
    kind = "application/json" if is_api else "application/x-www-form-urlencoded"
    headers = {} if method == "GET" else {"content-type": kind, "x-csrf-token": token}
    body = b"" if method == "GET" else b"{}" if is_api else b"csrf="
    return int(client.request(method, path, content=body, headers=headers).status_code)


def test_every_route_is_in_the_table_with_its_role(app: Any) -> None:
    """A route that nobody gave a role fails here; so does a row whose route is gone."""
    assert routes(app) - NOBODY - ANY_ROLE - HANDS_IN == set(LEAST)
    assert routes(app) >= HANDS_IN
    assert set(LEAST.values()) <= set(ROLES)


def test_each_role_gets_where_it_may_and_no_further(
    app: Any, client_as: Callable[..., Any], new_client: Callable[[], Any]
) -> None:
    """By session, for each route and each role: refused below its least role, and from there on not refused."""
    clients = {role: client_as(role) for role in ROLES}
    tokens = {role: client.csrf for role, client in clients.items()}
    nobody = new_client()
    for route, least in LEAST.items():
        refused = asked(nobody, route, nobody.csrf)
        assert refused == (303 if route.startswith("GET") and " /api/" not in route else 401), route
        for role, client in clients.items():
            status = asked(client, route, tokens[role])
            may = ROLES.index(role) >= ROLES.index(least)
            assert (status not in (401, 403, 415, 500)) if may else (status == 403), (route, role, status)


def test_a_token_gets_no_further_than_its_scope(app: Any, token_client: Callable[..., Any]) -> None:
    """Its user is an admin; a token to hand data in with gets nowhere here."""
    for scope in (*ROLES, "ingest"):
        client = token_client(scope)
        for route, least in LEAST.items():
            status = asked(client, route, "")
            may = scope != "ingest" and ROLES.index(scope) >= ROLES.index(least)
            assert (status not in (401, 403, 415, 500)) if may else (status == 403), (route, scope, status)


def test_what_takes_in_lets_editors_and_its_own_tokens_in(
    app: Any, client_as: Callable[..., Any], token_client: Callable[..., Any], new_client: Callable[[], Any]
) -> None:
    """Nobody else, whatever else they may do; a page's change needs its token, as everywhere."""
    nobody = new_client()
    clients = {role: (client_as(role), client_as(role, f"{role} 2").csrf) for role in ROLES}
    tokens = {scope: token_client(scope) for scope in (*ROLES, "ingest")}
    for route in HANDS_IN:
        for role, (client, others_token) in clients.items():
            may = role in ("editor", "admin")
            assert asked(client, route, client.csrf) == (422 if may else 403), (route, role)
            assert asked(client, route, others_token) == 403
        for scope, client in tokens.items():
            assert asked(client, route, "") == (422 if scope in ("editor", "admin", "ingest") else 403), (route, scope)
        assert asked(nobody, route, nobody.csrf) == 401


def test_a_token_that_is_worth_nothing_gets_nowhere(app: Any, new_client: Callable[[], Any]) -> None:
    """Not even on an open server: whoever sends one means to be somebody."""
    for header in ("Bearer peel_00000000_x", "Bearer", "Bearer ", "Basic YWRtaW46YWRtaW4=", "peel_00000000_x"):
        client = new_client()
        client.headers["authorization"] = header
        for route in LEAST:
            assert asked(client, route, "") == 401, (route, header)
