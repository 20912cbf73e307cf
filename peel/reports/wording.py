"""How numbers and states are put into words: the same in the terminal, HTML, Markdown and JUnit."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

from peel.counting import counted
from peel.records import BASE_VARIANT, Estimate, GateResult, Mark, Run, RunSummary, ScenarioSummary
from peel.records.stopping import Stopping

VERDICTS = {"pass": "passed", "fail": "failed", "undecided": "undecided", "draft": "draft"}
"""A gate's verdict as a word for a person."""

SYMBOLS = {"pass": "✓", "fail": "✗", "undecided": "?", "draft": "◌"}
"""A gate's verdict as a sign that needs no colour."""

STATUSES = {
    "running": "running, or ended before it could say so",
    "finished": "finished",
    "interrupted": "interrupted; `peel run --resume` completes it",
    "over-budget": "stopped before its budget was passed",
}
"""A run's status as words."""

MARKS: dict[Mark, str] = {
    "empty": "empty completion",
    "truncated": "cut off by the token limit",
    "refused": "refusal",
    "fallback": "came by a fallback",
}
"""What a mark on an output says."""

SCOPES = {"these-cases": "for exactly these cases", "cases-like-these": "for new cases like these"}
"""Which question an interval answers."""

UNKNOWN = "unknown"


def number(value: float | None) -> str:
    """A value in [0, 1] to two decimals; `–` where it is undefined. 0.999 is not shown as 1.00, nor 0.001 as 0.00."""
    if value is None:
        return "–"
    text = f"{value:.2f}"
    if (text == "1.00" and value < 1) or (text in ("0.00", "-0.00") and value > 0):
        return (
            f"{value:.4f}" if f"{value:.4f}" not in ("1.0000", "0.0000") else ("> 0.9999" if value < 1 else "< 0.0001")
        )
    return text


def interval(low: float | None, high: float | None) -> str:
    """An interval as `[0.71, 0.89]`; `–` where it is undefined."""
    if low is None and high is None:
        return "–"
    return f"[{number(low)}, {number(high)}]"


def share(value: float | None) -> str:
    """A share in per cent; `–` where it is undefined."""
    return "–" if value is None else f"{value:.0%}"


def cost(value: float | None) -> str:
    """US dollars; `unknown` where the price is."""
    if value is None:
        return UNKNOWN
    return money(value)


SMALLEST_USD = 1e-12
"""Less than a millionth of what a token costs anywhere."""


def money(value: float) -> str:
    """US dollars in digits, however small: to the cent, or to two significant digits where that is finer: $0.00004.
    What is smaller than any price comes of rounding in sums, and is shown as nothing."""
    if abs(value) < SMALLEST_USD:
        return "$0.00"
    fine = format(Decimal(f"{value:.2g}"), "f")
    digits = fine if abs(value) < 1 and len(fine.partition(".")[2]) > 2 else f"{value:,.2f}"
    return f"-${digits[1:]}" if value < 0 else f"${digits}"


def count(value: int | None) -> str:
    """A count with thousands apart; `unknown` where it is."""
    return UNKNOWN if value is None else f"{value:,}"


def seconds(value: float | None) -> str:
    """A duration in a unit that suits it; `–` where it is undefined."""
    if value is None:
        return "–"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 120 else f"{value / 60:.1f} min"


def utc(moment: float | None) -> str | None:
    """A moment (seconds since the epoch) in ISO 8601, UTC, to the millisecond."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day_and_time(moment: float) -> str:
    """A moment as a person reads it, in UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%d %B %Y, %H:%M UTC").lstrip("0")


def name_of(summary: ScenarioSummary) -> str:
    """A scenario with its variant where that is not the definitions as written."""
    return summary.scenario if summary.variant == BASE_VARIANT else f"{summary.scenario} · {summary.variant}"


def evaluator_name(estimate: Estimate) -> str:
    """An evaluator with the step it judges."""
    return f"{estimate.id} (on {estimate.on})" if estimate.on else estimate.id


def notes_of(estimate: Estimate) -> str:
    """What must be known to read an estimate, such as that its cases are too few to generalise; nothing usually."""
    again = estimate.these_cases.note
    return " ".join(filter(None, [estimate.note, "" if again in estimate.note else again]))


def notes_by_text(summary: RunSummary) -> dict[str, list[str]]:
    """Each note of a run with the evaluators it is about."""
    notes: dict[str, list[str]] = {}
    for scenario in summary.scenarios:
        for estimate in scenario.evaluators:
            about = notes.setdefault(notes_of(estimate), [])
            if estimate.id not in about:
                about.append(estimate.id)
    return {note: about for note, about in notes.items() if note}


def levels(summary: RunSummary) -> str:
    """The confidence level of the intervals, such as `95 %`."""
    found = sorted({estimate.level for scenario in summary.scenarios for estimate in scenario.evaluators})
    return ", ".join(f"{100 * level:g} %" for level in found) or "95 %"


def gate_sentence(gate: GateResult) -> str:
    """A gate's result: its value, the bounds that decided, and which question they answer."""
    if gate.value is None or gate.statistic == "each-case":
        return gate.reason or "nothing to decide on"
    word = "difference" if gate.statistic == "difference" else "value"
    sentence = f"{word} {_amount(gate, gate.value)}, bounds {_bounds(gate)} {SCOPES[gate.scope]}"
    return f"{sentence}; {gate.reason}" if gate.reason else sentence


def verdict_sentence(gate: GateResult) -> str:
    """A gate's result as one sentence, such as `core-terms: fails: 0.61 [0.52, 0.70] for exactly these cases, needs at
    least 0.9`, with what would decide it where it is undecided."""
    about, needs = _requirement_in_two(gate.requirement)
    told = f"{about}: {_STANDS[gate.verdict]}"
    if gate.value is None:
        return f"{told}: {gate.reason or 'nothing to decide on'}; needs {needs}"
    of = " of the cases pass" if gate.statistic == "each-case" else f" {SCOPES[gate.scope]}"
    sentence = f"{told}: {_amount(gate, gate.value)} {_bounds(gate)}{of}, needs {needs}"
    return f"{sentence}; {gate.reason}" if gate.reason else sentence


def drafts_sentence(scenario: ScenarioSummary) -> str:
    """What of a scenario is a draft; nothing where no case is one."""
    if scenario.drafts is None:
        return ""
    cases = counted(len(scenario.cases), "case")
    if scenario.draft:
        return f"a draft: {cases}, executed and scored, that decide no gate"
    return (
        f"{scenario.drafts.n_cases:,} of {cases} {'is a draft' if scenario.drafts.n_cases == 1 else 'are drafts'}: "
        "in every number but those of gates"
    )


_STANDS = {"pass": "passes", "fail": "fails", "undecided": "undecided", "draft": "draft"}
_NEEDS = re.compile(r"^(.+?) ((?:at least|at most|not worse than) .+)$", re.DOTALL)


def _requirement_in_two(requirement: str) -> tuple[str, str]:
    """What a requirement is about, and what is required of it."""
    found = _NEEDS.match(requirement)
    return (found[1], found[2]) if found else (requirement, "it")


def _amount(gate: GateResult, value: float | None) -> str:
    if gate.subject == "latency_s":
        return seconds(value)
    if gate.subject == "cost_usd":
        return cost(value) if value is not None else "–"
    return f"{value:+.2f}" if gate.statistic == "difference" and value is not None else number(value)


def _bounds(gate: GateResult) -> str:
    return f"[{_amount(gate, gate.low)}, {_amount(gate, gate.high)}]"


def stopping_sentence(stopping: Stopping) -> str:
    """How far a run that was to end early went, and what of it counts."""
    sweeps = f"{stopping.sweeps:,} of {counted(stopping.sweeps_planned, 'sweep')}"
    executions = f"{stopping.executions:,} of {counted(stopping.executions_planned, 'execution')}"
    went = "stopped early, after" if stopping.stopped_early else "did not stop early: there are"
    beyond = stopping.executions_beyond
    more = f"; {counted(beyond, 'execution')} beyond them count in all other numbers" if beyond else ""
    return (
        f"--until {stopping.until}: {went} {sweeps} ({executions}); "
        f"verdicts and intervals are anytime-valid, from complete sweeps{more}"
    )


def last_moment(run: Run) -> str:
    """When the run began, and how long it took where it ended."""
    if run.finished is None:
        return day_and_time(run.started)
    return f"{day_and_time(run.started)}, took {seconds(max(0.0, run.finished - run.started))}"


def usage_cells(scenario: ScenarioSummary) -> list[str]:
    """Tokens, cost, latency of the application, and tokens and cost of the judge, as words."""
    usage, judge = scenario.usage, scenario.judge_usage
    judged = ["–", "–"]
    if judge is not None:
        known = judge.tokens_in is not None and judge.tokens_out is not None
        judged = [count((judge.tokens_in or 0) + (judge.tokens_out or 0)) if known else UNKNOWN, cost(judge.cost_usd)]
    latency = [seconds(usage.latency_s.p50), seconds(usage.latency_s.p95)]
    return [count(usage.tokens_in), count(usage.tokens_out), cost(usage.cost_usd), *latency, *judged]
