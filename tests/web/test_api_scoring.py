"""People's scores, agreement, comparison and plans over the API, and one flow through everything on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from peel.web.application import create_app
from peel.web.security.addresses import Address
from peel.workspace import Workspace


@pytest.fixture
def api(token_client: Callable[..., Any]) -> Any:
    """A client with a rater's token."""
    return token_client("rater")


def given(value: float, submission: str = "s-000000", **more: Any) -> dict[str, Any]:
    return {"value": value, "submission": submission, **more}


@pytest.fixture
def mine(workspace: Workspace) -> Callable[[str], list[float | None]]:
    """The values that the token's user has given in a run, in the order of its executions and of time."""

    def read(run: str) -> list[float | None]:
        found = workspace.store.run(run).executions(range(4))
        return [score.value for _, scores in found for score in scores if score.rater == "program"]

    return read


def test_a_rater_answers_one_question_after_the_other(api, carry_out, workspace):
    """The queue leads to the session, each answer to the next question, until none is open; all are in the store."""
    run = carry_out().id
    (waiting,) = api.get("/api/scoring").json()["waiting"]
    session = waiting["session"]
    assert waiting["progress"]["asked"] == 4
    assert api.get(f"/api/runs/{run}/scoring").json()["session"] == session
    for done in range(4):
        step = api.get(f"/api/scoring/{session}/next").json()
        assert step["progress"]["answered"] == done
        stored = api.post(f"/api/scoring/{session}/items/{step['item']['id']}", json=given(done / 4, comment="as is"))
        assert (stored.status_code, stored.json()["new"]) == (200, True)
    last = api.get(f"/api/scoring/{session}/next").json()
    assert (last["item"], last["progress"]["answered"]) == (None, 4)
    assert api.get("/api/scoring").json()["waiting"] == []
    listed = api.get(f"/api/runs/{run}/executions").json()["executions"]
    values = {one["value"] for entry in listed for one in entry["scores"] if one["rater"] == "program"}
    assert values == {0.0, 0.25, 0.5, 0.75}


def test_a_question_tells_neither_run_nor_variant_nor_anybody_elses_score(api, carry_out):
    """What a rater is shown is blind."""
    run = carry_out().id
    session = api.get("/api/scoring").json()["waiting"][0]["session"]
    shown = api.get(f"/api/scoring/{session}/next").text
    for secret in (run, '"base"', "moving", '"light"', "core-terms"):
        assert secret not in shown


def test_what_is_sent_twice_is_stored_once_and_a_correction_is_kept_beside(api, carry_out, workspace, mine):
    """The same submission is one score, however often it comes; another submission supersedes and keeps the old one."""
    run = carry_out().id
    session = api.get(f"/api/runs/{run}/scoring").json()["session"]
    item = api.get(f"/api/scoring/{session}/next").json()["item"]["id"]
    address = f"/api/scoring/{session}/items/{item}"
    assert [api.post(address, json=given(0.2)).json()["new"] for _ in range(3)] == [True, False, False]
    assert api.post(address, json=given(0.9, "s-000001")).json()["new"]
    assert mine(run) == [0.2, 0.9]
    assert api.get(address).json()["item"]["answer"] == {"value": 0.9, "comment": ""}
    entries = [one.action for one in workspace.store.audit().entries(limit=9)]
    assert entries.count("score") == 2


def test_one_goes_on_behind_a_skipped_question_and_back(api, carry_out):
    """`after` skips; `before` leads back, and to nothing before the first."""
    session = api.get(f"/api/runs/{carry_out().id}/scoring").json()["session"]
    first = api.get(f"/api/scoring/{session}/next").json()["item"]["id"]
    second = api.get(f"/api/scoring/{session}/next?after={first}").json()["item"]["id"]
    assert second != first
    assert api.get(f"/api/scoring/{session}/items/{second}/before").json()["item"]["id"] == first
    assert api.get(f"/api/scoring/{session}/items/{first}/before").json()["item"] is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"value": 1.5, "submission": "s-000000"}, "value"),
        ({"value": 0.5}, "submission"),
        ({"value": 0.5, "submission": "short"}, "submission"),
        ({"value": 0.5, "submission": "s-000000", "rater": "somebody"}, "rater"),
        ({"value": 0.5, "submission": "s-000000", "comment": "x" * 10_001}, "comment"),
    ],
)
def test_a_wrong_answer_is_refused_and_nothing_is_stored(api, carry_out, mine, body, said):
    """Values off the scale, no submission, a rater of one's choice, endless comments."""
    run = carry_out().id
    session = api.get(f"/api/runs/{run}/scoring").json()["session"]
    item = api.get(f"/api/scoring/{session}/next").json()["item"]["id"]
    refused = api.post(f"/api/scoring/{session}/items/{item}", json=body)
    assert (refused.status_code, said in refused.json()["detail"]) == (422, True)
    assert mine(run) == []


def test_a_session_is_its_raters_own(api, carry_out, client_as):
    """Another rater gets nothing by its address, and an unknown question is 404."""
    session = api.get(f"/api/runs/{carry_out().id}/scoring").json()["session"]
    assert client_as("rater").get(f"/api/scoring/{session}/next").status_code == 404
    assert api.get(f"/api/scoring/{session}/items/{'0' * 20}").status_code == 404


def test_agreement_comparison_and_plan_are_what_the_workspace_says(api, carry_out, workspace):
    """The same records as everywhere else, as JSON; sides that cannot be paired are refused in words."""
    first, second = carry_out().id, carry_out().id
    agreement = api.get(f"/api/runs/{first}/agreement").json()
    assert agreement == json.loads(workspace.agreement(first).model_dump_json())
    assert [one["run"] for one in api.get("/api/agreement").json()["runs"]] == [second, first]
    compared = api.get("/api/comparison", params={"base": first, "candidate": second}).json()
    assert compared["pairs"][0]["differences"][0]["id"] == "core-terms"
    assert compared["pairs"][0]["base"]["run"] == first
    assert api.get("/api/comparison", params={"base": first, "candidate": f"{second}:none"}).status_code == 422
    assert api.get("/api/comparison", params={"base": "none", "candidate": second}).status_code == 404
    plan = api.get("/api/plan", params={"run": first, "half_width": 0.05}).json()
    assert (plan["run"], plan["evaluators"][0]["id"]) == (first, "core-terms")
    assert api.get("/api/plan", params={"show_at_least": 0.9}).json()["all_pass"]


def test_everything_goes_on_postgresql_too(postgres_server, root, password_hash):
    """A run, its claim, its report, a score sent twice, agreement: one flow by a token."""
    with Workspace(root, store=postgres_server.new_database()) as workspace:
        app = create_app(workspace, Address("127.0.0.1", 8000))
        accounts = app.state.server.accounts
        accounts.add("program", "admin", password_hash=password_hash)
        token, _ = accounts.add_token("program", "admin")
        headers = {"authorization": f"Bearer {token}"}
        with TestClient(app, base_url="http://127.0.0.1:8000", headers=headers) as client:
            started = client.post("/api/runs", json={"scenarios": ["support"]})
            assert started.status_code == 201, started.text
            run = started.json()["id"]
            app.state.server.running.wait(run)
            assert client.get(f"/api/runs/{run}").json()["stored"] == 4
            workspace.store.set_status(run, "running")
            with workspace.store.claimed(run):
                assert client.get(f"/api/runs/{run}").json()["carried"] == "elsewhere"
                assert client.post(f"/api/runs/{run}/resume", json={}).status_code == 409
            assert client.get(f"/api/runs/{run}").json()["carried"] is None
            assert client.post(f"/api/runs/{run}/resume", json={}).status_code == 202
            app.state.server.running.wait(run)
            assert client.get(f"/api/runs/{run}/report").json()["scenarios"][0]["completed"] == 4
            session = client.get("/api/scoring").json()["waiting"][0]["session"]
            item = client.get(f"/api/scoring/{session}/next").json()["item"]["id"]
            address = f"/api/scoring/{session}/items/{item}"
            assert [client.post(address, json=given(0.4)).json()["new"] for _ in range(2)] == [True, False]
            entries = client.get(f"/api/runs/{run}/executions?status=ok&case=light").json()["executions"]
            assert [one["repetition"] for one in entries] == [1, 2]
            assert client.get(f"/api/runs/{run}/agreement").json()["run"] == run
