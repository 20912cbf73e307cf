"""The JSON report: the contract's structure, numbers JSON can hold, the same bytes each time."""

from __future__ import annotations

import io
import json
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from peel.plugins import Registry
from peel.reports.format import ReportSource
from peel.reports.json import JsonReport, report_object


def written(source: ReportSource) -> bytes:
    out = io.BytesIO()
    JsonReport().write(source, out)
    return out.getvalue()


def refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def test_the_structure_is_the_contract_s_key_for_key(telco_source):
    """Every object begins with the keys of the contract, in its order."""
    report = json.loads(written(telco_source(variants=("base", "cold"))))
    assert list(report)[:3] == ["schema", "run", "scenarios"]
    assert report["schema"] == 1
    assert list(report["run"]) == ["id", "started", "finished", "status", "provenance"]
    scenario = report["scenarios"][1]
    keys = ["scenario", "variant", "planned", "completed", "errored", "evaluators", "usage", "gates"]
    assert list(scenario)[: len(keys)] == keys
    evaluator = ["id", "on", "n_cases", "n_executions", "n_scored", "n_unscored", "n_pending", "value", "low", "high"]
    evaluator += ["level", "method", "these_cases", "below"]
    assert list(scenario["evaluators"][0])[: len(evaluator)] == evaluator
    assert list(scenario["evaluators"][0]["these_cases"]) == ["low", "high", "method"]
    assert list(scenario["evaluators"][0]["below"]) == ["threshold", "count", "share"]
    assert list(scenario["usage"])[:4] == ["tokens_in", "tokens_out", "cost_usd", "latency_s"]
    assert list(scenario["usage"]["latency_s"])[:3] == ["mean", "p50", "p95"]
    gate = ["requirement", "scope", "verdict", "value", "low", "high"]
    assert list(scenario["gates"][0])[: len(gate)] == gate


def test_planned_is_completed_and_errored(telco_source):
    """The counts of a finished run add up."""
    for scenario in json.loads(written(telco_source(errors=0.3)))["scenarios"]:
        assert scenario["planned"] == scenario["completed"] + scenario["errored"]
        assert scenario["errored"] > 0


def test_times_are_iso_8601_in_utc(telco_source):
    """The run's times carry their zone and parse back to the moment stored."""
    source = telco_source()
    run = json.loads(written(source))["run"]
    assert run["started"].endswith("Z")
    assert datetime.fromisoformat(run["started"]) == datetime.fromtimestamp(source.stored.run.started, UTC)


def test_a_run_that_has_not_ended_has_null_as_its_end(telco_source):
    """An unknown moment is null."""
    source = telco_source(status="running")
    run = source.stored.run.model_copy(update={"finished": None})
    assert report_object(source.summary, run)["run"]["finished"] is None


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_an_undefined_number_is_null_and_never_nan(telco_source, number):
    """No constant that JSON lacks is written, whatever the summary holds."""
    source = telco_source(cases=2)
    scenario = source.summary.scenarios[0]
    estimate = scenario.evaluators[0].model_copy(update={"value": number, "low": None})
    usage = scenario.usage.model_copy(update={"cost_usd": number})
    changed = scenario.model_copy(update={"evaluators": (estimate,), "usage": usage})
    summary = source.summary.model_copy(update={"scenarios": (changed,)})
    text = written(ReportSource(summary=summary, stored=source.stored))
    report = json.loads(text, parse_constant=refuse_constant)["scenarios"][0]
    assert report["evaluators"][0]["value"] is None
    assert report["evaluators"][0]["low"] is None
    assert report["usage"]["cost_usd"] is None


def test_lone_surrogates_do_not_stop_the_report(telco_source):
    """Text no UTF-8 can hold is replaced, and what stands around it is kept."""
    report = written(telco_source(cases=1, case_ids=lambda place: "bad \ud800 id"))
    assert json.loads(report)["scenarios"][0]["cases"][0]["case"] == "bad \ufffd id"


def test_the_same_store_gives_the_same_bytes(telco_source):
    """Two reports of one run do not differ."""
    assert written(telco_source()) == written(telco_source())


def test_provenance_is_in_the_report(telco_source):
    """What made the run can be read from its report."""
    provenance = json.loads(written(telco_source()))["run"]["provenance"]
    assert provenance["git_dirty"] is True
    assert provenance["models"]["judge"] == {"model": "embedded"}


def test_every_format_is_found_by_its_name(tmp_path: Path, telco_source):
    """Each name of the command line gives a format with a suffix that writes something."""
    registry = Registry("peel.reports", word="report format")
    suffixes = {}
    for name in ("html", "json", "csv", "junit", "markdown"):
        report = registry.resolve(name)()
        path = tmp_path / f"report{report.suffix}"
        with path.open("wb") as out:
            report.write(telco_source(cases=2, repetitions=2), out)
        suffixes[name] = path.suffix
        assert path.stat().st_size > 200
    assert suffixes == {"html": ".html", "json": ".json", "csv": ".csv", "junit": ".xml", "markdown": ".md"}
