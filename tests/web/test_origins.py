"""Ratings from pages of other origins: only those that `peel.yaml` names, only ratings, and nothing is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from peel.workspace import Workspace

SHOP = "https://shop.example.com"
RATING = {"interaction": "i1", "stars": 4, "id": "a"}


@pytest.fixture
def workspace(root: Path) -> Iterator[Workspace]:
    """A workspace that takes five ratings a minute from the pages of one shop."""
    path = root / "peel.yaml"
    path.write_text(path.read_text() + f'feedback: {{origins: ["{SHOP}"], widget_limit: 5}}\n')
    with Workspace(root) as opened:
        yield opened


def preflight(client: Any, origin: str, path: str = "/api/ratings") -> Any:
    asks = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    return client.options(path, headers=asks)


def rate(client: Any, origin: str, sent: Any = RATING, **headers: str) -> Any:
    return client.post("/api/ratings", json=sent, headers={"origin": origin, "sec-fetch-site": "cross-site", **headers})


def test_a_browser_is_told_which_pages_may_send(client: Any) -> None:
    """One origin, exactly; no cookies; nothing but ratings."""
    told = preflight(client, SHOP)
    assert told.status_code == 204
    assert told.headers["access-control-allow-origin"] == SHOP
    assert told.headers["access-control-allow-headers"] == "content-type"
    assert "access-control-allow-credentials" not in told.headers
    assert told.headers["vary"] == "Origin"
    others = ("http://shop.example.com", f"{SHOP}:8443", f"{SHOP}.evil.example", "https://example.com", "null", "*", "")
    for origin in others:
        refused = preflight(client, origin)
        assert (refused.status_code, "access-control-allow-origin" in refused.headers) == (403, False), origin
    for path in ("/api/interactions", "/api/runs", "/login", "/api/ratings/"):
        assert "access-control-allow-origin" not in preflight(client, SHOP, path).headers, path


def test_an_allowed_page_rates_without_a_token(client: Any, client_as: Callable[..., Any], server: Any) -> None:
    """Also where users have to log in; the answer, right or wrong, is for the page to read."""
    client_as("viewer")
    answer = rate(client, SHOP)
    assert (answer.status_code, answer.json()["new"]) == (202, 1)
    assert answer.headers["access-control-allow-origin"] == SHOP
    wrong = rate(client, SHOP, {"interaction": "i1", "stars": 6})
    assert (wrong.status_code, wrong.headers["access-control-allow-origin"]) == (422, SHOP)
    assert rate(client, SHOP, {"id": "i1", "input": "x"}).status_code == 422
    large = rate(client, SHOP, {**RATING, "comment": "x" * 70_000})
    assert (large.status_code, "65,536 bytes" in large.json()["detail"]) == (413, True)
    assert server.workspace.feedback.reader.tally().interactions == 0


def test_every_other_page_is_refused(client: Any, client_as: Callable[..., Any]) -> None:
    """On an open server and on one with users, with a session or without; by what its browser says of it."""
    for origin in ("https://evil.example", "null", f"{SHOP}/", "http://127.0.0.1:9000"):
        answer = rate(client, origin)
        assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (403, False), origin
    admin = client_as("admin")
    assert rate(admin, "https://evil.example", **{"x-csrf-token": admin.csrf}).status_code == 403
    assert rate(client, "https://evil.example").status_code == 401


def test_the_pages_session_counts_for_nothing(client_as: Callable[..., Any]) -> None:
    """What a page sends is anybody's, whoever is logged in beside it; and it gets nowhere else."""
    admin = client_as("admin")
    assert rate(admin, SHOP).status_code == 202
    for method, path in (("POST", "/api/interactions"), ("POST", "/api/runs"), ("PUT", "/api/ratings")):
        headers = {"origin": SHOP, "sec-fetch-site": "cross-site"}
        answer = admin.request(method, path, json={}, headers=headers)
        assert answer.status_code in (403, 405), path
    assert admin.get("/api/runs", headers={"origin": SHOP}).headers.get("access-control-allow-origin") is None


def test_an_address_may_rate_so_often(client: Any) -> None:
    """And is told when to go on, in a header that the page may read; a token is counted by itself."""
    for number in range(5):
        assert rate(client, SHOP, {**RATING, "id": str(number)}).status_code == 202
    answer = rate(client, SHOP)
    assert (answer.status_code, 1 <= int(answer.headers["retry-after"]) <= 12) == (429, True)
    assert answer.headers["access-control-expose-headers"] == "Retry-After"
    assert client.post("/api/ratings", json=RATING).status_code == 202


def test_a_token_is_worth_what_it_is_wherever_it_comes_from(client: Any, token_client: Callable[..., Any]) -> None:
    """A wrong one is refused although the page would be allowed without any."""
    assert rate(client, SHOP, authorization="Bearer wrong").status_code == 401
    assert rate(token_client("viewer"), SHOP).status_code == 403
    assert rate(token_client("ingest"), "https://elsewhere.example").status_code == 202
