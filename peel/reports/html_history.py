"""The HTML report's look back: the run held against the one before it, and the trend over the latest runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import islice

from peel.counting import counted
from peel.records import RunSummary, ScenarioSummary
from peel.records.comparisons import CaseChange, Comparison, PairComparison
from peel.records.history import History, PastRun, PastValue
from peel.reports import comparison_wording as words
from peel.reports.comparison_html import differences_table
from peel.reports.html_figures import Figures, table
from peel.reports.html_verdicts import shown
from peel.reports.text import one_line
from peel.reports.wording import SCOPES, day_and_time, interval, name_of, number

MOST_TRENDS = 60
"""How many trends the page draws."""

_CASES_NAMED = 5
_PARTS_NAMED = 4


def previous(histories: Sequence[History], summary: RunSummary) -> str:
    """Each scenario variant against the last run of it before."""
    names = _names(summary)
    return "".join(_previous(history, names[history.scenario, history.variant]) for history in histories)


def _names(summary: RunSummary) -> dict[tuple[str, str], ScenarioSummary]:
    return {(one.scenario, one.variant): one for one in summary.scenarios}


def _previous(history: History, scenario: ScenarioSummary) -> str:
    heading = f"<h3>{shown(name_of(scenario))}</h3>"
    if history.previous is None:
        return f"{heading}<p>No comparison: {shown(history.why, limit=900)}.</p>"
    return heading + "".join(_pair(history.previous, pair) for pair in history.previous.pairs)


def _pair(comparison: Comparison, pair: PairComparison) -> str:
    since = f"Against the run {shown(pair.base.run)} of {shown(day_and_time(pair.base.started))}"
    facts = "; ".join(shown(one, limit=600) for one in words.case_sentences(pair))
    kind = words.state(pair.overall) if pair.overall is not None else "none"
    notes = [*pair.notes, *comparison.notes]
    listed = "".join(f"<li>{shown(note, limit=600)}</li>" for note in notes)
    return (
        f'<p>{since}: <b class="word {kind}">{shown(words.headline(comparison))}</b></p>'
        f'<p class="facts">{_question(comparison)}; {facts}</p>'
        f"{differences_table(words.shown_differences(pair), sides=('before', 'now'))}{_cases(pair)}"
        + (f'<ul class="notes">{listed}</ul>' if notes else "")
    )


def _question(comparison: Comparison) -> str:
    return (
        f"{100 * comparison.level:g} % intervals {SCOPES[comparison.scope]}; differences are now - before; "
        f"a difference of {comparison.margin:g} matters (the margin)"
    )


def _cases(pair: PairComparison) -> str:
    """Which cases changed most, and the command that shows their outputs side by side."""
    if pair.overall is None:
        return ""
    told = [
        f"{word}: {', '.join(map(_case, cases[:_CASES_NAMED]))}"
        for word, cases in (("down most", pair.worse), ("up most", pair.better))
        if cases
    ]
    command = f"peel compare {words.side_name(pair.base)} {words.side_name(pair.candidate)}"
    return (
        f'<p class="facts">Cases: {shown(words.changes(pair))}{"; " if told else ""}{"; ".join(told)}. '
        f"{escape(words.ONE_CASE) if told else ''} Outputs side by side: <code>{shown(command)}</code></p>"
    )


def _case(case: CaseChange) -> str:
    return f"{shown(case.case, limit=60)} {number(case.base)} → {number(case.candidate)}"


def trends(histories: Sequence[History], summary: RunSummary, figures: Figures) -> str:
    """A chart for each evaluator: its mean in each run, with the interval for exactly these cases."""
    names = _names(summary)
    drawn: list[str] = []
    told: list[str] = []
    for history in histories:
        scenario = names[history.scenario, history.variant]
        if len(history.runs) < 2:
            told.append(f"<p>{shown(name_of(scenario))}: a trend needs two finished runs, and this is the first.</p>")
            continue
        drawn += islice(_trends(history, scenario, figures), max(0, MOST_TRENDS - len(drawn)))
    key = _KEY if drawn else ""
    return f'{key}<div class="figures trends">{"".join(drawn)}</div>{"".join(told)}'


_KEY = (
    '<p class="key">Each point is one run, the oldest left, this run last as a diamond; the bar is the interval for '
    "exactly its cases. A hollow point is a run on other cases than this run’s: do not read it as a change of the "
    "application. Only finished runs that began before this one are shown.</p>"
)


def _trends(history: History, scenario: ScenarioSummary, figures: Figures) -> Iterator[str]:
    bars = bars_of(scenario)
    for estimate in scenario.evaluators:
        runs = [run for run in history.runs if estimate.id in run.values]
        if any(run.values[estimate.id].value is not None for run in runs):
            yield _trend(runs, estimate.id, figures, bar=bars.get(estimate.id), caption=name_of(scenario))


def bars_of(scenario: ScenarioSummary) -> dict[str, tuple[float, str]]:
    """By evaluator what a gate requires of its mean over all cases: the number, and in words."""
    found = {}
    for gate in scenario.gates:
        if gate.statistic == "mean" and gate.tag is None:
            _, _, needs = gate.requirement.rpartition(" at ")
            bar = _as_number(needs.rpartition(" ")[2])
            if bar is not None:
                found[gate.subject] = (bar, f"gate: at {needs}")
    return found


def _as_number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _trend(
    runs: Sequence[PastRun], evaluator: str, figures: Figures, *, bar: tuple[float, str] | None, caption: str
) -> str:
    spec = {
        "kind": "trend",
        "runs": [_point(run, run.values[evaluator]) for run in runs],
        "bar": [bar[0], bar[1]] if bar is not None else None,
    }
    said = "; ".join(f"{run.run} {_told(run.values[evaluator])}" for run in reversed(runs))
    return figures.figure(
        spec,
        caption=f"{shown(evaluator)} <span>{shown(caption)}</span>",
        says=f"{evaluator}, mean and interval for exactly these cases in {len(runs)} runs, the latest first: {said}",
        numbers=_numbers(runs, evaluator),
    )


def _point(run: PastRun, past: PastValue) -> Mapping[str, object]:
    words_of = f"{past.n_scored:,} of {counted(past.n_executions, 'execution')} scored, {counted(past.n_cases, 'case')}"
    return {
        "label": datetime.fromtimestamp(run.started, UTC).strftime("%d %b %H:%M").lstrip("0"),
        "value": past.value,
        "low": past.these_cases.low,
        "high": past.these_cases.high,
        "same": run.same_cases,
        "said": [
            one_line(run.run),
            _told(past),
            words_of,
            past.these_cases.note,
            "" if run.same_cases else "other cases",
        ],
    }


def _told(past: PastValue) -> str:
    return f"{number(past.value)} {interval(past.these_cases.low, past.these_cases.high)}"


def _numbers(runs: Sequence[PastRun], evaluator: str) -> str:
    """The runs of one trend, the latest first."""
    rows = []
    for run in reversed(runs):
        past = run.values[evaluator]
        rows.append(
            (
                shown(run.run),
                shown(day_and_time(run.started)),
                number(past.value),
                interval(past.these_cases.low, past.these_cases.high) + _noted(past),
                f"{past.n_scored:,} of {past.n_executions:,}",
                f"{past.n_cases:,}{'' if run.same_cases else ' other'}",
                _changes(run),
            )
        )
    headings = ("run", "began", "mean:", "exactly these cases:", "scored:", "cases:", "changed since the run before")
    return table(headings, rows)


def _noted(past: PastValue) -> str:
    return f'<span class="small">{shown(past.these_cases.note)}</span>' if past.these_cases.note else ""


def _changes(run: PastRun) -> str:
    more = f" and {len(run.changed) - _PARTS_NAMED} more" if len(run.changed) > _PARTS_NAMED else ""
    return shown("; ".join(run.changed[:_PARTS_NAMED]) + more, limit=400) or "–"
