"""The report as JSON: the contract of docs and pipelines, field for field; undefined numbers are null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, BinaryIO

from peel.records import (
    CaseFigures,
    Estimate,
    GateResult,
    Run,
    RunSummary,
    ScenarioSummary,
    StepFindings,
    TagEstimates,
    UsageFigures,
    VarianceFigures,
)
from peel.reports.explaining import narrowing_sentence, steps_sentence
from peel.reports.format import ReportSource
from peel.reports.json_estimates import bounds, figure, reliability, together
from peel.reports.text import encodable
from peel.reports.wording import notes_of, utc

SCHEMA = 1
"""The version of the structure; it changes only when a field changes its meaning or goes."""


class JsonReport:
    """Writes the JSON report."""

    suffix = ".json"

    def write(self, source: ReportSource, out: BinaryIO) -> None:
        out.write(report_bytes(source.summary, source.stored.run))


def report_bytes(summary: RunSummary, run: Run) -> bytes:
    """The report as UTF-8, indented, with a line end: what `--json` prints."""
    text = json.dumps(report_object(summary, run), ensure_ascii=False, indent=2, allow_nan=False)
    return (text + "\n").encode()


def report_object(summary: RunSummary, run: Run) -> dict[str, Any]:
    """The report as plain JSON values in the contract's order of keys."""
    report = {
        "schema": SCHEMA,
        "run": _run(run),
        "scenarios": [_scenario(scenario) for scenario in summary.scenarios],
        "together": [together(one) for one in summary.together],
        "stopping": None if summary.stopping is None else summary.stopping.model_dump(),
    }
    result: dict[str, Any] = plain(report)
    return result


def _run(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "started": utc(run.started),
        "finished": utc(run.finished),
        "status": run.status,
        "provenance": run.provenance.model_dump(mode="json"),
    }


def _scenario(scenario: ScenarioSummary) -> dict[str, Any]:
    return {
        "scenario": scenario.scenario,
        "variant": scenario.variant,
        "planned": scenario.planned,
        "completed": scenario.completed,
        "errored": scenario.errored,
        "evaluators": [
            {
                **_evaluator(estimate),
                "variance": _variance(scenario.variance.get(estimate.id)),
                "reliability": reliability(estimate.reliability),
            }
            for estimate in scenario.evaluators
        ],
        "usage": _usage(scenario.usage),
        "gates": [_gate(gate) for gate in scenario.gates],
        "judge_usage": _usage(scenario.judge_usage) if scenario.judge_usage else None,
        "marks": dict(sorted(scenario.marks.items())),
        "faults": dict(sorted(scenario.faults.items())),
        "cases": [_case(case) for case in scenario.cases],
        "tags": [_tag(one) for one in scenario.tags],
        "tags_left_out": scenario.tags_left_out,
        "steps": _steps(scenario.steps),
        "planned_at_most": scenario.planned_at_most,
        "draft": scenario.draft,
        "drafts": None if scenario.drafts is None else scenario.drafts.model_dump(mode="json"),
    }


def _evaluator(estimate: Estimate) -> dict[str, Any]:
    these, below = estimate.these_cases, estimate.below
    return {
        "id": estimate.id,
        "on": estimate.on,
        "n_cases": estimate.n_cases,
        "n_executions": estimate.n_executions,
        "n_scored": estimate.n_scored,
        "n_unscored": estimate.n_unscored,
        "n_pending": estimate.n_pending,
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "level": estimate.level,
        "method": estimate.method,
        "these_cases": {"low": these.low, "high": these.high, "method": these.method},
        "below": {"threshold": below.threshold, "count": below.count, "share": below.share},
        "use": estimate.use,
        "note": notes_of(estimate),
        "corrected": [one.model_dump() for one in estimate.corrected],
    }


def _tag(one: TagEstimates) -> dict[str, Any]:
    return {"tag": one.tag, "n_cases": one.n_cases, "evaluators": [_evaluator(estimate) for estimate in one.evaluators]}


def _variance(figures: VarianceFigures | None) -> dict[str, Any] | None:
    if figures is None:
        return None
    return {
        "n_cases": figures.n_cases,
        "n_executions": figures.n_executions,
        "n_judged_again": figures.n_judged_again,
        "n_judgements": figures.n_judgements,
        "total": figures.total,
        "case": figures.case,
        "case_low": figures.case_low,
        "case_high": figures.case_high,
        "execution": figures.execution,
        "judge": figures.judge,
        "narrower": figures.narrower.model_dump(mode="json"),
        "advice": narrowing_sentence(figures),
        "note": figures.note,
        "judge_note": figures.judge_note,
    }


def _steps(findings: StepFindings) -> dict[str, Any]:
    return {
        "first": findings.first,
        "sentence": steps_sentence(findings),
        "effects": [effect.model_dump(mode="json") for effect in findings.effects],
        "errors": [one.model_dump(mode="json") for one in findings.errors],
    }


def _usage(usage: UsageFigures) -> dict[str, Any]:
    latency = usage.latency_s
    return {
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "cost_usd": usage.cost_usd,
        "latency_s": {
            "mean": latency.mean,
            "p50": latency.p50,
            "p95": latency.p95,
            "mean_of_cases": figure(latency.mean_of_cases),
            "p50_these_cases": bounds(latency.p50_bounds),
            "p95_these_cases": bounds(latency.p95_bounds),
        },
        "cost_usd_per_execution": figure(usage.cost_per_execution),
    }


def _gate(gate: GateResult) -> dict[str, Any]:
    return {
        "requirement": gate.requirement,
        "scope": gate.scope,
        "verdict": gate.verdict,
        "value": gate.value,
        "low": gate.low,
        "high": gate.high,
        "subject": gate.subject,
        "reason": gate.reason,
        "statistic": gate.statistic,
        "tag": gate.tag,
        "baseline": gate.baseline,
        "short": list(gate.short),
        "method": gate.method,
    }


def _case(case: CaseFigures) -> dict[str, Any]:
    return {
        "case": case.case,
        "tags": list(case.tags),
        "planned": case.planned,
        "completed": case.completed,
        "errored": case.errored,
        "values": dict(case.values),
        "draft": case.draft,
    }


def plain(value: Any) -> Any:
    """Values that UTF-8 JSON can hold: no NaN, no infinity, no lone surrogate."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {encodable(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
