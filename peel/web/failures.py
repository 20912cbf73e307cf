"""What went wrong, told to who asked: a page to a browser, an object with `detail` to the API."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from peel.editing.places import located
from peel.errors import (
    AccountError,
    ConflictError,
    DefinitionError,
    PeelError,
    ResumeError,
    StoreError,
    UnknownRun,
    UnknownScenario,
)
from peel.web.rendering import is_part, page
from peel.web.running import Busy
from peel.web.security.boundaries import headers_for
from peel.web.security.visitors import Visitor, identify
from peel.web.server import server_of

_STATUS: tuple[tuple[type[PeelError], int], ...] = (
    (UnknownRun, 404),
    (UnknownScenario, 404),
    (ConflictError, 409),
    (AccountError, 409),
    (Busy, 409),
    (ResumeError, 409),
    (DefinitionError, 422),
    (StoreError, 503),
    (PeelError, 422),
)
_STORE_FAILS = "the store cannot be used just now; the server's log says why"
_HEADINGS = {403: "Not allowed", 404: "Not found", 500: "This went wrong", 503: "This went wrong"}
_RETRY_S = "5"
_LOG = logging.getLogger(__name__)


def add_failures(app: FastAPI) -> None:
    """Let the application answer every error in words."""

    @app.exception_handler(PeelError)
    def peel_error(request: Request, error: PeelError) -> Response:
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        headers = {"retry-after": _RETRY_S} if status == 503 else None
        return _told(request, status, _words(request, error, status), headers=headers)

    @app.exception_handler(StarletteHTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        if error.status_code == 401 and _is_page(request):
            return RedirectResponse(f"/login?{urlencode({'next': _asked(request)})}", status_code=303)
        return _told(request, error.status_code, str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        return _told(request, 422, "; ".join(_sentence(one) for one in error.errors()[:10]))

    @app.exception_handler(Exception)
    def fault(request: Request, error: Exception) -> Response:
        # What answers last is outside of what gives answers their headers; it raises the error on, into the log.
        headers = headers_for(request.url.scheme)
        return _told(request, 500, "PEEL made a mistake here; the server's log has its trace", headers=headers)


def _told(request: Request, status: int, sentence: str, *, headers: dict[str, str] | None = None) -> Response:
    if _is_api(request):
        return JSONResponse({"detail": _encodable(sentence)}, status_code=status, headers=headers)
    heading = _HEADINGS.get(status, "This was not done")
    response: Response = page(
        request, _visitor(request), "failure.html", status=status, heading=heading, sentence=_encodable(sentence)
    )
    response.headers.update(headers or {})
    return response


def _visitor(request: Request) -> Visitor:
    """Who asked; nobody, where the question itself was what failed."""
    try:
        return identify(request)
    except (HTTPException, PeelError):
        return Visitor(None, None, "page", "", is_new=False, address="")


def _words(request: Request, error: PeelError, status: int) -> str:
    """What is told of an error. Where the server keeps its files is for admins and its log."""
    if status == 503 and not _visitor(request).may("admin"):
        _LOG.error("%s", error)
        return _STORE_FAILS
    if isinstance(error, DefinitionError):
        root = server_of(request).workspace.root
        return "\n".join(str(located(problem, root)) for problem in error.problems)
    return str(error)


def _asked(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _sentence(error: dict[str, object]) -> str:
    where = [str(part) for part in error.get("loc", ()) if part not in ("body", "query", "path")]  # type: ignore[attr-defined]  # pydantic's own shape
    return f"{'.'.join(where) or 'the request'}: {error.get('msg')}"


def _is_page(request: Request) -> bool:
    """Whether a person asked for a whole page, and can be asked to log in on the way to it."""
    is_program = _is_api(request) or "authorization" in request.headers
    return request.method == "GET" and not is_program and not is_part(request)


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _encodable(sentence: str) -> str:
    return sentence.encode(errors="replace").decode()
