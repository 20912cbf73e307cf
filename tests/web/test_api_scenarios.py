"""Scenarios and cases over the API: read, checked, written; never over another's change, nor outside the workspace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def api(token_client: Callable[..., Any]) -> Any:
    """A client with an editor's token."""
    return token_client("editor")


def test_scenarios_are_listed_by_name_with_their_latest_run(api, carry_out, root):
    """Each answer says where to go on; a scenario without a run says so."""
    for name in ("another", "zebra"):
        text = (root / "scenarios/support.yaml").read_text().replace("scenario: support", f"scenario: {name}")
        (root / f"scenarios/{name}.yaml").write_text(text)
    run = carry_out(paths=(str(root / "scenarios/support.yaml"),)).id
    first = api.get("/api/scenarios?limit=2").json()
    assert [one["name"] for one in first["scenarios"]] == ["another", "support"]
    assert first["scenarios"][0]["last_run"] is None
    assert first["scenarios"][1]["last_run"]["id"] == run
    rest = api.get(f"/api/scenarios?limit=2&after={first['next']}").json()
    assert ([one["name"] for one in rest["scenarios"]], rest["next"]) == (["zebra"], None)


def test_a_scenario_is_read_checked_changed_and_taken_back(api, root, workspace):
    """What is checked is not written; what is written keeps the comment; undo brings the bytes back; all is logged."""
    path = root / "scenarios/support.yaml"
    before = path.read_bytes()
    view = api.get("/api/scenarios/support").json()
    assert (view["text"].encode(), view["problems"], view["fields"]["repetitions"]) == (before, [], 2)
    tried = api.post("/api/scenarios/support/check", json={"fields": {"orchestration": "none"}}).json()
    assert "none" in tried["problems"][0]["message"]
    assert path.read_bytes() == before
    changed = api.patch("/api/scenarios/support", json={"fields": {"repetitions": 7}, "seen": view["seen"]})
    assert changed.status_code == 200, changed.text
    assert "# What the support team answers." in path.read_text()
    assert "repetitions: 7" in path.read_text()
    undone = api.post("/api/scenarios/support/undo", json={"seen": changed.json()["seen"]})
    assert (undone.status_code, path.read_bytes()) == (200, before)
    actions = [one.action for one in workspace.store.audit().entries(limit=9)]
    assert actions[:2] == ["undo scenario", "save scenario"]


def test_a_file_that_changed_meanwhile_is_never_overwritten(api, root):
    """Text, fields, cases and undo made from an older view are refused with 409, and the file stays."""
    path = root / "scenarios/support.yaml"
    old = api.get("/api/scenarios/support").json()["seen"]
    path.write_text(path.read_text() + "below: 0.4\n")
    now = path.read_bytes()
    for method, place, body in (
        ("put", "", {"text": "scenario: support\n"}),
        ("patch", "", {"fields": {"repetitions": 9}}),
        ("post", "/undo", {}),
        ("patch", "/cases", {"change": {"removed": [0]}}),
    ):
        refused = api.request(method, f"/api/scenarios/support{place}", json={**body, "seen": old})
        assert refused.status_code == 409, refused.text
        assert "changed meanwhile" in refused.json()["detail"]
    assert path.read_bytes() == now


def test_a_new_scenario_gets_its_sheet_and_cases_are_added_to_it(api, root):
    """From nothing to twenty cases that check, without a file system."""
    made = api.post("/api/scenarios", json={"fields": {"scenario": "fresh", "orchestration": "reply"}})
    assert made.status_code == 201, made.text
    table = api.get("/api/scenarios/fresh/cases").json()
    assert (table["count"], table["required"]) == (0, ["email"])
    rows = [{"after": -1, "cells": [f"c{n}", f"email {n}", "yes"]} for n in range(20)]
    change = {"change": {"added": rows}, "seen": table["seen"]}
    tried = api.post("/api/scenarios/fresh/cases/check", json=change).json()
    assert (tried["count"], tried["problems"]) == (20, [])
    saved = api.patch("/api/scenarios/fresh/cases?limit=3", json=change).json()
    assert (saved["count"], len(saved["rows"]), saved["next"], saved["undo"]) == (20, 3, 3, 1)
    page = api.get("/api/scenarios/fresh/cases?limit=100&from=3").json()
    assert (len(page["rows"]), page["next"]) == (17, None)
    sheet = api.get("/api/scenarios/fresh/cases.csv")
    assert sheet.headers["content-type"].startswith("text/csv")
    assert sheet.text.splitlines()[0] == "id,email,expected.answer"
    assert api.post("/api/scenarios/fresh/cases/undo", json={"seen": saved["seen"]}).json()["count"] == 0
    again = api.post("/api/scenarios", json={"fields": {"scenario": "fresh", "orchestration": "reply"}})
    assert (again.status_code, "there is a scenario" in again.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    "fields",
    [
        {"cases": "../../../../etc/passwd"},
        {"inputs": {"manuals": {"knowledge": "/etc/*.conf"}}},
        {"inputs": {"manuals": {"knowledge": "../../*.pdf"}}},
        {"evaluators": [{"id": "x", "use": "/tmp/evil.py:run"}]},
        {"evaluators": [{"id": "x", "use": "../../evil.py:run"}]},
    ],
)
def test_nothing_outside_the_workspace_is_named(api, root, fields):
    """Code, documents and cases elsewhere are refused, and the file stays as it was."""
    path = root / "scenarios/support.yaml"
    before, seen = path.read_bytes(), api.get("/api/scenarios/support").json()["seen"]
    refused = api.patch("/api/scenarios/support", json={"fields": fields, "seen": seen})
    assert refused.status_code == 422, refused.text
    assert path.read_bytes() == before
    tried = api.post("/api/scenarios/support/check", json={"fields": fields})
    assert tried.status_code == 422 or tried.json()["problems"]


@pytest.mark.parametrize("name", ["..", "%2e%2e%2fpeel", "support.yaml", "..%2fscenarios%2fsupport", "none"])
def test_a_scenario_is_found_by_its_name_only(api, name):
    """No path leads anywhere."""
    assert api.get(f"/api/scenarios/{name}").status_code == 404
    assert api.get(f"/api/scenarios/{name}/cases.csv").status_code == 404
