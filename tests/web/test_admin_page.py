"""The admin's page: users, tokens and the audit log."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from peel.web.pages.admin import ENTRIES
from peel.web.server import Server

WORDS = "a few more words"


@pytest.fixture
def admin(client_as: Callable[..., Any]) -> Any:
    """A client that an admin has logged in with."""
    return client_as("admin")


def users(server: Server) -> dict[str, str]:
    """The users' roles by their names."""
    return {user.name: user.role for user in server.accounts.users()}


def test_a_user_is_added_changed_and_removed(admin: Any, server: Server, new_client: Callable[[], Any]) -> None:
    """Each change is in the audit log, with who made it, and no password is."""
    assert admin.change("/admin/users", name="eve", role="viewer", password=WORDS).headers["location"] == "/admin#users"
    assert new_client().log_in("eve", WORDS).status_code == 303
    assert admin.change("/admin/users/role", name="eve", role="editor").status_code == 303
    assert users(server) == {"admin": "admin", "eve": "editor"}
    assert admin.change("/admin/users/password", name="eve", password="another few words").status_code == 303
    assert new_client().log_in("eve", WORDS).status_code == 401
    assert new_client().log_in("eve", "another few words").status_code == 303
    assert admin.change("/admin/users/remove", name="eve").status_code == 303
    assert users(server) == {"admin": "admin"}
    log = [(one.actor, one.via, one.action, one.subject) for one in server.audit.entries(limit=99)]
    assert [entry for entry in reversed(log) if entry[2] not in ("login", "login failed")] == [
        ("admin", "page", "add user", "eve (viewer)"),
        ("admin", "page", "change role", "eve (editor)"),
        ("admin", "page", "change password", "eve"),
        ("admin", "page", "remove user", "eve"),
    ]
    assert "words" not in str(log)


@pytest.mark.parametrize(
    ("path", "fields", "sentence"),
    [
        ("users", {"name": "admin", "role": "viewer", "password": WORDS}, "there is a user 'admin' already"),
        ("users", {"name": "eve", "role": "boss", "password": WORDS}, "there is no role 'boss'; "),
        ("users", {"name": "eve", "role": "viewer", "password": "short"}, "the password has 5 characters; 12 to 200"),
        ("users", {"name": " eve", "role": "viewer", "password": WORDS}, "cannot be a user's name"),
        ("users/role", {"name": "admin", "role": "viewer"}, "nobody changes their own role"),
        ("users/remove", {"name": "admin"}, "nobody changes their own role or removes themselves"),
        ("users/remove", {"name": "nobody"}, "there is no user 'nobody'"),
        ("users/password", {"name": "nobody", "password": WORDS}, "there is no user 'nobody'"),
        ("tokens", {"name": "nobody", "scope": "viewer"}, "there is no user 'nobody'"),
        ("tokens", {"name": "admin", "scope": "all"}, "there is no scope 'all'"),
        ("tokens/revoke", {"token": "00000000"}, "there is no token '00000000'"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    admin: Any, server: Server, path: str, fields: dict[str, str], sentence: str
) -> None:
    """Nor is it in the log."""
    answer = admin.change(f"/admin/{path}", **fields)
    assert answer.status_code == 409
    assert sentence in answer.text.replace("&#39;", "'")
    assert users(server) == {"admin": "admin"}
    assert server.accounts.tokens() == []
    assert server.audit.entries(limit=9) == []


def test_a_token_is_shown_once_and_works_until_it_is_revoked(
    admin: Any, server: Server, new_client: Callable[[], Any]
) -> None:
    """The page that follows names it, and no longer shows it."""
    answer = admin.change("/admin/tokens", name="admin", scope="admin")
    assert answer.status_code == 201
    found = re.search(r"peel_([0-9a-f]{8})_[\w-]{43}", answer.text)
    assert found is not None
    program = new_client()
    program.headers["authorization"] = f"Bearer {found[0]}"
    page = program.get("/admin")
    assert page.status_code == 200
    assert found[1] in page.text
    assert found[0] not in page.text
    assert admin.change("/admin/tokens/revoke", token=found[1]).status_code == 303
    assert program.get("/admin").status_code == 401
    assert [one.action for one in server.audit.entries(limit=2)] == ["revoke token", "add token"]


def test_the_first_user_of_an_open_server_closes_it(client: Any, server: Server) -> None:
    """From the next request on."""
    assert "nobody has to log in" in client.get("/admin").text
    assert client.change("/admin/users", name="ann", role="admin", password=WORDS).status_code == 303
    assert client.get("/admin").headers["location"].startswith("/login")
    assert client.log_in("ann", WORDS).status_code == 303
    assert client.get("/admin").status_code == 200


def test_the_log_is_read_page_by_page(admin: Any, server: Server) -> None:
    """Each entry is on one page, the newest on the first."""
    for number in range(ENTRIES * 2):
        server.audit.add("start run", f"run-{number}.", actor="ann", via="page")
    seen: list[str] = []
    path: str | None = "/admin"
    pages = 0
    while path is not None:
        text = admin.get(path).text
        seen += re.findall(r"run-\d+\.", text)
        older = re.search(r'href="(/admin\?before=\d+)#audit"', text)
        path, pages = older and older[1], pages + 1
    assert seen == [f"run-{number}." for number in range(ENTRIES * 2 - 1, -1, -1)]
    assert pages >= 2


def test_what_others_wrote_is_text(admin: Any, server: Server, password_hash: str) -> None:
    """In names, and in the log of logins, where anybody writes."""
    server.accounts.add("<img src=x onerror=alert(1)>", "viewer", password_hash=password_hash)
    server.audit.add("login failed", "<b>", actor="<script>alert(1)</script>", via="page", address="<i>")
    text = admin.get("/admin").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert not re.search(r"<script>|<img src=x|<b>|<i>", text)


def test_the_page_in_a_browser(open_page: Callable[..., Any], live: Any, accessible: Callable[[Any], None]) -> None:
    """Usable by keyboard and screen reader, light, dark and narrow; a token is made and shown."""
    for scheme in ("light", "dark"):
        page = open_page("/admin", role="admin", color_scheme=scheme, viewport={"width": 390, "height": 800})
        page.locator("summary").first.press("Enter")
        page.get_by_role("button", name="Make token").click()
        page.get_by_text("it cannot be shown again").wait_for()
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.complaints == []
    assert len(live.server.accounts.tokens()) == 2
