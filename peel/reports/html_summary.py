"""The HTML report's upper half, made on the server: verdicts, estimates with drawn intervals, models, provenance.

Readable without any script. Every text from outside goes through `shown`, which makes it visible and escapes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape

import numpy as np

from peel.records import Estimate, GateResult, Run, RunSummary, ScenarioSummary
from peel.reports.charts import histogram, interval_chart
from peel.reports.models_used import BETTER_MODEL, models_used, weak_model_warning
from peel.reports.text import as_text, one_line
from peel.reports.wording import (
    MARKS,
    STATUSES,
    SYMBOLS,
    VERDICTS,
    gate_sentence,
    interval,
    last_moment,
    name_of,
    notes_of,
    number,
    share,
    usage_cells,
)
from peel.store.reading import SCORED, Columns

MOST_ROWS = 400
"""How many estimates the page shows drawn; a run with more has them all in the JSON report."""

_BINS = 20
Parts = Mapping[tuple[str, str], Columns]


def shown(text: str, *, limit: int = 300) -> str:
    """Text from outside as HTML: visible, on one line, bounded, escaped."""
    return escape(one_line(text, limit=limit))


def head(run: Run) -> str:
    """The run's name, time and status."""
    return (
        f'<h1>PEEL report <span class="run">{shown(run.id)}</span></h1>'
        f'<p class="facts">{shown(last_moment(run))} · {shown(STATUSES[run.status])}</p>'
    )


def verdicts(summary: RunSummary) -> str:
    """The gates in words, the worst first."""
    gates = [(scenario, gate) for scenario in summary.scenarios for gate in scenario.gates]
    if not gates:
        return '<p class="verdict none">No gate is defined: nothing here was required.</p>'
    order = {"fail": 0, "undecided": 1, "pass": 2}
    rows = "".join(
        _gate(scenario, gate) for scenario, gate in sorted(gates, key=lambda item: order[item[1].verdict])[:MOST_ROWS]
    )
    sentence = _sentence([gate for _, gate in gates])
    return f'<p class="verdict {_overall(gates)}">{sentence}</p><ul class="gates">{rows}</ul>'


def _overall(gates: Iterable[tuple[ScenarioSummary, GateResult]]) -> str:
    found = {gate.verdict for _, gate in gates}
    return next(verdict for verdict in ("fail", "undecided", "pass") if verdict in found)


def _sentence(gates: list[GateResult]) -> str:
    counted = {verdict: sum(gate.verdict == verdict for gate in gates) for verdict in VERDICTS}
    if counted["pass"] == len(gates):
        return f"{SYMBOLS['pass']} {'The gate' if len(gates) == 1 else f'All {len(gates)} gates'} passed"
    parts = [
        f"{SYMBOLS[verdict]} {counted[verdict]} {VERDICTS[verdict]}"
        for verdict in ("fail", "undecided", "pass")
        if counted[verdict]
    ]
    return f"Gates: {', '.join(parts)}"


def _gate(scenario: ScenarioSummary, gate: GateResult) -> str:
    return (
        f'<li class="{gate.verdict}"><span class="word">{SYMBOLS[gate.verdict]} {VERDICTS[gate.verdict]}</span>'
        f'<span class="requirement">{shown(gate.requirement)}</span>'
        f'<span class="where">{shown(name_of(scenario))}</span>'
        f'<span class="why">{shown(gate_sentence(gate))}</span></li>'
    )


def warning(run: Run) -> str:
    """What the embedded model's numbers are worth, and how a better one is named; nothing without it."""
    sentence = weak_model_warning(run)
    if sentence is None:
        return ""
    return (
        f'<aside class="warning" role="note"><p><strong>⚠ Small model.</strong> {shown(sentence)}</p>'
        "<details><summary>How to name a better one in peel.yaml</summary>"
        f"<pre>{escape(BETTER_MODEL)}</pre></details></aside>"
    )


def estimates(summary: RunSummary) -> str:
    """One table: scenario, evaluator and variant with value, intervals and what they are made of."""
    rows = [row for scenario in summary.scenarios for row in _estimate_rows(scenario)]
    more = f"<p>{len(rows) - MOST_ROWS:,} further rows are in the JSON report.</p>" if len(rows) > MOST_ROWS else ""
    headings = (
        "<th>evaluator<th class=n>mean<th>0 … 1<th>exactly these cases<th>new cases like these<th class=n>below"
        "<th class=n>scored<th class=n>unscored<th class=n>pending<th class=n>cases"
    ).replace("<th", '<th scope="col"')
    body = "".join(rows[:MOST_ROWS])
    return f'<div class="wide"><table class="estimates"><thead><tr>{headings}</tr></thead>{body}</table></div>{more}'


def _estimate_rows(scenario: ScenarioSummary) -> Iterator[str]:
    missing = scenario.planned - scenario.completed - scenario.errored
    errored = f'<b class="bad">{scenario.errored:,} errored</b>' if scenario.errored else "0 errored"
    facts = [f"{scenario.planned:,} planned", f"{scenario.completed:,} completed", errored]
    facts += [f'<b class="bad">{missing:,} not executed</b>'] if missing > 0 else []
    yield (
        f'<tbody><tr class="group"><th scope="rowgroup" colspan="10">{shown(scenario.scenario)} '
        f'<span class="variant">{shown(scenario.variant)}</span> '
        f'<span class="facts">{" · ".join(facts)}</span></th></tr>'
    )
    bars = {gate.subject: _bar(gate) for gate in scenario.gates}
    for estimate in scenario.evaluators:
        yield _estimate_row(estimate, bars.get(estimate.id))


def _bar(gate: GateResult) -> float | None:
    """The number a requirement names, such as 0.9 of `core-terms at least 0.9`."""
    try:
        return float(gate.requirement.rsplit(" ", 1)[-1])
    except ValueError:
        return None


def _estimate_row(estimate: Estimate, bar: float | None) -> str:
    these, below = estimate.these_cases, estimate.below
    on = f' <span class="on">on {shown(estimate.on)}</span>' if estimate.on else ""
    noted = notes_of(estimate)
    note = f'<div class="note">{shown(noted)}</div>' if noted else ""
    cells = (
        ("exactly these cases", "range", interval(these.low, these.high)),
        ("new cases like these", "range", interval(estimate.low, estimate.high)),
        ("below", "", f"{share(below.share)} &lt; {below.threshold:g}"),
        ("scored", "", f"{estimate.n_scored:,} of {estimate.n_executions:,}"),
        ("unscored", "some" if estimate.n_unscored else "", f"{estimate.n_unscored:,}"),
        ("pending", "some" if estimate.n_pending else "", f"{estimate.n_pending:,}"),
        ("cases", "", f"{estimate.n_cases:,}"),
    )
    return (
        f'<tr><th scope="row">{shown(estimate.id)}{on}{note}</th><td class="n mean">{number(estimate.value)}</td>'
        f'<td class="drawn">{interval_chart(estimate, bar=bar)}</td>'
        + "".join(f'<td class="n {kind}" data-label="{label}">{value}</td>' for label, kind, value in cells)
        + "</tr>"
    )


def distributions(summary: RunSummary, parts: Parts) -> str:
    """A histogram of each evaluator's scores under each variant."""
    figures: list[str] = []
    for scenario in summary.scenarios:
        columns = parts.get((scenario.scenario, scenario.variant))
        for estimate in scenario.evaluators if columns is not None else ():
            column = columns.scores.get(estimate.id) if columns is not None else None
            if column is None or len(figures) >= MOST_ROWS:
                continue
            values = column.value[column.status == SCORED]
            counts = np.histogram(values, bins=_BINS, range=(0, 1))[0].tolist()
            chart = histogram(counts, threshold=estimate.below.threshold, title=f"{estimate.id}, {name_of(scenario)}")
            figures.append(
                f"<figure>{chart}<figcaption>{shown(estimate.id)} "
                f"<span>{shown(name_of(scenario))}</span></figcaption></figure>"
            )
    return f'<div class="figures">{"".join(figures)}</div>'


def usage(summary: RunSummary) -> str:
    """Tokens, cost and latency of the application, and what the judge used."""
    headings = ("", "tokens in", "tokens out", "cost", "latency p50", "latency p95", "judge tokens", "judge cost")
    top = "".join(f'<th scope="col"{" class=n" if heading else ""}>{heading}</th>' for heading in headings)
    rows = "".join(
        f'<tr><th scope="row">{shown(name_of(scenario))}</th>'
        + "".join(f'<td class="n">{escape(cell)}</td>' for cell in usage_cells(scenario))
        + "</tr>"
        for scenario in summary.scenarios[:MOST_ROWS]
    )
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table></div>'


def troubles(summary: RunSummary) -> str:
    """Faults and marks, grouped and counted."""
    items = []
    for scenario in summary.scenarios[:MOST_ROWS]:
        where = f'<span class="where">{shown(name_of(scenario))}</span>'
        faults = sorted(scenario.faults.items(), key=lambda item: (-item[1], item[0]))
        items += [
            f'<li><b class="bad">{times:,} × errored</b> {shown(fault)} {where}</li>' for fault, times in faults[:20]
        ]
        if len(faults) > 20:
            items.append(f"<li>and {len(faults) - 20:,} other faults {where}</li>")
        for mark, words in MARKS.items():
            if scenario.marks.get(mark):
                items.append(f"<li><b>{scenario.marks[mark]:,} ×</b> {words} {where}</li>")
    return (
        f'<ul class="troubles">{"".join(items)}</ul>'
        if items
        else "<p>None: no execution errored, no output is marked.</p>"
    )


def models(run: Run) -> str:
    """Each model role with what it runs and what it judges."""
    items = []
    for use in models_used(run):
        does = [
            f"{word} {', '.join(names)}" for word, names in (("runs", use.steps), ("judges", use.evaluators)) if names
        ]
        items.append(f"<li><b>{shown(use.role)}</b>: {shown(use.model)} <span>{shown('; '.join(does))}</span></li>")
    return f'<ul class="models">{"".join(items)}</ul>'


def provenance(run: Run) -> str:
    """What made the run, as a list of names and values."""
    made = run.provenance.model_dump(mode="json")
    rows = "".join(f"<dt>{shown(key.replace('_', ' '))}</dt><dd>{_value(value)}</dd>" for key, value in made.items())
    scenarios = "".join(
        f"<dt>{shown(part.scenario.scenario)} · {shown(part.variant.name)}</dt><dd>{shown(part.scenario.description)} "
        f"{shown(as_text(dict(part.variant.changes))) if part.variant.changes else ''}</dd>"
        for part in run.scenario_variants[:MOST_ROWS]
    )
    return f"<dl>{rows}{scenarios}</dl>"


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        items = (
            f"{shown(str(key))}: {shown(as_text(item) if not isinstance(item, int | float) else str(item), limit=500)}"
            for key, item in list(value.items())[:200]
        )
        return "<br>".join(items) or "–"
    return shown("–" if value is None else str(value), limit=500)
