"""Pages as HTML. Everything that a template is given is text and is escaped, save what PEEL's reports made of it."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from peel.counting import counted
from peel.reports.text import one_line, visible
from peel.reports.wording import cost, interval, number, seconds, share
from peel.web.assets import url_of
from peel.web.security.visitors import Visitor
from peel.web.server import server_of
from peel.web.wording import ago, lasting, minute, moment, when

LONGEST_TEXT = 200_000
"""Characters of one text from a model or a case that a page shows."""


class Renderer:
    """Fills templates. Safe to use from several threads."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("peel.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(asset=url_of, interval=interval)
        self._environment.filters.update(
            when=when, moment=moment, ago=ago, count=counted, lasting=lasting, minute=minute
        )
        self._environment.filters.update(duration=seconds, money=cost, value=number, share=share)
        self._environment.filters.update(one_line=one_line, visible=partial(visible, limit=LONGEST_TEXT))

    def text(self, template: str, **values: Any) -> str:
        """A template with its values."""
        return self._environment.get_template(template).render(values)


def page(request: Request, visitor: Visitor, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A whole page, or a part of one, for a visitor, who is given a session with it where there is none yet."""
    server = server_of(request)
    csrf = server.sessions.change_token(visitor.session) if visitor.session else ""
    text = server.renderer.text(template, visitor=visitor, csrf=csrf, path=request.url.path, **values)
    response = HTMLResponse(text, status_code=status)
    if visitor.is_new:
        server.sessions.write(response, visitor.session, secure=request.url.scheme == "https")
    return response


def is_part(request: Request) -> bool:
    """Whether only a part of a page is asked for, by htmx."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true"
