"""The HTML report's upper half, made on the server: estimates with drawn intervals, distributions, faults, models,
provenance.

Its numbers are readable without any script. Every text from outside goes through `shown`, which makes it visible and
escapes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

import numpy as np
from numpy.typing import NDArray

from peel.records import Estimate, Run, RunSummary, ScenarioSummary, Together
from peel.reports.charts import Drawn, both_intervals_chart, interval_chart
from peel.reports.html_figures import Figures, table, wide_table
from peel.reports.html_history import bars_of
from peel.reports.html_verdicts import shown
from peel.reports.models_used import BETTER_MODEL, models_used, weak_model_warning
from peel.reports.text import as_text
from peel.reports.wording import MARKS, interval, name_of, notes_of, number, share
from peel.store.reading import SCORED, Columns

MOST_ROWS = 400
"""How many estimates the page shows drawn; a run with more has them all in the JSON report."""

MOST_DISTRIBUTIONS = 120
"""How many distributions the page draws."""

BINS = 20
"""How many bins a distribution has."""

Parts = Mapping[tuple[str, str], Columns]


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
    table = f'<div class="wide"><table class="estimates"><thead><tr>{headings}</tr></thead>{body}</table></div>'
    return f"{table}{more}{_together(summary)}"


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
    bars = bars_of(scenario)
    for estimate in scenario.evaluators:
        yield _estimate_row(estimate, bars[estimate.id][0] if estimate.id in bars else None)


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


def _together(summary: RunSummary) -> str:
    """Each evaluator over several scenarios; nothing where a run has one."""
    if not summary.together:
        return ""
    rows = (
        (
            f"{shown(one.id)} <span class=small>{shown(_weights(one))}</span>",
            shown(one.variant),
            number(one.value),
            both_intervals_chart(
                Drawn(one.id, one.value, (one.these_cases.low, one.these_cases.high), (one.low, one.high))
            ),
            interval(one.these_cases.low, one.these_cases.high),
            interval(one.low, one.high),
            f"{one.n_scored:,} of {one.n_executions:,}",
            f"{one.n_cases:,}",
        )
        for one in summary.together[:MOST_ROWS]
    )
    headings = (
        "evaluator", "variant", "mean:", "0 … 1", "exactly these cases:", "new cases like these:", "scored:", "cases:"
    )  # fmt: skip
    return f"<h3>Several scenarios together</h3>{wide_table(headings, rows)}"


def _weights(one: Together) -> str:
    """Which scenarios are in the mean, each with its weight, and which are not."""
    made = ", ".join(f"{name} × {weight:.2g}" for name, weight in one.weights.items())
    return f"{made}; without {', '.join(one.left_out)}" if one.left_out else made


def distributions(summary: RunSummary, parts: Parts, figures: Figures) -> str:
    """A histogram of each evaluator's scores under each variant."""
    drawn: list[str] = []
    asked = 0
    for scenario in summary.scenarios:
        columns = parts.get((scenario.scenario, scenario.variant))
        for estimate in scenario.evaluators if columns is not None else ():
            column = columns.scores.get(estimate.id) if columns is not None else None
            asked += column is not None
            if column is not None and len(drawn) < MOST_DISTRIBUTIONS:
                drawn.append(_distribution(estimate, scenario, column.value[column.status == SCORED], figures))
    more = f"<p>{asked - len(drawn):,} further distributions are left out.</p>" if asked > len(drawn) else ""
    return f'<div class="figures">{"".join(drawn)}</div>{more}'


def _distribution(estimate: Estimate, scenario: ScenarioSummary, values: NDArray[np.float64], figures: Figures) -> str:
    caption = f"{shown(estimate.id)} <span>{shown(name_of(scenario))}</span>"
    if not values.size:
        return f"<figure><figcaption>{caption}</figcaption><p>No score yet.</p></figure>"
    counts = np.histogram(values, bins=BINS, range=(0, 1))[0].tolist()
    filled = [(_bin(place), count) for place, count in enumerate(counts) if count]
    return figures.figure(
        {"kind": "distribution", "counts": counts, "threshold": estimate.below.threshold},
        caption=caption,
        says=f"{estimate.id}: {values.size:,} executions by score: "
        + ", ".join(f"{of}: {count:,}" for of, count in filled),
        numbers=table(("score", "executions:", f"of {values.size:,}:"),
                      ((of, f"{count:,}", share(count / values.size)) for of, count in filled)),
    )  # fmt: skip


def _bin(place: int) -> str:
    """The scores of one bin: its low end belongs to it, of the last one the high end too."""
    return f"{place / BINS:.2f} to {'' if place == BINS - 1 else 'under '}{(place + 1) / BINS:.2f}"


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
