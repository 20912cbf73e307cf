"""Production for programs: numbers, interactions in pages, mapping corrected, topics; the same as the pages show."""

from __future__ import annotations

from typing import Any

import pytest

from peel.records.feedback import Interaction, Rating

DAY = 86_400.0
FIRST = 20_500 * DAY


@pytest.fixture
def stored(workspace: Any) -> int:
    """Thirty interactions, one a day, of which every third is rated; two without a scenario."""
    interactions = [
        Interaction(
            id=f"i{n}", at=FIRST + n * DAY, input=f"How {n}?", scenario="support" if n < 28 else None, channel="web"
        )
        for n in range(30)
    ]
    ratings = [
        Rating(id=f"r{n}", interaction=f"i{n}", kind="stars", original=1 + n % 5, value=(n % 5) / 4, at=FIRST + n * DAY)
        for n in range(0, 30, 3)
    ]
    workspace.store.feedback().add(interactions, ratings, received=FIRST + 50 * DAY)
    return len(interactions)


def test_the_numbers_of_a_selection(client: Any, stored: int) -> None:
    """As the report has them; what is unknown is null."""
    told = client.get("/api/feedback", params={"scenario": "support", "period": "week"}).json()
    assert told["overall"]["tally"]["interactions"] == 28
    assert told["overall"]["tally"]["rated"] == 10
    assert (told["period"], told["wanted"]["scenario"]) == ("week", ["support"])
    assert sum(one["estimate"]["tally"]["interactions"] for one in told["over_time"]) == 28
    nothing = client.get("/api/feedback", params={"channel": "mail"}).json()
    assert nothing["overall"]["low"] is None
    assert nothing["weakest"] is None
    assert nothing["limits"]["interactions"] == stored


def test_an_empty_store_has_no_numbers(client: Any) -> None:
    """Null, not 0."""
    told = client.get("/api/feedback").json()
    assert (told["overall"]["low"], told["overall"]["worst"], told["limits"]["first"]) == (None, None, None)
    assert client.get("/api/feedback/interactions").json() == {"interactions": [], "next": None}
    assert client.get("/api/feedback/topics").status_code == 404


@pytest.mark.parametrize("sort", ["newest", "oldest", "lowest", "highest"])
def test_interactions_in_pages(client: Any, stored: int, sort: str) -> None:
    """Each once; `next` goes on behind the last, and is null at the end."""
    found: list[str] = []
    behind: str | None = None
    for _ in range(4):
        params = {"sort": sort, "limit": 8, **({"behind": behind} if behind else {})}
        told = client.get("/api/feedback/interactions", params=params).json()
        found += [one["interaction"]["id"] for one in told["interactions"]]
        behind = told["next"]
    assert behind is None
    assert sorted(found) == sorted(f"i{n}" for n in range(stored))


def test_one_interaction(client: Any, stored: int) -> None:
    """With its ratings and its mapping; 404 where there is none."""
    told = client.get("/api/feedback/interactions/i3").json()
    assert told["value"] == 0.75
    assert [one["rating"]["original"] for one in told["ratings"]] == [4]
    assert told["mapping"]["state"] == "named"
    assert client.get("/api/feedback/interactions/nobody").status_code == 404


def test_a_mapping_is_corrected(client: Any, stored: int) -> None:
    """To a scenario, to none, and back to what it means."""
    path, states = "/api/feedback/interactions/i29/mapping", []
    for body in ({"scenario": "support"}, {"scenario": None}, {"again": True}):
        answer = client.put(path, json=body)
        assert answer.status_code == 200, answer.text
        states.append((answer.json()["mapping"]["state"], answer.json()["mapping"]["scenario"]))
    assert states[0] == ("hand", "support")
    assert states[1][1] is None
    assert states[2] == ("waiting", None)
    assert client.put(path, json={"again": True, "scenario": "support"}).status_code == 422
    assert client.put(path, json={"scenario": "nowhere"}).status_code == 404
    assert client.put("/api/feedback/interactions/nobody/mapping", json={}).status_code == 404


def test_interactions_become_draft_cases(client: Any, stored: int, root: Any) -> None:
    """The answer names the file, relative to the workspace."""
    answer = client.post("/api/feedback/cases", json={"scenario": "support", "interactions": ["i1", "i2"]})
    assert answer.status_code == 201, answer.text
    assert answer.json() == {"path": "scenarios/support.csv"}
    assert "How 2?" in (root / "scenarios" / "support.csv").read_text()
    assert client.post("/api/feedback/cases", json={"scenario": "support", "interactions": []}).status_code == 422
    missing = client.post("/api/feedback/cases", json={"scenario": "support", "interactions": ["nobody"]})
    assert missing.status_code == 422


@pytest.mark.parametrize(
    "query",
    ["since=2026-02-31", "scenario=%00", "mapping=x", "behind=1", "limit=0", "low=2", "period=hour", "sort=best"],
)
def test_what_cannot_be_read_is_told(client: Any, query: str) -> None:
    """With a sentence, and without a fault."""
    path = "/api/feedback" if query.startswith(("low", "period")) else "/api/feedback/interactions"
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_work_that_nobody_asked_for_has_no_standing(client: Any) -> None:
    """Of this server."""
    for kind in ("discovery", "mapping"):
        assert client.get(f"/api/feedback/{kind}").status_code == 404
