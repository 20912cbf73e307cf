"""Changes: none is made for another site's page, by whatever route (CSRF)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def changing(app: Any) -> Iterator[tuple[str, str]]:
    """Method and path of each route that may change something, its parameters filled in."""
    for route in iter_route_contexts(app.routes):
        for method in sorted((route.methods or set()) - {"GET", "HEAD", "OPTIONS"}):
            yield method, re.sub(r"\{[^}]*\}", "x", route.path or "")


def sent(client: Any, method: str, path: str, **headers: str) -> int:
    """The status of an empty change as our own pages send it, with some headers more or other."""
    is_api = path.startswith("/api/")
    own = {"content-type": JSON if is_api else FORM, **headers}
    return int(client.request(method, path, content=b"{}" if is_api else b"", headers=own).status_code)


def test_no_route_takes_a_change_without_the_pages_token(app: Any, client_as: Callable[..., Any]) -> None:
    """None, a wrong one, another session's, or the session's cookie itself; by an admin who may do everything."""
    admin, other = client_as("admin"), client_as("viewer")
    routes = list(changing(app))
    assert ("POST", "/login") in routes
    for method, path in routes:
        assert sent(admin, method, path) == 403, path
        cookie = admin.cookies["peel-session-8000"]
        for token in ("x", "", other.csrf, cookie, cookie.partition(".")[2], admin.csrf[:-1]):
            assert sent(admin, method, path, **{"x-csrf-token": token}) == 403, (path, token)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9000"},
        {"origin": "https://127.0.0.1:8000"},
        {"origin": "http://localhost:8000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_no_route_takes_a_change_from_another_origin(
    app: Any, client_as: Callable[..., Any], headers: dict[str, str]
) -> None:
    """Even with the right token: another scheme or port is another origin too."""
    admin = client_as("admin")
    token = admin.csrf
    for method, path in changing(app):
        assert sent(admin, method, path, **{"x-csrf-token": token, **headers}) == 403, path


def test_no_route_takes_what_a_form_of_another_site_could_send(app: Any, client_as: Callable[..., Any]) -> None:
    """Neither as text nor with files, nor JSON to pages or forms to the API."""
    admin = client_as("admin")
    token = admin.csrf
    for method, path in changing(app):
        other = FORM if path.startswith("/api/") else JSON
        for kind in ("text/plain", "multipart/form-data; boundary=x", "", other):
            assert sent(admin, method, path, **{"x-csrf-token": token, "content-type": kind}) == 415, (path, kind)


def test_no_route_takes_a_change_from_nobody(
    app: Any, client_as: Callable[..., Any], new_client: Callable[[], Any]
) -> None:
    """Where there are users; the login itself is protected by the token of a session that is nobody's yet."""
    client_as("admin")
    nobody = new_client()
    token = nobody.csrf
    for method, path in changing(app):
        if path != "/login":
            assert sent(nobody, method, path) == 401, path
            assert sent(nobody, method, path, **{"x-csrf-token": token}) == 401, path
    assert sent(nobody, "POST", "/login") == 403
    assert sent(nobody, "POST", "/login", **{"x-csrf-token": token}) == 422


def test_an_open_server_takes_no_change_from_another_site_either(app: Any, new_client: Callable[[], Any]) -> None:
    """Nobody is logged in there, so a browser needs no cookie to be misused."""
    client = new_client()
    client.csrf  # noqa: B018  # a page was open: the browser has a session
    for method, path in changing(app):
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
            assert sent(client, method, path, **headers) == 403, path
            assert sent(new_client(), method, path, **headers) == 403, path
        assert sent(client, method, path) == 403, path
        assert sent(new_client(), method, path, **{"content-type": "text/plain"}) == 415, path
        if not path.startswith("/api/"):
            assert sent(new_client(), method, path) == 403, path


def test_a_change_with_its_token_is_made(client_as: Callable[..., Any], server: Any) -> None:
    """In the form, or in the header as htmx sends it; an own origin is named by browsers."""
    admin = client_as("admin")
    fields = {"name": "eve", "role": "viewer", "password": "a few more words"}
    assert admin.change("/admin/users", **fields).status_code == 303
    headers = {"x-csrf-token": admin.csrf, "origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}
    assert admin.post("/admin/users", data={**fields, "name": "bob"}, headers=headers).status_code == 303
    assert {user.name for user in server.accounts.users()} == {"admin", "eve", "bob"}


def test_nothing_is_changed_by_asking_for_it(app: Any, client_as: Callable[..., Any]) -> None:
    """No route takes a change by GET that it takes by another method."""
    admin = client_as("admin")
    for method, path in changing(app):
        assert method in ("POST", "PUT", "PATCH", "DELETE")
        if path not in ("/login",):
            answer = admin.get(path + "?name=eve&role=viewer&password=a+few+more+words")
            assert answer.status_code in (200, 303, 404, 405, 422), path
    assert admin.get("/login").headers["location"] == "/"
