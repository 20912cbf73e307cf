"""The HTML report's verdicts in words, its look back, its findings, and the tables behind its charts."""

from __future__ import annotations

import io
import json
import re
import zlib
from base64 import b64decode
from html import unescape
from typing import Any

import pytest

from peel.records import (
    Bounds,
    CasePasses,
    Figure,
    GateResult,
    PassesOfK,
    Reliability,
    RunSummary,
    TagEstimates,
    Together,
)
from peel.records.findings import (
    Narrowing,
    StepEffectFigures,
    StepErrors,
    StepFindings,
    StepGroup,
    VarianceFigures,
)
from peel.records.stopping import Stopping
from peel.reports.format import ReportSource
from peel.reports.html import HtmlReport


def written(source: ReportSource) -> str:
    out = io.BytesIO()
    HtmlReport().write(source, out)
    return out.getvalue().decode()


def text_of(html: str) -> str:
    """What a page says without its script, in one line."""
    return " ".join(unescape(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL)).split())


def charts(html: str) -> list[dict[str, Any]]:
    found = re.search(r'<script type="application/octet-stream" id="charts">([^<]*)</script>', html)
    assert found is not None
    return json.loads(zlib.decompress(b64decode(found[1])))  # type: ignore[no-any-return]


def changed(source: ReportSource, **of_scenario: object) -> ReportSource:
    scenario = source.summary.scenarios[0].model_copy(update=of_scenario)
    return ReportSource(RunSummary(run=source.summary.run, scenarios=(scenario,)), source.stored)


def before(source: ReportSource, **changes: object) -> Any:
    """An earlier run with the same executions."""
    past = type(source.stored)(source.stored.telco)  # type: ignore[attr-defined]
    past.run = past.run.model_copy(update={"id": "before", "started": past.run.started - 86_400, **changes})
    return past


def with_past(source: ReportSource, *past: Any) -> ReportSource:
    source.stored.before = list(past)  # type: ignore[attr-defined]
    return source


GATE = GateResult(
    requirement="core-terms at least 0.9",
    subject="core-terms",
    scope="these-cases",
    verdict="fail",
    value=0.61,
    low=0.52,
    high=0.70,
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "core-terms : fails : 0.61 [0.52, 0.70] for exactly these cases, needs at least 0.9"),
        (
            {"verdict": "undecided", "reason": "about 30 more executions would decide it"},
            "core-terms : undecided : 0.61 [0.52, 0.70] for exactly these cases, needs at least 0.9; "
            "about 30 more executions would decide it",
        ),
        (
            {
                "requirement": "latency_s at most 5",
                "subject": "latency_s",
                "verdict": "pass",
                "value": 2.5,
                "low": 2.25,
            },
            "latency_s : passes : 2.5 s [2.2 s, 700 ms] for exactly these cases, needs at most 5",
        ),
        (
            {"value": None, "low": None, "high": None, "verdict": "undecided", "reason": "nothing is scored yet"},
            "core-terms : undecided : nothing is scored yet; needs at least 0.9",
        ),
    ],
)
def test_a_verdict_is_one_sentence(telco_source, changes, said):
    """Value, bounds, scope, what is needed, and what would decide it."""
    html = written(changed(telco_source(), gates=(GATE.model_copy(update=changes),)))
    assert said in text_of(html)


def test_a_first_run_says_that_there_is_nothing_to_look_back_on(telco_source):
    """A sentence for the comparison, a sentence for the trend, and no chart of one point."""
    html = written(telco_source())
    assert "No comparison: no finished run of it began before this one." in text_of(html)
    assert "a trend needs two finished runs, and this is the first" in text_of(html)
    assert "trend" not in [one["kind"] for one in charts(html)]


def test_the_run_before_is_compared_with_verdict_words_and_intervals(telco_source):
    """The same scores twice: no word of a change, every difference with its interval, and the command for more."""
    source = telco_source(cases=10, repetitions=20, errors=0.0)
    said = text_of(written(with_past(source, before(source))))
    assert "Against the run before of 13 March 2025, 10:40 UTC:" in said
    assert "differences are now - before; a difference of 0.05 matters (the margin); 10 cases on both sides" in said
    assert "▲" not in said
    assert "▼" not in said
    assert "peel compare before:telco-support/base 20250314-1a2b3c:telco-support/base" in said


def test_a_trend_has_a_point_for_each_run_and_a_table_behind_it(telco_source):
    """The chart's data, its words for who does not see it, and the table agree; the gate's bar is in it."""
    source = telco_source(errors=0.0)
    html = written(with_past(source, before(source)))
    trend = next(one for one in charts(html) if one["kind"] == "trend")
    assert [run["said"][0] for run in trend["runs"]] == ["before", "20250314-1a2b3c"]
    assert trend["bar"] == [0.9, "gate: at least 0.9"]
    figure = next(one for one in re.findall(r'<figure class="f-trend">.*?</figure>', html, re.DOTALL))
    label = re.search(r'role="img" aria-label="([^"]+)"', figure)
    assert label is not None
    assert label[1].startswith("core-terms, mean and interval for exactly these cases in 2 runs, the latest first: ")
    for run in trend["runs"]:
        assert f"{run['value']:.2f} [" in label[1]
        assert f">{run['value']:.2f}</td>" in figure


def test_runs_on_other_cases_are_hollow_and_said(telco_source):
    """A run that had fewer cases is no evidence of a change."""
    source = telco_source(errors=0.0)
    cases = {
        "telco-support": tuple(
            one.model_copy(update={"tags": ("x",)}) for one in source.stored.run.cases["telco-support"]
        )
    }
    html = written(with_past(source, before(source, cases=cases)))
    trend = next(one for one in charts(html) if one["kind"] == "trend")
    assert [run["same"] for run in trend["runs"]] == [False, True]


def test_a_run_that_ended_early_says_so_and_what_its_intervals_are(telco_source):
    """The rule, how far it went, what does not count; the bounds are no longer those of a fixed length."""
    source = telco_source()
    stopping = Stopping(
        until="decided", stopped_early=True, sweeps=3, sweeps_planned=20, executions=24, executions_planned=160,
        executions_beyond=5,
    )  # fmt: skip
    early = ReportSource(source.summary.model_copy(update={"stopping": stopping}), source.stored)
    said = text_of(written(early))
    assert "--until decided the run ended early" in said.replace("  ", " ")
    assert "3 of 20 sweeps over all cases (24 of 160 executions); 5 executions beyond them count for no verdict" in said
    assert "bounds that hold at any time, 95 %" in said
    assert "one-sided" not in said


FIGURE = Figure(
    value=0.5, low=0.31, high=0.72, method="abb", these_cases=Bounds(low=0.41, high=0.62, method="wilson"), n_cases=8,
    n_executions=40,
)  # fmt: skip


def test_flaky_and_broken_cases_are_named_with_their_counts(telco_source):
    """pass^k has both its intervals, drawn and in words; what a single repetition cannot show is said."""
    source = telco_source()
    made = Reliability(
        passes_at=0.5, n_cases=8, solid=("a",), flaky=(CasePasses(case="<b>moody", passed=2, scored=5),),
        broken=("never-right",), once=(), fewest=5, most=5, disagreement=0.2, flake=0.4, repetitions_to_see=6,
        passes=(PassesOfK(k=5, pass_at_k=FIGURE, pass_hat_k=FIGURE),),
    )  # fmt: skip
    estimate = source.summary.scenarios[0].evaluators[0].model_copy(update={"reliability": made})
    html = written(changed(source, evaluators=(estimate,)))
    said = text_of(html)
    assert "flaky: <b>moody (2 of 5); broken: never-right; so rare a flake shows in 6 repetitions" in said
    assert "<b>moody" not in html
    assert "core-terms pass^5 0.50" in said
    assert "core-terms pass^5: 0.50; exactly these cases [0.41, 0.62]; new cases like these [0.31, 0.72]" in said


def test_the_variance_is_one_bar_with_its_numbers(telco_source):
    """Shares, counts and what would narrow the interval; where nothing is known, a sentence instead of a bar."""
    known = VarianceFigures(
        n_cases=8, n_executions=40, n_judged_again=20, n_judgements=60, total=0.12, case=0.6, case_low=0.4,
        case_high=0.8, execution=0.3, judge=0.1,
        narrower=Narrowing(cases=0.29, repetitions=0.05, votes=0.01),
    )  # fmt: skip
    nothing = known.model_copy(update={"case": None, "execution": None, "judge": None, "note": "All scores are equal."})
    html = written(changed(telco_source(), variance={"meaning": known, "core-terms": nothing}))
    (bar,) = [one for one in charts(html) if one["kind"] == "shares"]
    assert bar["rows"] == [{"name": "meaning", "shares": [0.6, 0.3, 0.1], "ends": [0.4, 0.8]}]
    assert 'aria-label="meaning: cases 60% [40%, 80%], repetitions 30%, the judge 10%"' in html
    assert "All scores are equal." in text_of(html)
    assert "shares are not known" in text_of(written(changed(telco_source(), variance={"core-terms": nothing})))


def test_the_step_to_work_on_first_is_named_with_its_evidence(telco_source):
    """An effect with its interval and counts; or the executions that ended there; never a step without evidence."""
    group = StepGroup(n_executions=20, n_cases=6, mean=0.7, low=0.5, high=0.85)
    effect = StepEffectFigures.model_validate(
        {
            "step": "passages", "judged_by": "right-passage", "evaluator": "core-terms", "threshold": 0.5,
            "n_executions": 40, "n_cases": 8, "right": group, "wrong": group.model_copy(update={"mean": 0.2}),
            "n_mixed": 4, "difference": 0.5, "low": 0.2, "high": 0.7, "level": 0.95, "method": "abb", "shown": True,
            "lost": 0.25, "within_cases": True,
        }
    )  # fmt: skip
    errors = (StepErrors(step="answer", n_errored=3, n_executions=40, share=0.075),)
    findings = StepFindings(effects=(effect,), errors=errors, first="passages", because=0)
    said = text_of(written(changed(telco_source(), steps=findings)))
    assert "Work on passages first:" in said
    assert "+0.50 [+0.20, +0.70]" in said
    assert "answer: 3 of 40 executions" in said
    assert "first:" not in text_of(written(changed(telco_source(), steps=StepFindings())))


def test_tags_and_several_scenarios_together_have_their_intervals_and_counts(telco_source):
    """Each row is drawn and says what it is made of; a scenario that is not in the mean is named."""
    source = telco_source()
    estimate = source.summary.scenarios[0].evaluators[0]
    together = Together(
        variant="base", id="core-terms", on=None, use="regex", weights={"telco-support": 0.5, "billing": 0.5},
        left_out=("refunds",), n_cases=16, n_executions=80, n_scored=80, n_unscored=0, n_pending=0, value=0.5, low=0.3,
        high=0.7, level=0.95, method="mover", these_cases=Bounds(low=0.4, high=0.6, method="mover"),
    )  # fmt: skip
    tagged = changed(source, tags=(TagEstimates(tag="moving", n_cases=2, evaluators=(estimate,)),))
    summary = tagged.summary.model_copy(update={"together": (together,)})
    said = text_of(written(ReportSource(summary, source.stored)))
    assert "moving 2 cases" in said
    assert "telco-support × 0.5, billing × 0.5; without refunds" in said
    assert "core-terms: 0.50; exactly these cases [0.40, 0.60]; new cases like these [0.30, 0.70]" in said


def test_the_same_past_gives_the_same_bytes(telco_source):
    """The look back is as repeatable as the rest."""
    source = telco_source()
    past = before(source)
    assert written(with_past(source, past)) == written(with_past(telco_source(), past))


def test_a_gigantic_history_stays_small(telco_source):
    """Thirty runs of twenty variants: the page draws as many trends as it can show."""
    source = telco_source(cases=2, repetitions=1, variants=tuple(f"v{place}" for place in range(20)))
    past = [before(source, id=f"past-{place}") for place in range(12)]
    html = written(with_past(source, *past))
    assert len([one for one in charts(html) if one["kind"] == "trend"]) <= 60
    assert len(html) < 4_500_000
