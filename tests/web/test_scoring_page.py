"""Scoring in the browser: blind, by keyboard alone, and no answer is lost or counted twice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from peel.records import Run
from peel.workspace import Workspace

MANUAL = "  - {id: would-send, use: manual, ask: Would you send this email as it is?}"


@pytest.fixture
def asking(root: Path, carry_out: Callable[..., Run]) -> Callable[..., Run]:
    """Carries a run out that asks people about every output: `cases` of them, twice, as the settings say."""

    def made(settings: str = "", *, cases: int = 2, repetitions: int = 2, variants: str = "") -> Run:
        path = root / "scenarios/support.yaml"
        text = path.read_text()
        text = re.sub(r"  - \{id: would-send.*", f"{MANUAL[:-1]}{settings}}}", text)
        if variants and "variants:" not in text:
            text += f"variants: {variants}\n"
        path.write_text(text)
        rows = "".join(f'case-{at},,Email number {at},"[""reset""]"\n' for at in range(cases))
        (root / "scenarios/support.csv").write_text(f"id,tags,email,expected.terms\n{rows}")
        return carry_out(repetitions=repetitions)

    return made


def session_of(client: Any, run: Run) -> str:
    """The address of a client's session on a run."""
    answer = client.get(f"/scoring/{run.id}")
    assert answer.status_code == 303
    return str(answer.headers["location"])


def said(workspace: Workspace, run: Run) -> list[tuple[str, int, float]]:
    """Who answered what about which execution, in the order it was stored."""
    rows = workspace.store.people(run.id).rows("would-send")
    answers = sorted((row for row in rows if row.rater is not None), key=lambda row: row.key)
    return [(row.rater or "", row.execution, row.value or 0.0) for row in answers]


def score(client: Any, session: str, question: str, value: Any = 0.5, **fields: Any) -> Any:
    """Send an answer as the page does."""
    return client.change(f"{session}/scores", **{"id": question, "value": value, "submission": "a" * 32, **fields})


def outputs(client: Any, session: str, **query: Any) -> Any:
    return client.get(f"{session}/outputs", params=query).json()["outputs"]


def test_the_queue_tells_what_waits_and_not_of_which_run(asking, client_as):
    """Scenario, question and count; the link leads to a session that does not name the run."""
    run = asking(variants="{cold: {answer.temperature: 0}}")
    client = client_as("rater", "ann")
    page = client.get("/scoring").text
    assert "Would you send this email as it is?" in page
    assert "<b>8 outputs</b> left of 8" in page
    assert run.id not in page
    assert session_of(client, run) in page


def test_an_empty_queue_says_what_to_do_next(client):
    """There is no run that asks people."""
    page = client.get("/scoring").text
    assert "use: manual" in page
    assert 'href="/scenarios"' in page


def test_the_queue_is_in_pages_that_do_not_tell_runs_either(asking, client_as):
    """Behind the newest runs come the older ones."""
    runs = [asking(cases=1, repetitions=1) for _ in range(22)]
    client = client_as("rater", "ann")
    page = client.get("/scoring").text
    assert page.count("<b>1 output</b>") == 20
    older = re.search(r'href="(/scoring\?before=[0-9a-f]+)"', page)
    assert older is not None
    following = client.get(older[1]).text
    assert following.count("<b>1 output</b>") == 2
    assert not any(run.id in page + following for run in runs)


def test_nothing_that_a_rater_is_given_tells_run_variant_case_or_other_scores(asking, client_as, workspace):
    """Page and JSON; what another rater said, the variant's name, and every id but the questions' own."""
    run = asking(", raters: 2", variants="{very-cold: {answer.temperature: 0}}")
    bob = client_as("rater", "bob")
    first = session_of(bob, run)
    item = outputs(bob, first)[0]
    assert score(bob, first, item["id"], 0.123, comment="what bob thinks").status_code == 200
    ann = client_as("rater", "ann")
    session = session_of(ann, run)
    given = ann.get(session).text + json.dumps(ann.get(f"{session}/outputs?limit=10").json())
    for secret in (run.id, "very-cold", "base", "case-0", "case-1", "0.123", "bob", "core-terms", "repetition"):
        assert secret not in given
    assert session != first
    assert bob.get(session).status_code == 404


def test_each_rater_has_an_order_of_their_own_that_stays(asking, client_as):
    """Random between raters, the same at each visit."""
    run = asking(", raters: 2", cases=10, repetitions=1)
    orders = []
    for name in ("ann", "bob"):
        client = client_as("rater", name)
        session = session_of(client, run)
        order = [one["inputs"][0]["text"] for one in outputs(client, session, limit=10)]
        assert order == [one["inputs"][0]["text"] for one in outputs(client, session, limit=10)]
        orders.append(order)
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]


def test_the_same_submission_is_stored_once_and_acknowledged_each_time(asking, client_as, workspace, server):
    """A double click, a reload or a lost reply sends it again; the audit log has it once too."""
    run = asking()
    client = client_as("rater", "ann")
    session = session_of(client, run)
    item = outputs(client, session)[0]
    replies = [score(client, session, item["id"], 0.75).json() for _ in range(3)]
    assert [reply["new"] for reply in replies] == [True, False, False]
    assert {reply["progress"]["answered"] for reply in replies} == {1}
    assert [value for _, _, value in said(workspace, run)] == [0.75]
    assert [one.action for one in server.audit.entries(limit=9)].count("score") == 1


def test_a_correction_counts_and_keeps_what_was_said_before(asking, client_as, workspace):
    """The later answer of the same rater, under a submission of its own."""
    run = asking()
    client = client_as("rater", "ann")
    session = session_of(client, run)
    first, second = outputs(client, session)[:2]
    score(client, session, first["id"], 0.25)
    score(client, session, first["id"], 1.0, submission="b" * 32)
    assert [value for _, _, value in said(workspace, run)] == [0.25, 1.0]
    (earlier,) = outputs(client, session, before=second["id"])
    assert earlier["answer"] == {"value": 1.0, "comment": ""}


def test_a_second_rater_is_asked_where_two_are_and_a_third_is_not(asking, client_as, workspace):
    """Each output is pending until both have answered."""
    run = asking(", raters: 2", cases=1, repetitions=1)
    for place, name in enumerate(("ann", "bob")):
        client = client_as("rater", name)
        session = session_of(client, run)
        (item,) = outputs(client, session)
        assert item["answer"] is None
        assert score(client, session, item["id"], place).status_code == 200
    third = client_as("rater", "cid")
    assert outputs(third, session_of(third, run)) == []
    assert "Nothing waits" in third.get("/scoring").text
    assert [name for name, _, _ in said(workspace, run)] == ["ann", "bob"]


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"value": "1.5"}, 422, "allowed is 0, 0.25, 0.5, 0.75, 1"),
        ({"value": "0.3"}, 422, "0.3 is not on the scale stars"),
        ({"value": "nan"}, 422, "is not on the scale"),
        ({"value": "much"}, 422, "value: "),
        ({"question": "0" * 20}, 422, "the rater is not asked a question"),
        ({"submission": "short"}, 422, "submission: "),
        ({"comment": "x" * 10_001}, 422, "comment: "),
    ],
)
def test_what_is_no_answer_is_refused_in_words(asking, client_as, workspace, fields, status, sentence):
    """Nothing is stored."""
    run = asking(", scale: stars", cases=1, repetitions=1)
    client = client_as("rater", "ann")
    session = session_of(client, run)
    (item,) = outputs(client, session)
    reply = score(client, session, fields.pop("question", item["id"]), **{"value": "1", **fields})
    assert reply.status_code == status
    assert sentence in reply.text
    assert said(workspace, run) == []


def test_who_may_only_look_may_not_score(asking, client_as, workspace):
    """Neither see the queue nor a session nor send an answer, not even under another's session."""
    run = asking()
    rater = client_as("rater", "ann")
    session = session_of(rater, run)
    item = outputs(rater, session)[0]
    viewer = client_as("viewer")
    for path in ("/scoring", f"/scoring/{run.id}", session, f"{session}/outputs"):
        assert viewer.get(path).status_code == 403
    assert score(viewer, session, item["id"]).status_code == 403
    other = client_as("rater", "bob")
    assert score(other, session, item["id"]).status_code == 404
    assert said(workspace, run) == []


def test_a_change_without_the_sessions_token_stores_nothing(asking, client_as, workspace):
    """As another site's form would send it."""
    run = asking()
    client = client_as("rater", "ann")
    session = session_of(client, run)
    item = outputs(client, session)[0]
    body = {"id": item["id"], "value": "1", "submission": "a" * 32}
    assert client.post(f"{session}/scores", data=body).status_code == 403
    assert said(workspace, run) == []


def test_a_run_that_asks_nobody_and_one_that_is_not_there_are_told(asking, carry_out, root, client):
    """In a sentence, with 404."""
    path = root / "scenarios/support.yaml"
    path.write_text(re.sub(r"  - \{id: would-send.*\n", "", path.read_text()))
    run = carry_out(repetitions=1)
    assert client.get(f"/scoring/{run.id}").status_code == 404
    assert "asks people nothing" in client.get(f"/scoring/{run.id}").text
    assert client.get("/scoring/20010101-000000-dead").status_code == 404


def test_time_left_goes_by_the_raters_own_pace(asking, client_as, workspace):
    """From a few answers on, breaks left out."""
    run = asking(cases=10, repetitions=1)
    client = client_as("rater", "ann")
    session = session_of(client, run)
    assert "at your pace" not in client.get("/scoring").text
    for place, item in enumerate(outputs(client, session, limit=4)):
        reply = score(client, session, item["id"], submission=f"submission-{place}").json()
        assert (reply["progress"]["pace_s"] is None) == (place < 3)
    assert "less than a minute at your pace" in client.get("/scoring").text
