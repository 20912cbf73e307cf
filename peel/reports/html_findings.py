"""The HTML report's findings: which step to work on first, where the variance comes from, how dependable the cases
are, and the estimates by tag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from peel.counting import counted
from peel.records import CasePasses, Estimate, PassesOfK, Reliability, RunSummary, ScenarioSummary
from peel.records.findings import StepEffectFigures, StepFindings, StepGroup, VarianceFigures
from peel.reports.charts import figure_chart, interval_chart, signed_chart
from peel.reports.comparison_wording import signed, signed_interval
from peel.reports.explaining import ASSOCIATION, narrowing_sentence, steps_sentence, variance_cells, variance_notes
from peel.reports.html_figures import Figures, table, wide_table
from peel.reports.html_verdicts import shown
from peel.reports.text import one_line
from peel.reports.wording import evaluator_name, interval, name_of, number, share

MOST_SCENARIOS = 20
"""How many scenario variants the findings are told of; the JSON report has them all."""

MOST_ROWS = 200
"""How many rows one table of findings has at most."""

_CASES_NAMED = 12


def _of_each(summary: RunSummary) -> Iterator[tuple[ScenarioSummary, str]]:
    """The scenario variants that are told of, each with its heading where there are several."""
    several = len(summary.scenarios) > 1
    for scenario in summary.scenarios[:MOST_SCENARIOS]:
        yield scenario, f"<h3>{shown(name_of(scenario))}</h3>" if several else ""


def steps(summary: RunSummary) -> str:
    """The step to work on first and what that rests on; nothing where nothing is known of any step."""
    told = [
        f"{heading}{_first(scenario.steps)}{_effects(scenario.steps.effects)}{_errors(scenario.steps)}"
        for scenario, heading in _of_each(summary)
        if scenario.steps.effects or scenario.steps.errors
    ]
    return "".join(told) or (
        "<p>Nothing is known of single steps: no evaluator judges one (<code>on: STEP</code>) beside the final "
        "output, and no execution ended in one with an error.</p>"
    )


def _first(findings: StepFindings) -> str:
    told = steps_sentence(findings)
    if not told:
        return "<p>No evaluator tells right from wrong for a step, so nothing is known of their effects.</p>"
    proof = f" {ASSOCIATION}" if findings.because is not None else ""
    return f'<p class="first">{shown(told + proof, limit=1_200)}</p>'


def _effects(effects: Sequence[StepEffectFigures]) -> str:
    if not effects:
        return ""
    rows = (
        (
            shown(one.step) + (f'<div class="note">{shown(one.note)}</div>' if one.note else ""),
            f"{shown(one.judged_by)} ≥ {one.threshold:g}",
            shown(one.evaluator),
            _group(one.right),
            _group(one.wrong),
            f"{signed(one.difference)} {signed_interval(one.low, one.high)}",
            signed_chart(
                f"{one.step}: {one.evaluator} where right less where wrong {signed(one.difference)} "
                f"{signed_interval(one.low, one.high)}",
                one.difference,
                (one.low, one.high),
            ),
            number(one.lost),
        )
        for one in effects[:MOST_ROWS]
    )
    headings = (
        "step", "right when", "evaluator", "where right:", "where wrong:", "difference, new cases like these:",
        "-1 … 1", "lost:",
    )  # fmt: skip
    return wide_table(headings, rows)


def _group(group: StepGroup) -> str:
    made = f"{counted(group.n_executions, 'execution')}, {counted(group.n_cases, 'case')}"
    return f'{number(group.mean)} {interval(group.low, group.high)}<span class="small">{made}</span>'


def _errors(findings: StepFindings) -> str:
    rows = [
        f"<li>{shown(one.step) or 'outside of any step'}: {one.n_errored:,} of {one.n_executions:,} executions "
        f"({share(one.share)}) ended there with an error</li>"
        for one in findings.errors[:MOST_ROWS]
    ]
    return f'<ul class="troubles">{"".join(rows)}</ul>' if rows else ""


def variance(summary: RunSummary, figures: Figures) -> str:
    """A bar for each evaluator: which share of its variance comes from cases, executions and the judge."""
    return "".join(
        heading + _variance(scenario, figures) for scenario, heading in _of_each(summary) if scenario.variance
    )


def _variance(scenario: ScenarioSummary, figures: Figures) -> str:
    found = list(scenario.variance.items())[:MOST_ROWS]
    known = [(name, one) for name, one in found if one.case is not None and one.execution is not None]
    advice = [(sentence, [name]) for name, one in known if (sentence := narrowing_sentence(one))]
    notes = "".join(
        f"<li><b>{shown(', '.join(names))}</b>: {shown(note, limit=600)}</li>"
        for note, names in (*advice, *variance_notes(scenario).items())
    )
    told = f'<ul class="notes">{notes}</ul>' if notes else ""
    if not known:
        return f"<p>The shares are not known for any evaluator.</p>{told}"
    rows = [
        {"name": one_line(name), "shares": [one.case, one.execution, one.judge], "ends": [one.case_low, one.case_high]}
        for name, one in known
    ]
    drawn = figures.figure(
        {"kind": "shares", "names": ["cases differ", "repetitions differ", "judge differs"], "rows": rows},
        caption=f"Shares of the variance <span>{shown(name_of(scenario))}</span>",
        says="; ".join(f"{name}: {_shares(one)}" for name, one in known),
        numbers=_variance_table(known),
    )
    return drawn + told


def _shares(one: VarianceFigures) -> str:
    cases, repetitions, judge = variance_cells(one)
    return f"cases {cases}, repetitions {repetitions}{f', the judge {judge}' if one.judge is not None else ''}"


def _variance_table(known: Sequence[tuple[str, VarianceFigures]]) -> str:
    rows = (
        (
            shown(name),
            *variance_cells(one),
            f"{one.total:.3g}" if one.total is not None else "–",
            f"{one.n_cases:,}",
            f"{one.n_executions:,}",
            f"{one.n_judged_again:,} ({one.n_judgements:,})",
            share(one.narrower.cases),
            share(one.narrower.repetitions),
            share(one.narrower.votes),
        )
        for name, one in known
    )
    headings = (
        "evaluator", "cases:", "repetitions:", "judge:", "variance:", "of cases:", "of executions:",
        "judged again (judgements):", "narrower by, with twice the cases:", "repetitions:", "votes:",
    )  # fmt: skip
    return table(headings, rows)


def reliability(summary: RunSummary) -> str:
    """How often each case passes: solid, flaky and broken cases, and the chance that all of k executions pass."""
    return "".join(
        heading + _reliability([one for one in scenario.evaluators if one.reliability is not None])
        for scenario, heading in _of_each(summary)
    )


def _reliability(estimates: Sequence[Estimate]) -> str:
    if not estimates:
        return "<p>No evaluator has passes to count.</p>"
    headings = (
        "evaluator", "passes from:", "cases:", "solid:", "flaky:", "broken:", "executed once:", "executions a case:",
        "two differ:",
    )  # fmt: skip
    pairs = [(one, one.reliability) for one in estimates if one.reliability is not None]
    counts = wide_table(headings, (_reliability_row(one, made) for one, made in pairs))
    named = "".join(_named(one, made) for one, made in pairs)
    passes = [row for one, made in pairs for k in made.passes if k.k > 1 for row in _passes_rows(one, k)]
    columns = ("evaluator", "value:", "0 … 1", "exactly these cases:", "new cases like these:", "executions:", "cases:")
    return counts + named + (wide_table(columns, passes[:MOST_ROWS]) if passes else "")


def _reliability_row(estimate: Estimate, made: Reliability) -> tuple[str, ...]:
    note = f'<div class="note">{shown(made.note, limit=600)}</div>' if made.note else ""
    executed = "–" if made.fewest is None else f"{made.fewest:,}"
    if made.most is not None and made.most != made.fewest:
        executed += f"–{made.most:,}"
    return (
        shown(evaluator_name(estimate)) + note,
        f"{made.passes_at:g}",
        f"{made.n_cases:,}",
        f"{len(made.solid):,}",
        f"{len(made.flaky):,}",
        f"{len(made.broken):,}",
        f"{len(made.once):,}",
        executed,
        share(made.disagreement),
    )


def _named(estimate: Estimate, made: Reliability) -> str:
    """The flaky and the broken cases by name, and how many repetitions show a flake."""
    told = [
        f"{word}: {_names(names)}"
        for word, names in (("flaky", [_passed(one) for one in made.flaky]), ("broken", list(made.broken)))
        if names
    ]
    if made.repetitions_to_see is not None:
        told.append(f"so rare a flake shows in {made.repetitions_to_see:,} repetitions with 95 % probability")
    elif made.visible is not None and made.fewest is not None:
        told.append(
            f"{made.fewest:,} repetitions show a flake of {share(made.visible)} or more with 95 % probability, "
            "a rarer one perhaps not"
        )
    return f'<p class="facts"><b>{shown(estimate.id)}</b>: {"; ".join(told)}</p>' if told else ""


def _passed(one: CasePasses) -> str:
    return f"{one.case} ({one.passed:,} of {one.scored:,})"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _CASES_NAMED:,} more" if len(names) > _CASES_NAMED else ""
    return ", ".join(shown(name, limit=80) for name in names[:_CASES_NAMED]) + more


def _passes_rows(estimate: Estimate, of_k: PassesOfK) -> Iterator[tuple[str, ...]]:
    for name, figure in ((f"pass^{of_k.k}", of_k.pass_hat_k), (f"pass@{of_k.k}", of_k.pass_at_k)):
        these = figure.these_cases
        yield (
            f"{shown(estimate.id)} {name}",
            number(figure.value),
            figure_chart(f"{estimate.id} {name}", figure),
            interval(these.low, these.high) if these is not None else "–",
            interval(figure.low, figure.high),
            f"{figure.n_executions:,}",
            f"{figure.n_cases:,}",
        )


def tags(summary: RunSummary) -> str:
    """The estimates over the cases of each tag; nothing where no case has one."""
    return "".join(heading + _tags(scenario) for scenario, heading in _of_each(summary) if scenario.tags)


def _tags(scenario: ScenarioSummary) -> str:
    rows = [
        (
            f"{shown(tag.tag, limit=60)} <span class=small>{tag.n_cases:,} cases</span>",
            shown(evaluator_name(one)),
            number(one.value),
            interval_chart(one),
            interval(one.these_cases.low, one.these_cases.high),
            interval(one.low, one.high),
            f"{one.n_scored:,} of {one.n_executions:,}",
            f"{one.n_cases:,}",
        )
        for tag in scenario.tags
        for one in tag.evaluators
    ]
    left = scenario.tags_left_out + (len(rows) > MOST_ROWS)
    more = "<p>Further tags are left out here; <code>peel run --tag</code> runs the cases of one.</p>" if left else ""
    headings = (
        "tag", "evaluator", "mean:", "0 … 1", "exactly these cases:", "new cases like these:", "scored:", "cases:"
    )  # fmt: skip
    return wide_table(headings, rows[:MOST_ROWS]) + more
