"""The pages of scenarios, runs, executions and comparisons: what they show, and what they must not do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from peel.records import Run, Score
from peel.store.listing import Wanted
from peel.web.server import Server
from peel.workspace import RunRequest, Workspace

HOSTILE = "</div></script><script>document.title='owned'</script><img src=x onerror=alert(1)>{{ 7*7 }}\u202e"


def wait_for_the_end(client: Any, run_id: str) -> None:
    """Ask how a run goes, as its page does, until it ended."""
    for _ in range(5_000):
        if "hx-refresh" in client.get(f"/runs/{run_id}/progress").headers:
            return
    raise AssertionError("the run does not end")


def test_an_empty_workspace_says_what_to_do_next(client: Any, root: Path) -> None:
    """No scenario, no run: every page is there, and names the next step."""
    for path in (root / "scenarios").iterdir():
        path.unlink()
    assert "Make the first one" in client.get("/scenarios").text
    assert "No run yet" in client.get("/runs").text
    assert "no scenario to run" in client.get("/runs/new").text
    assert "Nothing to compare yet" in client.get("/compare").text


def test_home_is_the_scenarios(client: Any) -> None:
    """`/` leads there."""
    assert client.get("/").headers["location"] == "/scenarios"


def test_a_scenario_shows_its_last_run(client: Any, carry_out: Callable[..., Run]) -> None:
    """Estimate, interval, counts, verdict, when and by whom."""
    first = carry_out(by="ada")
    last = carry_out(by="grace")
    page = client.get("/scenarios/support/numbers").text
    assert last.id in page and first.id not in page
    assert "by grace" in page
    assert "4 of 4 scored, 2 cases" in page
    assert "the gate passed" in page or "undecided" in page
    assert re.search(r"<title>core-terms: \d\.\d\d, for exactly these cases .* the runs before it", page)
    # What is known costs nothing: the list shows it at once.
    assert last.id in client.get("/scenarios").text
    assert client.get("/scenarios/support").status_code == 200
    assert first.id in client.get("/scenarios/support").text


def test_a_broken_file_is_listed_with_what_is_wrong(client: Any, root: Path) -> None:
    """The other scenarios stay usable; the broken one cannot be run and its problems name file and line."""
    (root / "scenarios" / "broken.yaml").write_text(
        "scenario: broken\norchestration: nowhere\ncases: []\nrepetitons: 2\n"
    )
    (root / "scenarios" / "not-yaml.yaml").write_text("scenario: [\n")
    page = client.get("/scenarios").text
    assert "support" in page
    row = client.get("/scenarios/broken/numbers").text
    assert "scenarios/broken.yaml:4" in row
    assert "repetitons" in row
    assert client.get("/scenarios/not-yaml/numbers").status_code == 200
    assert client.get("/scenarios/not-yaml").status_code == 200
    answer = client.change("/runs/new", scenario="broken")
    assert answer.status_code == 422
    assert "It was not started" in answer.text


def test_a_file_that_is_mended_is_read_again(client: Any, root: Path) -> None:
    """Nothing old is shown: what is kept goes by the files."""
    file = root / "scenarios" / "support.yaml"
    assert "A customer asks by email." in client.get("/scenarios").text
    file.write_text(file.read_text().replace("A customer asks by email.", "Somebody calls us."))
    assert "Somebody calls us." in client.get("/scenarios").text


def test_a_scenario_that_is_not_there_is_not_found(client: Any) -> None:
    """404, in words."""
    answer = client.get("/scenarios/nothing")
    assert answer.status_code == 404
    assert "no scenario" in answer.text


def test_runs_are_listed_in_pages_and_filtered(
    client: Any, carry_out: Callable[..., Run], workspace: Workspace
) -> None:
    """By scenario and status; the list goes on behind the last run of a page."""
    made = carry_out()
    for place in range(51):
        copy = made.model_copy(
            update={"id": f"copy-{place:03d}", "started": made.started - 100 - place, "status": "interrupted"}
        )
        workspace.store.create(copy)
    page = client.get("/runs").text
    assert page.count('<th scope="row">') == 50
    rest = client.get(re.search(r'rel="next" href="([^"]+)"', page)[1].replace("&amp;", "&")).text  # type: ignore[index]  # found, or the test fails
    assert rest.count('<th scope="row">') == 2
    assert client.get("/runs?status=finished").text.count('<th scope="row">') == 1
    assert "No run is like this" in client.get("/runs?scenario=other").text
    assert client.get("/runs?status=nonsense").status_code == 422


def test_a_run_s_page_holds_what_its_report_says(client: Any, carry_out: Callable[..., Run]) -> None:
    """At once where it is kept, else asked for when the page is there; never a script or a style of its own."""
    run = carry_out()
    page = client.get(f"/runs/{run.id}").text
    assert f'hx-get="/runs/{run.id}/report"' in page
    report = client.get(f"/runs/{run.id}/report").text
    assert "Where to work first" in report
    assert 'id="part-0"' in report
    again = client.get(f"/runs/{run.id}").text
    assert "Where to work first" in again
    for text in (page, report, again):
        assert " style=" not in text
        assert re.findall(r"<script(?! type=\"application/octet-stream\"| src=)", text) == []


def test_a_new_score_is_seen_at_once(client: Any, carry_out: Callable[..., Run], workspace: Workspace) -> None:
    """What is kept goes by the newest score: one that another process adds makes it anew."""
    run = carry_out()
    assert "0 of 4 scored, 0 cases, 4 pending" in client.get("/scenarios/support/numbers").text
    report = client.get(f"/runs/{run.id}/report").text
    with Workspace(workspace.root) as other:
        score = Score(execution=0, evaluator="would-send", status="scored", value=1.0, rater="ada", at=1.0)
        other.store.people(run.id).add([(score, None)])
    assert "1 of 4 scored, 1 case, 3 pending" in client.get("/scenarios/support/numbers").text
    assert client.get(f"/runs/{run.id}/report").text != report


def test_the_beginning_of_an_id_leads_to_the_run(client: Any, carry_out: Callable[..., Run]) -> None:
    """`last` and prefixes are sent on to the permanent address; what is no run is not found."""
    run = carry_out()
    assert client.get("/runs/last").headers["location"] == f"/runs/{run.id}"
    assert client.get("/runs/nothing").status_code == 404


@pytest.mark.parametrize("report_format", ["html", "json", "csv", "junit", "markdown"])
def test_reports_are_downloaded(client: Any, carry_out: Callable[..., Run], report_format: str) -> None:
    """Each format as a file: never shown by the browser as one of our pages."""
    run = carry_out()
    answer = client.get(f"/runs/{run.id}/report.{report_format}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{run.id}.')
    assert client.get(f"/runs/{run.id}/report.exe").status_code == 404


def test_an_execution_has_a_page_with_all_of_it(client: Any, carry_out: Callable[..., Run]) -> None:
    """Inputs, prompts, outputs and scores, and the ways to its neighbours that exist."""
    run = carry_out()
    page = client.get(f"/runs/{run.id}/executions/0").text
    for text in ("moving#1", "I move to a different apartment", "Question of I move", "reset button", "core-terms"):
        assert text in page
    assert f'href="/runs/{run.id}/executions/2" data-key="ArrowRight"' in page
    assert f'href="/runs/{run.id}/executions/1" data-key="PageDown"' in page
    assert 'data-key="ArrowLeft"' not in page
    assert client.get(f"/runs/{run.id}/executions/99").status_code == 404
    assert client.get(f"/runs/{run.id}/executions/-1").status_code == 404


def test_a_run_is_estimated_and_started(client: Any, server: Server) -> None:
    """The estimate counts executions and calls; the run keeps who started it, and the audit log has it."""
    told = client.change("/runs/new/estimate", scenario="support", repetitions="3").text
    assert "6 executions" in told
    assert "About 12 calls of models" in told
    answer = client.change("/runs/new", scenario="support", repetitions="3", cases="moving")
    assert answer.status_code == 303
    run_id = answer.headers["location"].removeprefix("/runs/")
    wait_for_the_end(client, run_id)
    stored = server.workspace.store.run(run_id)
    assert stored.run.planned == 3
    assert stored.run.provenance.by
    assert [(one.action, one.subject) for one in server.audit.entries(limit=1)] == [("start run", run_id)]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("scenario", "nothing", "no scenario"),
        ("repetitions", "many", "whole number"),
        ("repetitions", "0", "whole number"),
        ("budget", "nan", "no amount"),
        ("until", "tomorrow", "tomorrow"),
        ("cases", "nobody", "nobody"),
        ("tags", "nope", "nope"),
        ("variants", "cold", "cold"),
    ],
)
def test_what_cannot_be_started_is_told(client: Any, field: str, value: str, said: str) -> None:
    """In the estimate and when it is started; nothing is stored."""
    fields = {"scenario": "support", field: value}
    assert said in client.change("/runs/new/estimate", **fields).text
    answer = client.change("/runs/new", **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert "No run yet" in client.get("/runs").text


def test_no_run_is_larger_than_the_api_allows(client: Any, root: Path) -> None:
    """The form is bounded as the API is: in the estimate and when it is started."""
    file = root / "scenarios" / "support.yaml"
    file.write_text(file.read_text() + f"matrix: {{answer.seed: {list(range(60))}}}\n", encoding="utf-8")
    fields = {"scenario": "support", "repetitions": "100000"}
    assert "12,200,000 executions; 10,000,000 are allowed" in client.change("/runs/new/estimate", **fields).text
    answer = client.change("/runs/new", **fields)
    assert (answer.status_code, "are allowed here" in answer.text) == (422, True)
    assert "No run yet" in client.get("/runs").text


def test_a_scenario_behind_a_link_that_leads_outside_is_not_run(
    client: Any, root: Path, tmp_path: Path, model: Any
) -> None:
    """As in the API; the file outside is not named by its path either."""
    (tmp_path / "elsewhere.yaml").write_text((root / "scenarios" / "support.yaml").read_text(), encoding="utf-8")
    (root / "scenarios" / "support.yaml").unlink()
    (root / "scenarios" / "support.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    for path in ("/runs/new/estimate", "/runs/new"):
        answer = client.change(path, scenario="support")
        assert "outside the workspace" in answer.text
        assert str(tmp_path) not in answer.text
    assert model.requests == []


def test_problems_name_files_from_the_workspace(client: Any, root: Path) -> None:
    """Where the server keeps the workspace is told neither by pages nor by the API."""
    (root / "scenarios" / "support.csv").write_text("id,email,expected.terms\na,[,\n", encoding="utf-8")
    api = client.post("/api/runs/foresight", json={"scenarios": ["support"]}, headers={"x-csrf-token": client.csrf})
    for answer in (api, client.change("/runs/new/estimate", scenario="support"), client.get("/scenarios/support")):
        assert str(root) not in answer.text
    assert api.json()["detail"].startswith("scenarios/support.csv:2: ")


def test_viewers_and_raters_start_nothing(client_as: Callable[..., Any], carry_out: Callable[..., Run]) -> None:
    """They see what there is; starting, cancelling and resuming is refused, and not offered."""
    run = carry_out()
    for role in ("viewer", "rater"):
        visitor = client_as(role)
        assert visitor.get(f"/runs/{run.id}").status_code == 200
        assert 'href="/runs/new"' not in visitor.get("/runs").text
        assert visitor.get("/runs/new").status_code == 403
        for path in ("/runs/new", f"/runs/{run.id}/cancel", f"/runs/{run.id}/resume"):
            assert visitor.change(path, scenario="support").status_code == 403


def test_a_run_that_was_killed_says_so_and_is_resumed(
    client: Any, carry_out: Callable[..., Run], workspace: Workspace
) -> None:
    """Nobody carries it out: it is offered to be completed, and is."""
    made = carry_out()
    killed = made.model_copy(update={"id": "killed", "status": "running", "finished": None})
    workspace.store.create(killed)
    page = client.get("/runs/killed").text
    assert "ended from outside" in page
    assert 'hx-trigger="every' not in page
    assert client.change("/runs/killed/resume").headers["location"] == "/runs/killed"
    wait_for_the_end(client, "killed")
    assert workspace.store.run("killed").run.status == "finished"


def test_only_what_this_server_carries_out_is_cancelled(client: Any, carry_out: Callable[..., Run]) -> None:
    """A sentence instead of a fault."""
    run = carry_out()
    answer = client.change(f"/runs/{run.id}/cancel")
    assert answer.status_code == 409


def test_runs_are_compared_and_outputs_stand_side_by_side(
    client: Any, carry_out: Callable[..., Run], model: Any
) -> None:
    """The verdict as `peel compare` gives it; what differs in the outputs is marked."""
    first = carry_out()
    model.reply = lambda request: "Press the reset button for 5 seconds."
    last = carry_out()
    page = client.get(f"/compare?base={first.id}&candidate={last.id}").text
    assert "Verdict" in page
    assert "core-terms" in page
    outputs = client.get(f"/compare/outputs?base={first.id}&candidate={last.id}&case=light").text
    assert "<del>3</del>" in outputs
    assert "<ins>5</ins>" in outputs
    for path in (
        f"/compare?base={first.id}&candidate=nothing",
        f"/compare?base={first.id}&candidate={last.id}&scope=x",
    ):
        assert client.get(path).status_code == 422
    assert client.get(f"/compare/outputs?base={first.id}&candidate={last.id}&case=none").status_code == 422


def test_nothing_from_outside_becomes_markup(
    client: Any, root: Path, carry_out: Callable[..., Run], model: Any, workspace: Workspace
) -> None:
    """Model output, case data, ids, tags, descriptions and who started it are text on every page."""
    hostile_id = HOSTILE.replace("\u202e", "")
    quoted = HOSTILE.replace('"', '""')
    (root / "scenarios" / "support.csv").write_text(
        f'id,tags,email,expected.terms\n"{hostile_id}","{quoted}","{quoted}","[""{quoted}""]"\n', encoding="utf-8"
    )
    file = root / "scenarios" / "support.yaml"
    file.write_text(file.read_text().replace("A customer asks by email.", "'" + HOSTILE.replace("'", "''") + "'"))
    model.reply = lambda request: HOSTILE + " \ud800".encode(errors="replace").decode()
    first, last = carry_out(by=HOSTILE), carry_out(by=HOSTILE)
    paths = [
        "/scenarios", "/scenarios/support/numbers", "/scenarios/support", "/scenarios/support/figures", "/runs",
        f"/runs/{last.id}", f"/runs/{last.id}/report", f"/runs/{last.id}/executions/0", "/runs/new?scenario=support",
        f"/compare?base={first.id}&candidate={last.id}", f"/compare/outputs?base={first.id}&candidate={last.id}",
    ]  # fmt: skip
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "<script>document" not in answer.text, path
        assert "<img src=x" not in answer.text, path
        assert "alert(1)&gt;49" not in answer.text, path


def test_a_stored_run_of_an_older_peel_is_read(
    carry_out: Callable[..., Run], workspace: Workspace, client: Any
) -> None:
    """A provenance without who started it: nobody is named, nothing fails."""
    run = carry_out()
    assert run.provenance.by is None
    assert workspace.store.listed(limit=1, wanted=Wanted(scenario="support")).runs[0].by is None
    assert client.get(f"/runs/{run.id}").status_code == 200
    assert RunRequest().by is None


def test_a_gate_that_fails_in_one_variant_alone_is_told(
    client: Any, carry_out: Callable[..., Run], model: Any, root: Path
) -> None:
    """The list draws the first variant, but its verdict is that of all of them, and it says what is left out."""
    path = root / "scenarios/support.yaml"
    text = path.read_text().replace("at_least: 0.3", "at_least: 0.95")
    path.write_text(f"{text}variants:\n  cold: {{answer.temperature: 0}}\n")
    model.reply = lambda request: "No idea." if request.get("temperature") == 0 else "reset button, 3 seconds"
    carry_out()
    client.get("/scenarios/support/numbers")
    page = client.get("/scenarios").text
    assert "1 gate failed" in page
    assert "1 further variant" in page


def test_drafts_are_marked(client: Any, root: Path, carry_out: Callable[..., Run]) -> None:
    """Draft cases are counted where cases are; a draft scenario has a tag, and its gate is told as not deciding."""
    cases, file = root / "scenarios" / "support.csv", root / "scenarios" / "support.yaml"
    assert "draft" not in client.get("/scenarios").text + client.get("/scenarios/support").text
    header, first, second = cases.read_text("utf-8").splitlines()
    cases.write_text(f"{header},draft\n{first},true\n{second},\n", "utf-8")
    for path in ("/scenarios", "/scenarios/support"):
        assert "2 cases (1 draft case) × 2 repetitions" in client.get(path).text
        assert 'class="tag draft"' not in client.get(path).text
    file.write_text(file.read_text("utf-8") + "draft: true\n", "utf-8")
    carry_out()
    row = client.get("/scenarios/support/numbers").text
    assert "draft: not deciding</span> core-terms at least 0.3" in row
    assert '<b class="word draft">◌ draft: not deciding</b>' in row
    assert "gate passed" not in row
    for path in ("/scenarios", "/scenarios/support"):
        assert re.search(r'<h[12]>.*class="tag draft".*draft</span></h[12]>', client.get(path).text)
