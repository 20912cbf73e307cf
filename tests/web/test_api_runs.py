"""Runs over the API: foreseen, started, watched, cancelled, resumed; what another process carries out; executions."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from peel.errors import DefinitionError
from peel.records import ModelDefinition
from peel.web.ordering import check_models
from peel.web.server import Server

JSON = {"content-type": "application/json"}


@pytest.fixture
def ended(server: Server) -> Callable[..., dict[str, Any]]:
    """A run's standing once nobody carries it out any more."""

    def waited(client: Any, run: str) -> dict[str, Any]:
        server.running.wait(run)
        standing: dict[str, Any] = client.get(f"/api/runs/{run}").json()
        assert standing["carried"] is None
        return standing

    return waited


@pytest.fixture
def api(token_client: Callable[..., Any]) -> Any:
    """A client with an editor's token."""
    return token_client("editor")


def test_a_run_is_foreseen_without_being_made(api, model):
    """The executions, the calls and what they can show are told; nothing is stored, no model is asked."""
    told = api.post("/api/runs/foresight", json={"scenarios": ["support"], "repetitions": 3})
    assert told.status_code == 200, told.text
    assert (told.json()["planned"], told.json()["calls"]) == (6, 12)
    assert told.json()["first"] == ["support"]
    assert told.json()["cost_usd"] is None
    assert model.requests == []
    assert api.get("/api/runs").json() == {"runs": [], "next": None}


def test_a_run_is_started_watched_and_reported(api, model, workspace, ended):
    """It runs in the server, its progress comes from the store, and its start is in the log with who did it."""
    started = api.post("/api/runs", json={"scenarios": ["support"], "cases": ["moving"], "concurrency": 1})
    assert started.status_code == 201, started.text
    run = started.json()["id"]
    done = ended(api, run)
    assert (done["status"], done["planned"], done["stored"], done["errored"]) == ("finished", 2, 2, 0)
    assert done["by"] == "program"
    assert api.get("/api/runs").json()["runs"][0]["id"] == run
    (entry,) = [one for one in workspace.store.audit().entries(limit=9) if one.action == "start run"]
    assert (entry.actor, entry.via, entry.subject) == ("program", "token", run)


def test_a_cancelled_run_is_interrupted_and_completed_by_resume(api, model, ended):
    """Cancelling keeps what finished; resuming completes the same plan; a finished run has nothing left to resume."""
    model.gate.clear()
    run = api.post("/api/runs", json={"scenarios": ["support"]}).json()["id"]
    assert api.get(f"/api/runs/{run}").json()["carried"] == "here"
    again = api.post(f"/api/runs/{run}/resume", json={})
    assert again.status_code == 409
    assert "is being carried out already" in again.json()["detail"]
    assert api.post(f"/api/runs/{run}/cancel").status_code == 202
    assert ended(api, run)["status"] == "interrupted"
    late = api.post(f"/api/runs/{run}/cancel", json={})
    assert late.status_code == 409
    assert "is interrupted, so there is nothing to cancel" in late.json()["detail"]
    model.gate.set()
    assert api.post(f"/api/runs/{run}/resume", json={"concurrency": 2}).status_code == 202
    assert ended(api, run)["status"] == "finished"
    over = api.post(f"/api/runs/{run}/resume", json={})
    assert over.status_code == 409
    assert "nothing is left to resume" in over.json()["detail"]


def test_a_run_that_another_process_carries_out_is_shown_and_left_alone(api, workspace, carry_out, ended):
    """Who holds the claim carries it out: it stands as such, and can neither be cancelled nor resumed from here."""
    run = carry_out().id
    workspace.store.set_status(run, "running")
    with workspace.store.claimed(run):
        assert api.get(f"/api/runs/{run}").json()["carried"] == "elsewhere"
        for action, said in (("cancel", "which this one cannot end"), ("resume", "by another process or server")):
            refused = api.post(f"/api/runs/{run}/{action}", json={})
            assert refused.status_code == 409
            assert said in refused.json()["detail"]
    killed = api.get(f"/api/runs/{run}").json()
    assert (killed["status"], killed["carried"]) == ("running", None)
    assert "its process ended without a word" in api.post(f"/api/runs/{run}/cancel", json={}).json()["detail"]
    assert api.post(f"/api/runs/{run}/resume", json={}).status_code == 202
    assert ended(api, run)["status"] == "finished"


def test_two_resumes_at_once_carry_a_run_out_once(api, model, workspace, ended):
    """Of requests that come at the same moment one resumes the run, and every call is paid for once."""
    model.gate.clear()
    run = api.post("/api/runs", json={"scenarios": ["support"]}).json()["id"]
    api.post(f"/api/runs/{run}/cancel", json={})
    ended(api, run)
    model.requests.clear()
    together, answers = threading.Barrier(4), []

    def resume() -> None:
        together.wait(10)
        answers.append(api.post(f"/api/runs/{run}/resume", json={}).status_code)

    threads = [threading.Thread(target=resume) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(20)
    assert sorted(answers) == [202, 409, 409, 409]
    model.gate.set()
    assert ended(api, run)["status"] == "finished"
    assert len(model.requests) <= 8


def test_the_end_of_the_server_stores_its_runs_as_interrupted(api, model, server: Server, workspace):
    """What is under way ends cleanly, and nothing new begins."""
    model.gate.clear()
    run = api.post("/api/runs", json={"scenarios": ["support"]}).json()["id"]
    server.running.close()
    assert workspace.store.entry(run).status == "interrupted"
    refused = api.post("/api/runs", json={"scenarios": ["support"]})
    assert refused.status_code == 409
    assert "the server is ending" in refused.json()["detail"]


def test_no_more_runs_are_carried_out_at_once_than_may_be(api, model):
    """The fifth run is refused with what to do."""
    model.gate.clear()
    order = {"scenarios": ["support"], "cases": ["light"]}
    started = [api.post("/api/runs", json=order).status_code for _ in range(5)]
    assert started == [201, 201, 201, 201, 409]


@pytest.mark.parametrize(
    ("order", "status", "said"),
    [
        ({"scenarios": ["../support"]}, 404, "there is no scenario"),
        ({"scenarios": ["/etc/passwd"]}, 404, "there is no scenario"),
        ({"models": {"default": "${HOME}"}}, 422, "cannot stand for the role 'default'"),
        ({"models": {"other": "x"}}, 422, "unknown model role 'other'"),
        ({"models": {"default": "judge"}}, 201, ""),
        ({"variants": ["none"]}, 422, "none"),
        ({"until": "never"}, 422, "never"),
        ({"repetitions": 0}, 422, "repetitions"),
        ({"repetitions": 10**30}, 422, "repetitions"),
        ({"given": {"scenario": "x"}}, 422, "given"),
        ({"resume": "last"}, 422, "resume"),
    ],
)
def test_a_run_names_nothing_but_what_the_workspace_has(api, order, status, said, ended):
    """No path, no file of a model, no variable of the environment, no scenario of one's own."""
    answer = api.post("/api/runs", json=order)
    assert answer.status_code == status, answer.text
    assert said in answer.text
    if status == 201:
        ended(api, answer.json()["id"])


KEYED = ModelDefinition(model="gpt-4o", api_key="k")
SERVED = ModelDefinition(model="m", base_url="http://127.0.0.1:9/v1")
IN_PROCESS = ModelDefinition(model="embedded")
PLUGGED = ModelDefinition(model="m", provider="ours", base_url="http://127.0.0.1:9/v1")


@pytest.mark.parametrize(
    ("role", "name"),
    [
        (KEYED, "../evil.gguf"),
        (KEYED, "embedded"),
        (IN_PROCESS, "/etc/passwd.gguf"),
        (IN_PROCESS, "gpt-4o"),
        (PLUGGED, "anything"),
        (SERVED, "${HOME}"),
        (SERVED, "a\nb"),
    ],
)
def test_a_model_is_never_a_file_nor_a_variable_of_the_server(role, name):
    """A role that runs in the process, or by a plugin, can only be another role; a server gets plain names."""
    with pytest.raises(DefinitionError, match="cannot stand for the role 'default' here"):
        check_models({"default": role}, {"default": name})


def test_a_model_may_be_another_of_the_same_server_or_another_role():
    """What a server knows by name is its own affair."""
    check_models({"default": SERVED, "judge": IN_PROCESS}, {"default": "meta-llama/Llama-3.1-8B"})
    check_models({"default": KEYED}, {"default": "gpt-4o-mini"})
    check_models({"default": IN_PROCESS, "judge": SERVED}, {"default": "judge"})


def test_runs_are_listed_by_key_and_narrowed(api, carry_out):
    """Each answer says where to go on; a run made meanwhile moves nothing; filters go by scenario and status."""
    made = [carry_out(repetitions=1).id for _ in range(3)]
    first = api.get("/api/runs?limit=2").json()
    rest = api.get(f"/api/runs?limit=2&before={first['next']}").json()
    assert {one["id"] for one in first["runs"] + rest["runs"]} == set(made)
    assert rest["next"] is None
    assert api.get("/api/runs?scenario=support&status=finished").json()["runs"]
    assert api.get("/api/runs?scenario=none").json()["runs"] == []
    assert api.get("/api/runs?before=20200101-0000").status_code == 404
    assert api.get("/api/runs?limit=1000").status_code == 422


def test_the_json_report_is_that_of_the_command(api, carry_out, root):
    """Byte for byte; the other formats are there too, and are never shown as this server's own page."""
    import subprocess
    import sys

    run = carry_out().id
    for name in ("json", "html", "csv", "junit", "markdown"):
        command = [sys.executable, "-m", "peel.cli", "report", run, "--format", name]
        written = subprocess.run(command, cwd=root, capture_output=True, check=True, timeout=60).stdout
        answer = api.get(f"/api/runs/{run}/report", params={"format": name})
        assert answer.content == written
        assert answer.headers["content-disposition"].startswith("attachment")
    assert api.get(f"/api/runs/{run}/report").json()["run"]["id"] == run
    assert api.get(f"/api/runs/{run}/report?format=exe").status_code == 422


def test_executions_are_listed_by_key_and_read_whole(api, carry_out, model):
    """A list has the scores that count and no outputs; one execution has its steps, its case and every score."""
    model.reply = lambda request: "odd \u202e\u2028" if "red light" in json.dumps(request) else "the reset button"
    run = carry_out().id
    first = api.get(f"/api/runs/{run}/executions?limit=3").json()
    rest = api.get(f"/api/runs/{run}/executions?limit=3&after={first['next']}").json()
    assert [one["number"] for one in first["executions"] + rest["executions"]] == [0, 1, 2, 3]
    assert rest["next"] is None
    narrowed = api.get(f"/api/runs/{run}/executions?scenario=support&variant=base&case=light&status=ok").json()
    assert [one["repetition"] for one in narrowed["executions"]] == [1, 2]
    assert {one["evaluator"] for one in narrowed["executions"][0]["scores"]} == {"core-terms", "would-send"}
    assert api.get(f"/api/runs/{run}/executions?case=none").json() == {"executions": [], "next": None}
    whole = api.get(f"/api/runs/{run}/executions/1").json()
    assert [step["step"] for step in whole["execution"]["steps"]] == ["question", "answer"]
    assert whole["case"]["id"] == whole["execution"]["case"] == "light"
    assert len(whole["scores"]) == 2
    assert api.get(f"/api/runs/{run}/executions/99").status_code == 404
    assert api.get(f"/api/runs/{run}/executions/{10**30}").status_code == 422
