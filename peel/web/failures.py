"""What went wrong, told to who asked: a page to a browser, an object with `detail` to the API."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from peel.errors import AccountError, ConflictError, DefinitionError, PeelError, ResumeError, StoreError, UnknownRun
from peel.web.rendering import page
from peel.web.running import Busy
from peel.web.security.visitors import Visitor, identify

_STATUS: tuple[tuple[type[PeelError], int], ...] = (
    (UnknownRun, 404),
    (ConflictError, 409),
    (AccountError, 409),
    (Busy, 409),
    (ResumeError, 409),
    (DefinitionError, 422),
    (StoreError, 503),
    (PeelError, 422),
)
_LOG = logging.getLogger(__name__)


def add_failures(app: FastAPI) -> None:
    """Let the application answer every error in words."""

    @app.exception_handler(PeelError)
    def peel_error(request: Request, error: PeelError) -> Response:
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        return _told(request, status, str(error))

    @app.exception_handler(StarletteHTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        if error.status_code == 401 and not _is_api(request) and request.method == "GET":
            return RedirectResponse(f"/login?{urlencode({'next': _asked(request)})}", status_code=303)
        return _told(request, error.status_code, str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        return _told(request, 422, "; ".join(_sentence(one) for one in error.errors()[:10]))

    @app.exception_handler(Exception)
    def fault(request: Request, error: Exception) -> Response:
        _LOG.error("a request failed by a fault of PEEL", exc_info=error)
        return _told(request, 500, "PEEL made a mistake here; the server's log has its trace")


def _told(request: Request, status: int, sentence: str, *, headers: dict[str, str] | None = None) -> Response:
    if _is_api(request):
        return JSONResponse({"detail": _encodable(sentence)}, status_code=status, headers=headers)
    response: Response = page(request, _visitor(request), "failure.html", status=status, sentence=_encodable(sentence))
    response.headers.update(headers or {})
    return response


def _visitor(request: Request) -> Visitor:
    """Who asked; nobody, where the question itself was what failed."""
    try:
        return identify(request)
    except (HTTPException, PeelError):
        return Visitor(None, None, "page", "", is_new=False, address="")


def _asked(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _sentence(error: dict[str, object]) -> str:
    where = [str(part) for part in error.get("loc", ()) if part not in ("body", "query", "path")]  # type: ignore[attr-defined]  # pydantic's own shape
    return f"{'.'.join(where) or 'the request'}: {error.get('msg')}"


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _encodable(sentence: str) -> str:
    return sentence.encode(errors="replace").decode()
