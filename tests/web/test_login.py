"""Logging in and out: who gets a session, what it is worth, and what a cookie that was tampered with is worth."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from itsdangerous import Signer

from peel.store.auditing import LOGIN_FAILED
from peel.web.security.logins import MOST_BOTH, MOST_OF_ADDRESS
from peel.web.server import Server

PASSWORD = "nobody guesses this"
COOKIE = "peel-session-8000"


@pytest.fixture
def ann(server: Server, password_hash: str) -> str:
    """The name of a user, an editor."""
    return server.accounts.add("ann", "editor", password_hash=password_hash).name


def is_known(client: Any) -> bool:
    """Whether a client's session is somebody's: the form has nothing to ask then."""
    return bool(client.get("/login").status_code == 303)


def actions(server: Server) -> list[tuple[str, str]]:
    """The audit log's actions and actors, the newest first."""
    return [(entry.action, entry.actor) for entry in server.audit.entries(limit=100)]


def test_without_users_nobody_has_to_log_in_on_loopback(client: Any) -> None:
    """The form leads on at once, and the first user closes the server."""
    assert is_known(client)


def test_with_a_user_everybody_has_to_log_in(client: Any, ann: str) -> None:
    """Also who was there before the user was: a page leads to the form and back."""
    answer = client.get("/admin?before=3")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fadmin%3Fbefore%3D3")


def test_a_request_that_a_proxy_passed_on_is_not_this_machines_own(client: Any) -> None:
    """A proxy that somebody put before an open server opens it to nobody."""
    for name in ("x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-host"):
        assert client.get("/admin", headers={name: "198.51.100.7"}).status_code == 303
    assert client.get("/admin").status_code == 200


def test_a_part_of_a_page_is_refused_rather_than_replaced_by_the_form(client: Any, ann: str) -> None:
    """htmx would put the form where the part was."""
    answer = client.get("/admin", headers={"hx-request": "true"})
    assert answer.status_code == 401
    assert "log in first" in answer.text


def test_the_right_password_opens_a_session(client: Any, server: Server, ann: str) -> None:
    """The cookie is kept from scripts and from other sites' forms, and the log knows of the login."""
    answer = client.log_in(ann)
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    assert is_known(client)
    assert actions(server) == [("login", "ann")]


def test_over_https_the_cookie_is_for_https_only(client: Any, ann: str) -> None:
    """And browsers are told to stay with it."""
    client.base_url = "https://127.0.0.1:8000"
    answer = client.log_in(ann)
    assert "; secure" in answer.headers["set-cookie"].lower()
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ann", "nobody guesses that"),
        ("eve", PASSWORD),
        ("a\x00b", PASSWORD),
        ("\ud800", PASSWORD),
        ("ann", "\x00" * 20),
    ],
)
def test_a_wrong_name_and_a_wrong_password_are_told_alike(
    client: Any, server: Server, ann: str, name: str, password: str
) -> None:
    """Nobody learns which users there are; each try is in the log, without the password."""
    answer = client.change("/login", name=name.encode(errors="replace"), password=password)
    assert answer.status_code == 401
    assert "The name or the password is wrong." in answer.text
    assert not is_known(client)
    assert actions(server)[0][0] == LOGIN_FAILED
    assert password not in str(server.audit.entries(limit=9))


def test_a_session_that_was_planted_is_worth_nothing_after_the_login(
    new_client: Callable[[], Any], server: Server, ann: str
) -> None:
    """The session gets a new id (session fixation)."""
    attacker, victim = new_client(), new_client()
    attacker.get("/login")
    planted = attacker.cookies[COOKIE]
    victim.cookies.set(COOKIE, planted, domain="127.0.0.1")
    assert victim.log_in(ann).status_code == 303
    assert victim.cookies[COOKIE] != planted
    assert is_known(victim)
    assert not is_known(attacker)


def test_who_logs_in_anew_leaves_no_session_behind(new_client: Callable[[], Any], ann: str) -> None:
    """The session before is ended in the store, also for whoever kept its cookie."""
    client, other = new_client(), new_client()
    client.log_in(ann)
    other.cookies.set(COOKIE, client.cookies[COOKIE], domain="127.0.0.1")
    assert is_known(other)
    client.log_in(ann)
    assert is_known(client)
    assert not is_known(other)


def test_logging_out_ends_the_session_itself(new_client: Callable[[], Any], ann: str) -> None:
    """A copy of the cookie is worth nothing afterwards."""
    client, thief = new_client(), new_client()
    client.log_in(ann)
    thief.cookies.set(COOKIE, client.cookies[COOKIE], domain="127.0.0.1")
    assert client.change("/logout").headers["location"] == "/login"
    assert not is_known(client)
    assert not is_known(thief)


def test_a_cookie_that_was_tampered_with_is_nobodys(new_client: Callable[[], Any], ann: str) -> None:
    """Another id, another signature, a signature for another purpose, by another key, or none."""
    client = new_client()
    client.log_in(ann)
    session, signature = client.cookies[COOKIE].split(".")
    by_another = Signer("another key", salt="peel.session", digest_method=hashlib.sha256, key_derivation="hmac")
    forged = [
        f"{session[:-1]}{'A' if session[-1] != 'A' else 'B'}.{signature}",
        f"{session}.{signature[:-2]}AA",
        f"{session}.{client.csrf}",
        by_another.sign(session).decode(),
        session,
        f"{session}.",
        f".{signature}",
        f"{session}.{signature}.{signature}",
        "",
        "é",
    ]
    for cookie in forged:
        other = new_client()
        answer = other.get("/login", headers={"cookie": f"{COOKIE}={cookie}".encode()})
        assert answer.status_code == 200, cookie
        assert f"{COOKIE}=" in answer.headers["set-cookie"]
    assert is_known(client)


def test_a_login_leads_nowhere_but_to_this_server(new_client: Callable[[], Any], client_as: Callable[..., Any]) -> None:
    """Whatever `next` says, before the login or in it."""
    client_as_ann = client_as("viewer", "ann")
    for wanted in ("https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "runs", ""):
        answer = client_as_ann.get("/login", params={"next": wanted})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
    answer = new_client().change("/login", name="ann", password=PASSWORD, next="//evil.example")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    answer = new_client().change("/login", name="ann", password=PASSWORD, next="/runs/x?case=" + "y" * 900)
    assert answer.headers["location"].startswith("/runs/x?case=y")


def test_too_many_wrong_passwords_are_stopped(new_client: Callable[[], Any], server: Server, ann: str) -> None:
    """Then the right one is not looked at either; another name from the same address still is."""
    server.accounts.add("bob", "viewer", password_hash=server.accounts.password_hash(ann) or "")
    client = new_client()
    for _ in range(MOST_BOTH - 1):
        server.audit.add(LOGIN_FAILED, actor=ann, via="page", address="testclient")
    assert client.log_in(ann, "a wrong password").status_code == 401
    answer = client.log_in(ann)
    assert answer.status_code == 429
    assert "too many logins failed; try again in 15 minutes" in answer.text
    assert not is_known(client)
    assert client.log_in("bob").status_code == 303


def test_an_address_that_tries_many_names_is_stopped(client: Any, server: Server, ann: str) -> None:
    """Each name was tried once only."""
    for number in range(MOST_OF_ADDRESS):
        server.audit.add(LOGIN_FAILED, actor=f"user {number}", via="page", address="testclient")
    assert client.log_in(ann).status_code == 429


def test_many_failures_elsewhere_do_not_lock_a_user_out(client: Any, server: Server, ann: str) -> None:
    """Whoever knows a name could otherwise keep its owner away with a few requests."""
    for number in range(MOST_OF_ADDRESS):
        server.audit.add(LOGIN_FAILED, actor=ann, via="page", address=f"198.51.100.{number}")
    assert client.log_in(ann).status_code == 303


def test_what_the_store_holds_of_a_password_is_argon2(server: Server, ann: str) -> None:
    """With a salt of its own: two users with one password have two hashes."""
    assert str(server.accounts.password_hash(ann)).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_changed_role_holds_from_the_next_request_on(client_as: Callable[..., Any], server: Server) -> None:
    """No session keeps what its user may no longer do."""
    client = client_as("admin")
    assert client.get("/admin").status_code == 200
    server.accounts.set_role("admin", "viewer")
    assert client.get("/admin").status_code == 403
    server.accounts.remove("admin")
    server.accounts.add("other", "admin", password_hash="x")
    assert client.get("/admin").status_code == 303
