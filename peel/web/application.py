"""The application: pages and API of one workspace, with what holds for every request around them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.middleware import Middleware

from peel.errors import StoreError
from peel.web.api import routes as api
from peel.web.assets import assets
from peel.web.failures import add_failures
from peel.web.feedback_views import FeedbackViews
from peel.web.kept import Kept
from peel.web.mapping import BackgroundMapping
from peel.web.numbers import Numbers
from peel.web.pages import routes as pages
from peel.web.rendering import Renderer
from peel.web.running import Running
from peel.web.security.addresses import Address
from peel.web.security.boundaries import Boundaries
from peel.web.security.changes import only_own_changes
from peel.web.security.logins import Logins
from peel.web.security.origins import CrossOrigin
from peel.web.security.sessions import Sessions
from peel.web.server import Server, server_of
from peel.web.taking import Taking
from peel.web.watching import Watching
from peel.web.widget import widget
from peel.web.working import Working
from peel.workspace import Workspace

MOST_SHOWN = 2_000
"""Of how many scenarios the lines of their last runs are kept."""

_LOG = logging.getLogger(__name__)
_FOR_EVER = "public, max-age=31536000, immutable"


def create_app(workspace: Workspace, address: Address) -> FastAPI:
    """The application of a workspace. Raises StoreError, MissingExtra, DefinitionError where the store fails."""
    server = _server(workspace, address)
    app = FastAPI(
        title="PEEL",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(only_own_changes)],
        middleware=[
            Middleware(Boundaries, address=address),
            Middleware(CrossOrigin, origins=workspace.definition.feedback.origins),
        ],
        lifespan=_lifespan,
    )
    app.state.server = server
    add_failures(app)
    # Without the dependencies of pages: files are everybody's, and their answers need no store.
    app.add_route("/static/{name:path}", _static)
    app.add_route("/health", _health)
    app.add_route("/widget.js", widget)
    for router in (*api(), *pages()):
        app.include_router(router)
    return app


def _server(workspace: Workspace, address: Address) -> Server:
    accounts, audit = workspace.store.accounts(), workspace.store.audit()
    return Server(
        workspace=workspace,
        address=address,
        accounts=accounts,
        audit=audit,
        sessions=Sessions(accounts.signing_key(), address.port),
        logins=Logins(accounts, audit),
        running=Running(workspace),
        taking=Taking(workspace),
        numbers=Numbers(workspace),
        shown=Kept(most=MOST_SHOWN),
        feedback=FeedbackViews(workspace),
        working=Working(workspace),
        renderer=Renderer(),
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    watching = Watching(app.state.server.workspace)
    watching.start()
    mapping = BackgroundMapping(app.state.server.workspace)
    mapping.start()
    yield
    mapping.close()
    watching.close()
    app.state.server.running.close()
    app.state.server.taking.close()


def _health(request: Request) -> Response:
    """Whether the store answers, for whoever watches the server; nothing else is told to those who are nobody."""
    try:
        server_of(request).accounts.any()
    except StoreError:
        _LOG.exception("the store does not answer")
        return JSONResponse({"status": "the store does not answer"}, status_code=503)
    return JSONResponse({"status": "ok"})


def _static(request: Request) -> Response:
    found = assets().get(request.path_params["name"])
    if found is None:
        return Response("there is no such file", status_code=404, media_type="text/plain")
    kept = {"cache-control": _FOR_EVER if request.query_params.get("v") == found.mark else "no-cache"}
    return Response(found.content, media_type=found.media_type, headers=kept)
