"""The short tables of a report: there where they say something, quiet where they do not, safe whatever they hold."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from peel.estimates.summary import summarise
from peel.records import (
    Case,
    EstimateSettings,
    EvaluatorDefinition,
    Orchestration,
    Provenance,
    Run,
    RunSummary,
    Scenario,
    ScenarioVariant,
    Selection,
    StepDefinition,
    Usage,
    Variant,
)
from peel.reports.format import ReportSource
from peel.reports.json import report_bytes
from peel.reports.markdown import MarkdownReport
from peel.reports.short_tables import reliability, scenarios_together, short_tables, tags_apart, used_on_average
from peel.reports.terminal import render_summary
from peel.store.reading import MISSING, PENDING, SCORED, UNSCORED, Columns, ScoreColumn

STATES: dict[object, int] = {"unscored": UNSCORED, "pending": PENDING, "errored": MISSING}
HOSTILE = "[red]|<b>\x1b[31m@all\n#1"


class Stored:
    """A stored run of scenarios whose scores are given: one list a case, one entry a repetition."""

    def __init__(self, *, tags: Any = None, case: str = "c", settings: Any = None, **scenarios: Any) -> None:
        self._scenarios = scenarios
        evaluator = EvaluatorDefinition(id="core-terms", use="regex", on="answer")
        steps = (StepDefinition(id="answer", use="llm"), StepDefinition(id="email", use="llm"))
        self.run = Run(
            id="r1",
            started=1.0,
            status="finished",
            planned=sum(len(one) for cases in scenarios.values() for one in cases),
            provenance=Provenance(peel="0", python="3", selection=Selection(scenarios=("telco.yaml",))),
            scenario_variants=tuple(
                ScenarioVariant(
                    scenario=Scenario(
                        scenario=name,
                        orchestration="support",
                        cases=(),
                        repetitions=max(map(len, cases)),
                        evaluators=(evaluator,),
                        estimates=settings or EstimateSettings(),
                    ),
                    variant=Variant(name="base"),
                    orchestration=Orchestration(orchestration="support", steps=steps, output="email"),
                )
                for name, cases in scenarios.items()
            ),
            cases={
                name: tuple(
                    Case(id=f"{case}{place}", tags=tuple(tags[place]) if tags else ()) for place in range(len(cases))
                )
                for name, cases in scenarios.items()
            },
        )

    def columns(self, scenario: str, variant: str) -> Columns:
        flat = [(place, entry) for place, case in enumerate(self._scenarios[scenario]) for entry in case]
        size, entries = len(flat), [entry for _, entry in flat]
        status = np.array([STATES.get(entry, SCORED) for entry in entries], dtype=np.int8)
        value = np.array([np.nan if isinstance(entry, str) else entry for entry in entries])
        ok = np.array([entry != "errored" for entry in entries], dtype=np.bool_)
        return Columns(
            planned=size,
            number=np.arange(size),
            case=np.array([place for place, _ in flat], dtype=np.int64),
            repetition=np.ones(size, dtype=np.int64),
            ok=ok,
            latency_s=np.arange(1.0, size + 1),
            tokens_in=np.full(size, 50.0),
            tokens_out=np.full(size, 10.0),
            cost_usd=np.arange(1.0, size + 1) / 1000,
            marks=np.zeros(size, dtype=np.uint8),
            scores={"core-terms": ScoreColumn(status=status, value=value, reasons={})},
            faults={},
        )

    def judge_usage(self, scenario: str, variant: str) -> Usage:
        return Usage()

    def judgements(self, scenario: str, variant: str, *, evaluator: str) -> Any:
        raise AssertionError("no judge was asked")

    def executions(self, numbers: Any) -> Any:
        return iter(())


def terminal(summary: RunSummary, stored: Stored, *, width: int = 80) -> str:
    """The summary as a terminal of this width shows it."""
    out = io.StringIO()
    render_summary(summary, stored.run, console=Console(file=out, width=width))
    return out.getvalue()


def markdown(summary: RunSummary, stored: Stored) -> str:
    """The Markdown report."""
    out = io.BytesIO()
    MarkdownReport().write(ReportSource(summary=summary, stored=stored), out)  # type: ignore[arg-type]  # as far as it is read
    return out.getvalue().decode()


MIXED = [[1.0] * 5, [1.0, 0.0, 1.0, 1.0, 1.0], [0.0] * 5, [1.0] * 5, [0.0] * 5]
TAGS = [("good", "all"), ("good", "all"), ("bad", "all"), ("good", "all"), ("bad", "all")]


def test_reliability_names_flaky_and_broken_cases_in_the_terminal_and_in_markdown() -> None:
    """Counts, pass@k and pass^k with intervals, the cases by id, and what it takes to see such a flake."""
    stored = Stored(telco=MIXED)
    summary = summarise(stored)
    for text in (terminal(summary, stored, width=120), markdown(summary, stored).replace("\\", "")):
        words = " ".join(text.split())
        assert "reliability, for exactly these cases" in words.lower()
        assert "flaky c1 (4 of 5); a flake so rare (20%) takes 14 repetitions to see; broken c2, c4." in words
        assert "5 repetitions show a flake of 45% or more, with 95% probability." in words
        assert "core-terms (on answer)" in words


def test_of_many_flaky_cases_the_first_are_told_and_json_has_all() -> None:
    """Three by name, the rest as a number."""
    stored = Stored(telco=[[1.0, 0.0]] * 7)
    summary = summarise(stored)
    made = reliability(summary)
    assert made is not None
    assert "flaky c0 (1 of 2), c1 (1 of 2), c2 (1 of 2) and 4 more" in made.sentences[0]
    found = json.loads(report_bytes(summary, stored.run))["scenarios"][0]["evaluators"][0]["reliability"]
    assert found["flaky"]["count"] == len(found["flaky"]["cases"]) == 7
    assert found["flaky"]["cases"][6] == {"case": "c6", "passed": 1, "scored": 2}


@pytest.mark.parametrize("cases", [[[1.0] * 5] * 4, [[1.0], [0.0]], [["pending"] * 2]], ids=["solid", "once", "none"])
def test_where_reliability_says_nothing_there_is_no_table(cases: Any) -> None:
    """All solid, all scored once, nothing scored: the JSON report has it."""
    stored = Stored(telco=cases)
    summary = summarise(stored)
    assert reliability(summary) is None
    assert "reliability" not in terminal(summary, stored)
    assert "Reliability" not in markdown(summary, stored)


def test_tags_that_stand_apart_are_told_the_weakest_first() -> None:
    """The tag of every case is the whole and says nothing; how many means were compared is said."""
    stored = Stored(telco=MIXED, tags=TAGS)
    made = tags_apart(summarise(stored))
    assert made is not None
    assert [row[0] for row in made.rows] == ["bad", "good"]
    assert made.rows[0][5:] == ("10 in 2 cases", "0.56")
    assert made.sentences == ("2 of 3 means by tag; up to 1 of so many would by chance. The JSON report has all.",)


def test_tags_alike_make_no_table() -> None:
    """The JSON report has their estimates."""
    stored = Stored(telco=[[1.0, 0.0]] * 4, tags=[("a",), ("b",), ("a",), ("b",)])
    summary = summarise(stored)
    assert tags_apart(summary) is None
    tags = json.loads(report_bytes(summary, stored.run))["scenarios"][0]["tags"]
    assert [(tag["tag"], tag["n_cases"], tag["evaluators"][0]["on"]) for tag in tags] == [
        ("a", 2, "answer"),
        ("b", 2, "answer"),
    ]


def test_scenarios_together_say_their_weights() -> None:
    """In the terminal and in Markdown; a run of one scenario has no such table."""
    stored = Stored(telco=MIXED, shop=MIXED)
    summary = summarise(stored)
    assert "2, each 50%" in " ".join(terminal(summary, stored, width=140).split())
    assert "| 2, each 50% |" in markdown(summary, stored)
    assert scenarios_together(summarise(Stored(telco=MIXED))) is None


def test_means_of_latency_and_cost_have_their_intervals_and_counts() -> None:
    """One sentence a scenario."""
    (scenario,) = summarise(Stored(telco=[[1.0] * 2] * 3)).scenarios
    sentence = used_on_average(scenario)
    assert sentence.startswith("latency mean 3.5 s, [2.6 s, 4.4 s] for exactly these cases")
    assert sentence.count("(6 in 3 cases)") == 2


def test_hostile_names_are_shown_and_do_nothing() -> None:
    """In ids of cases and in tags."""
    stored = Stored(telco=MIXED, tags=[(HOSTILE,)] * 2 + [("x",)] * 3, case=HOSTILE)
    summary = summarise(stored)
    assert {table.title for table in short_tables(summary)} >= {"tags that stand apart"}
    shown = terminal(summary, stored, width=200)
    assert "\x1b[31m" not in shown
    assert "[red]|<b>" in shown
    text = markdown(summary, stored)
    assert "<b>" not in text
    assert "@all" not in text


EXTREMES: dict[str, Any] = {
    "one case, once": [[1.0]],
    "one case": [[1.0, 0.0, 1.0]],
    "one repetition": [[1.0], [0.0], [1.0]],
    "all pass": [[1.0] * 3] * 3,
    "none pass": [[0.0] * 3] * 3,
    "all unscored": [["unscored"] * 2] * 2,
    "all pending": [["pending"] * 2] * 2,
    "all errored": [["errored"] * 2] * 2,
    "constant": [[0.5] * 3] * 3,
    "of everything one": [[1.0], ["unscored"], ["pending"], ["errored"]],
}


def ends_in(value: Any) -> Any:
    """Every interval of a JSON value."""
    if isinstance(value, dict):
        if "low" in value and "high" in value:
            yield value["low"], value["high"]
        for item in value.values():
            yield from ends_in(item)
    if isinstance(value, list):
        for item in value:
            yield from ends_in(item)


@pytest.mark.parametrize("method", ["anchored-bootstrap", "t", "cluster-bootstrap", "wilson"])
@pytest.mark.parametrize("cases", EXTREMES.values(), ids=EXTREMES.keys())
def test_extremes_are_told_in_every_report(cases: Any, method: Any) -> None:
    """No crash, no NaN, no interval of no width, alone and with a second scenario; the same store, the same bytes."""
    tags = [("some",)] * len(cases)
    for more in ({}, {"shop": cases}):
        made = [Stored(telco=cases, tags=tags, settings=EstimateSettings(method=method), **more) for _ in range(2)]
        texts = [
            (report_bytes(summarise(one), one.run), terminal(summarise(one), one), markdown(summarise(one), one))
            for one in made
        ]
        assert texts[0] == texts[1]
        assert "nan" not in "".join(texts[0][1:]).lower()
        report = json.loads(texts[0][0])
        ends = [*ends_in(report["scenarios"]), *ends_in(report["together"])]
        assert ends
        assert all(low is None or high is None or low < high for low, high in ends)
