"""The page of topics: what the last discovery found, drafts made of it, work that goes on in the background."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from peel.records.feedback import Interaction, Rating
from peel.records.topics import DiscoveryRequest
from peel.store.topics import NewTopic
from peel.web.running import Busy
from peel.web.working import Tell
from peel.workspace import Workspace

HOSTILE = "<b onclick=alert(1)>invoices</b>"


@pytest.fixture
def topic(workspace: Any) -> None:
    """Nine interactions about invoices in one topic, four of them rated, with a hostile name and question."""
    feedback = workspace.store.feedback()
    interactions = [
        Interaction(id=f"i{n}", at=1.77e9 + n, input=f"Where is my invoice {n}? {HOSTILE}", output="Sorry.")
        for n in range(9)
    ]
    ratings = [
        Rating(id=f"r{n}", interaction=f"i{n}", kind="thumbs", original="down", value=0.0, at=1.77e9 + n)
        for n in range(4)
    ]
    feedback.add(interactions, ratings, received=1.78e9)
    keys = [feedback.reader.interaction(one.id).key for one in interactions]
    details = {"low": 0.3, "named_by": "terms", "note": "no model answered", "terms": ["invoice"]}
    details["nearest"] = {"scenario": "support", "case": "light", "similarity": 0.31}
    members = [(key, place) for place, key in enumerate(keys)]
    whole = {
        "request": DiscoveryRequest().model_dump(), "model": None, "embedding": "e", "matching": 20, "considered": 12,
        "texts": 11, "in_topics": 9, "of_one_user": 0, "waiting": 3, "note": "",
    }  # fmt: skip
    feedback.topics.replace([NewTopic(HOSTILE, details, members)], details=whole, found=1.78e9)


def text_of(html: str) -> str:
    """What a reader reads of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_before_any_discovery_the_page_says_how_to_begin(client: Any) -> None:
    """And how interactions are mapped: there are none."""
    said = text_of(client.get("/feedback/topics").text)
    assert "Nobody has looked for topics yet" in said
    assert "peel ratings discover" in said
    assert "There is no interaction to map." in said


def test_a_topic_is_shown_with_what_it_is_made_of(client: Any, topic: None) -> None:
    """Its size, its mean with the share rated, the nearest case, typical interactions; its texts are texts."""
    page = client.get("/feedback/topics").text
    said = text_of(page)
    assert "9 interactions, 9 different texts" in said
    assert "4 of 9 rated (44%)" in said
    assert "Nearest: support , case light (0.31)" in said
    assert "12 interactions of 20, the newest, unmatched or rated below 0.3" in said
    assert "no model answered" in said
    assert HOSTILE not in page
    assert "9 100%" in said.partition("Mapping to scenarios")[2]


def test_a_topic_becomes_a_draft_scenario_with_a_page(client: Any, topic: None, workspace: Any) -> None:
    """The page of topics links to it from then on."""
    found = workspace.topics().topics[0]
    answer = client.change("/feedback/topics/scenario", topic=found.key, name="invoices", like="support")
    assert answer.status_code == 303, text_of(answer.text)
    assert answer.headers["location"] == "/scenarios/invoices"
    assert client.get("/scenarios/invoices").status_code == 200
    assert 'href="/scenarios/invoices"' in client.get("/feedback/topics").text
    again = client.change("/feedback/topics/scenario", topic=found.key + 99, name="others")
    assert again.status_code == 422
    assert "there is no topic" in again.text


def test_chosen_interactions_of_a_topic_become_draft_cases(client: Any, topic: None, root: Any) -> None:
    """Of the scenario that is named; nothing chosen changes nothing."""
    before = (root / "scenarios/support.csv").read_text()
    assert client.change("/feedback/topics/cases", scenario="support").status_code == 422
    assert (root / "scenarios/support.csv").read_text() == before
    answer = client.change("/feedback/topics/cases", scenario="support", interaction="i1")
    assert answer.status_code == 303
    assert "Where is my invoice 1?" in (root / "scenarios/support.csv").read_text()


def test_discovery_goes_on_in_the_background_and_says_what_it_came_to(client: Any, server: Any) -> None:
    """With nothing to look at it is done at once; who asked for it is in the audit log."""
    assert client.change("/feedback/topics/discover").status_code == 303
    server.working.wait("discover")
    said = text_of(client.get("/feedback/topics").text)
    assert "Done : 0 topics among 0 interactions" in said
    assert "Discover again" in said
    assert [one.action for one in server.audit.entries(limit=1)] == ["discover topics"]


def test_nothing_is_mapped_where_nothing_waits(client: Any, server: Any) -> None:
    """Without loading a model."""
    assert client.change("/feedback/topics/map", again="yes").status_code == 303
    server.working.wait("map")
    assert "there is nothing to map" in client.get("/feedback/topics").text


def test_work_is_done_one_at_a_time_and_tells_its_progress(client: Any, server: Any) -> None:
    """Who asks meanwhile is refused; the part that asks for progress reloads the page when it ends."""
    gate, told = threading.Event(), threading.Event()

    def work(workspace: Workspace, tell: Tell) -> Sequence[str]:
        tell("clustering <9> texts")
        told.set()
        gate.wait(30)
        return ["1 topic"]

    server.working.start("discover", work)
    told.wait(30)
    part = client.get("/feedback/topics/progress/discover")
    assert "clustering &lt;9&gt; texts" in part.text
    assert "every 1s" in part.text
    assert "hx-refresh" not in part.headers
    assert client.change("/feedback/topics/discover").status_code == 409
    with pytest.raises(Busy):
        server.working.start("discover", work)
    gate.set()
    server.working.wait("discover")
    assert client.get("/feedback/topics/progress/discover").headers["hx-refresh"] == "true"
    assert client.get("/feedback/topics/progress/other").status_code == 404


def test_work_that_fails_says_why(client: Any, server: Any) -> None:
    """A fault of the work is a sentence on the page, and the next one may start."""

    def work(workspace: Workspace, tell: Tell) -> Sequence[str]:
        raise Busy("the model cannot be reached")

    server.working.start("map", work)
    server.working.wait("map")
    assert "It was not done: the model cannot be reached" in text_of(client.get("/feedback/topics").text)
    server.working.start("map", lambda workspace, tell: ["done"])
    server.working.wait("map")
