"""Who may do what over the API: every operation needs the role that the description names, and changes are JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from peel.records.accounts import ROLES

KNOWN = {"run": "last", "scenario": "support", "number": "0", "session": "0" * 20, "item": "0" * 20}
KNOWN |= {"interaction": "i1", "topic": "1"}


def operations(client: Any) -> Iterator[tuple[str, str, str]]:
    """Method, address and needed role of every operation."""
    for path, methods in client.get("/api/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            yield method, path.format(**KNOWN), operation["x-role"]


def may(role: str, needed: str) -> bool:
    """Whether a role is enough; what ingest tokens are for, editors may do, too."""
    return ROLES.index(role) >= ROLES.index("editor" if needed == "ingest" else needed)


def ask(client: Any, method: str, path: str) -> Any:
    body = {} if method == "get" else {"json": {}}
    return client.request(method, path, **body)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_it_covers_and_nothing_else(role, client, token_client):
    """Who has less is refused with the role that is needed, whatever is sent; who has it is let in."""
    own = token_client(role)
    for method, path, needed in operations(client):
        answer = ask(own, method, path)
        if not may(role, needed):
            told = f"needs the role {'editor, or a token' if needed == 'ingest' else needed}"
            assert (answer.status_code, told in answer.text) == (403, True), (method, path)
        else:
            assert answer.status_code not in (401, 403), (method, path, answer.text)


def test_without_a_login_nothing_is_told_once_there_are_users(client, client_as, token_client):
    """Neither nobody, nor a token that is unknown, nor one for handing data in only gets anything; the last may do
    that."""
    client_as("viewer")
    unknown, ingest = client, token_client("ingest")
    for method, path, needed in operations(ingest):
        assert ask(unknown, method, path).status_code == 401, path
        assert ask(ingest, method, path).status_code == (422 if needed == "ingest" else 403), path
        assert unknown.request(method, path, headers={"authorization": "Bearer peel_none"}).status_code == 401


def test_a_rater_in_a_browser_cannot_call_what_editors_may(client_as):
    """A session is held to its role over the API too."""
    rater = client_as("rater")
    answer = rater.post("/api/runs", json={}, headers={"x-csrf-token": rater.csrf})
    assert (answer.status_code, "needs the role editor" in answer.text) == (403, True)


def test_a_session_changes_nothing_without_its_token(client_as, workspace):
    """Another site's page that makes a browser send JSON gets nowhere; with the page's token it is let through."""
    editor = client_as("editor")
    for headers in ({}, {"x-csrf-token": "wrong"}, {"x-csrf-token": editor.csrf, "origin": "http://evil.example"}):
        assert editor.post("/api/runs", json={"scenarios": ["support"]}, headers=headers).status_code == 403
    assert workspace.store.listed(limit=9).runs == ()
    foreseen = editor.post("/api/runs/foresight", json={}, headers={"x-csrf-token": editor.csrf})
    assert foreseen.status_code == 200


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
@pytest.mark.parametrize("who", ["client", "token"])
def test_bodies_are_json_and_nothing_else(kind, who, client, token_client):
    """A form or plain text, which another site's page may send without asking, is refused from everybody."""
    asking = client if who == "client" else token_client("admin")
    for path in ("/api/runs", "/api/runs/last/cancel", "/api/scenarios"):
        refused = asking.post(path, content=b"{}", headers={"content-type": kind})
        assert (refused.status_code, "application/json" in refused.json()["detail"]) == (415, True)


def test_a_body_that_is_too_large_is_refused(token_client):
    """The limit of every request holds here too."""
    refused = token_client("editor").post("/api/scenarios", json={"fields": {"scenario": "x" * 1_100_000}})
    assert (refused.status_code, "larger than" in refused.json()["detail"]) == (413, True)


def test_an_address_that_is_none_is_told_in_json(client):
    """Programs get an object with a sentence, also for a wrong address or method."""
    for method, path, status in (("get", "/api/none", 404), ("delete", "/api/runs", 405)):
        headers = {"content-type": "application/json"}
        answer = client.request(method, path, headers=headers)
        assert (answer.status_code, set(answer.json())) == (status, {"detail"})


def test_the_description_is_whole(client: Any, token_client: Callable[..., Any]):
    """Every operation has its own name, a sentence, a role, and says how it fails; pages are not in it."""
    made = client.get("/api/openapi.json").json()
    found = [one for methods in made["paths"].values() for one in methods.values()]
    assert len({one["operationId"] for one in found}) == len(found)
    assert all(one["description"] and one["x-role"] in (*ROLES, "ingest") for one in found)
    assert all({"401", "403", "422", "503"} <= set(one["responses"]) for one in found)
    assert all(path.startswith("/api/") for path in made["paths"])
    assert made["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_the_description_can_be_read_as_a_page(client):
    """Every operation and every record stands in it."""
    text = client.get("/api/docs").text
    made = client.get("/api/openapi.json").json()
    for path in made["paths"]:
        assert path in text
    for record in made["components"]["schemas"]:
        assert f'id="record-{record}"' in text


def test_who_asks_is_told_who_they_are(token_client, client):
    """By token or by page."""
    assert client.get("/api/me").json()["role"] == "admin"
    assert token_client("rater").get("/api/me").json() == {"name": "program", "role": "rater", "via": "token"}
    choices = client.get("/api/workspace", headers=token_client("viewer").headers).json()
    assert choices["model_roles"] == ["default", "judge"]
    assert choices["orchestrations"] == [{"name": "reply", "description": "", "steps": ["question", "answer"]}]
