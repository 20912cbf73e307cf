"""API tokens: what they open, what they never open, and when they stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from peel.web.server import Server


def test_a_revoked_token_is_worth_nothing_from_the_next_request_on(
    token_client: Callable[..., Any], server: Server
) -> None:
    """While the users other tokens stay."""
    client, other = token_client("admin"), token_client("admin")
    assert client.get("/admin").status_code == 200
    (token, *_) = [one for one in server.accounts.tokens() if one.used is not None]
    server.accounts.revoke_token(token.id)
    answer = client.get("/admin")
    assert answer.status_code == 401
    assert "the API token is unknown or revoked" in answer.text
    assert answer.headers["www-authenticate"] == "Bearer"
    assert other.get("/admin").status_code == 200


def test_a_token_of_a_wide_scope_gives_its_user_no_more_than_the_role(
    token_client: Callable[..., Any], server: Server
) -> None:
    """And follows it down."""
    client = token_client("admin")
    server.accounts.set_role("program", "viewer")
    answer = client.get("/admin")
    assert answer.status_code == 403
    assert "this needs the role admin; program has the role viewer here" in answer.text


def test_a_token_that_hands_data_in_is_told_so(token_client: Callable[..., Any]) -> None:
    """It reads nothing."""
    answer = token_client("ingest").get("/admin")
    assert answer.status_code == 403
    assert "this token is for handing data in only" in answer.text


def test_a_token_needs_no_page_and_gets_no_session(token_client: Callable[..., Any], server: Server) -> None:
    """No cookie could be misused later; what it changes is in the log as its own."""
    client = token_client("admin")
    fields = {"name": "eve", "role": "viewer", "password": "a few more words"}
    answer = client.post("/admin/users", data=fields)
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers
    assert "set-cookie" not in client.get("/admin").headers
    entry = server.audit.entries(limit=1)[0]
    assert (entry.actor, entry.via, entry.action, entry.subject) == ("program", "token", "add user", "eve (viewer)")


@pytest.mark.parametrize("header", ["bearer {}", "BEARER {}", "Bearer  {} "])
def test_a_token_is_read_as_the_standard_writes_it(
    new_client: Callable[[], Any], token_client: Callable[..., Any], header: str
) -> None:
    """Whatever the case of the scheme."""
    text = token_client("viewer").headers["authorization"].removeprefix("Bearer ")
    client = new_client()
    assert client.get("/admin", headers={"authorization": header.format(text)}).status_code == 403
    assert client.get("/admin", headers={"authorization": header.format(text + "x")}).status_code == 401
