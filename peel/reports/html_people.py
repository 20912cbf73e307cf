"""People in HTML: judges' means corrected by what people said, and how far raters and judges agree. The report and the
pages show the same."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from peel.counting import counted
from peel.records import Estimate, RunSummary
from peel.records.agreement import Agreement, Disagreement, JudgeAgreement, RatersAgreement, RunAgreement
from peel.records.estimates import CorrectedMean
from peel.reports.charts import Drawn, both_intervals_chart, scatter_chart
from peel.reports.corrected_wording import corrected_sentence
from peel.reports.html_figures import wide_table
from peel.reports.html_verdicts import shown
from peel.reports.wording import interval, name_of, number, share

MOST_ROWS = 400
"""How many corrected means are shown; a run with more has them all in the JSON report."""

MOST_DRAWN = 3
"""How many pairs of raters are drawn; the table has more."""

Address = Callable[[int], str]
"""Where the execution of a number is shown."""

_VERDICTS = {
    "usable": ("pass", "✓ This judge can be trusted for this scenario"),
    "tentative": ("undecided", "? Trust this judge with care"),
    "do not gate on this judge": ("fail", "✗ Do not gate on this judge"),
}
_UNKNOWN = ("none", "– Whether this judge can be trusted is not known yet")
_HEADINGS = ("", "outputs:", "cases:", "alpha:", "95 %:", "ICC:", "Pearson:", "Spearman:", "kappa:", "mean difference:",
             "same side:")  # fmt: skip


def people(summary: RunSummary, found: RunAgreement | None) -> str:
    """The report's section on people; nothing of a run that asks none."""
    corrections = corrected(summary)
    compared = agreement(found) if found is not None and found.raters else ""
    if not corrections and not compared:
        return ""
    return (
        f'<section aria-labelledby="h-people"><h2 id="h-people">Checked by people</h2>{corrections}{compared}</section>'
    )


def corrected(summary: RunSummary) -> str:
    """Each judge's mean next to the one corrected by people; nothing where no judge can be checked by people."""
    found = [
        (name_of(scenario), estimate, one)
        for scenario in summary.scenarios
        for estimate in scenario.evaluators
        for one in estimate.corrected
    ]
    if not found:
        return ""
    headings = (
        "judge",
        "variant",
        "by the judge:",
        "corrected:",
        "0 … 1",
        "people alone:",
        "judge − people:",
        "rests on:",
    )
    rows = (_corrected_row(*each) for each in found[:MOST_ROWS])
    said = "".join(f"<li>{shown(f'{name}: {one.id}', limit=120)}: {shown(corrected_sentence(one, by), limit=900)}</li>"
                   for name, one, by in found[:MOST_ROWS])  # fmt: skip
    return (
        "<h3>The judges’ means, corrected by people</h3>"
        '<p class="key">What people said of some outputs corrects what the judge said of all of them '
        "(prediction-powered inference). Intervals at 95 % are for new cases like these.</p>"
        f"{wide_table(headings, rows)}<details><summary>In sentences</summary><ul>{said}</ul></details>"
    )


def _corrected_row(name: str, estimate: Estimate, one: CorrectedMean) -> tuple[str, ...]:
    scores = f"{counted(one.n_scored, 'manual score')}, {one.n_cases:,} cases"
    note = f'<span class="small">{shown(one.note)}</span>' if one.note else ""
    return (
        f'{shown(estimate.id)} <span class="small">{shown(one.by)}</span>',
        shown(name),
        number(estimate.value),
        f"<b>{number(one.value)}</b> {interval(one.low, one.high)}{note}",
        both_intervals_chart(Drawn(f"{estimate.id}, corrected", one.value, (None, None), (one.low, one.high))),
        f"{number(one.people)} {interval(one.people_low, one.people_high)}",
        "–" if one.difference is None else f"{one.difference:+.2f}",
        scores,
    )


def agreement(found: RunAgreement, address: Address | None = None) -> str:
    """How far judges agree with people, and people with each other; disagreements lead to `address`, if given."""
    judges = "".join(_judge(one, address) for one in found.judges)
    raters = "".join(_raters(one, address) for one in found.raters)
    return judges + raters


def _judge(judge: JudgeAgreement, address: Address | None) -> str:
    found = judge.agreement
    kind, words = _VERDICTS.get(judge.verdict or "", _UNKNOWN)
    if judge.verdict is not None and not judge.settled:
        kind, words = "undecided", f"? {words[2:]} – not settled yet"
    names = f"{shown(found.other)} and people ({shown(found.one)})"
    return (
        f'<article class="agreement"><h3>{shown(judge.scenario)}: {names}</h3>'
        f'<p class="verdict {kind}">{words}</p><p class="first">{shown(judge.sentence, limit=900)}</p>'
        f"{_compared((found,), address)}</article>"
    )


def _raters(raters: RatersAgreement, address: Address | None) -> str:
    counts = ", ".join(f"{shown(name, limit=60)} {count:,}" for name, count in raters.raters.items())
    answers = f'<p class="facts">Answers: {counts}</p>' if counts else ""
    names = f"people with each other ({shown(raters.evaluator)})"
    return (
        f'<article class="agreement"><h3>{shown(raters.scenario)}: {names}</h3>'
        f'<p class="first">{shown(raters.sentence, limit=900)}</p>{answers}{_compared(raters.pairs, address)}</article>'
    )


def _compared(pairs: tuple[Agreement, ...], address: Address | None) -> str:
    """Numbers, drawings and the largest disagreements of those who scored the same outputs."""
    shared = [one for one in pairs if one.n_executions]
    if not shared:
        return ""
    drawn = "".join(f'<div class="pairs">{_figure(one, address)}</div>' for one in shared[:MOST_DRAWN])
    return f"{wide_table(_HEADINGS, map(_numbers, shared))}{drawn}"


def _numbers(one: Agreement) -> tuple[str, ...]:
    gap = one.difference
    return (
        _names(one),
        f"{one.n_executions:,}",
        f"{one.n_cases:,}",
        number(one.alpha),
        interval(one.interval.low, one.interval.high),
        *(number(value) for value in (one.icc, one.pearson, one.spearman, one.kappa)),
        "–" if gap is None else f"{gap.mean:+.2f} {interval(gap.low, gap.high)}",
        "–" if one.same_side is None else f"{share(one.same_side)} at {one.threshold:g}",
    )


def _figure(one: Agreement, address: Address | None) -> str:
    more = one.n_executions - len(one.points)
    cut = f"; the first {len(one.points):,} are drawn" if more > 0 else ""
    caption = f"{_names(one)} <span>each dot is a pair of scores, larger for several{cut}</span>"
    drawn = f"<figure><figcaption>{caption}</figcaption>{scatter_chart((one.one, one.other), one.points)}</figure>"
    return drawn + _disagreements(one, address)


def _disagreements(one: Agreement, address: Address | None) -> str:
    title = "<h4>Largest disagreements</h4>"
    if not one.disagreements:
        return f"<div>{title}<p>None: the scores of all {one.n_executions:,} outputs are equal.</p></div>"
    headings = ("execution", "variant", f"{shown(one.one, limit=40)}:", f"{shown(one.other, limit=40)}:")
    rows = (
        (_execution(each, address), shown(each.variant), number(each.one), number(each.other))
        for each in one.disagreements
    )
    return f"<div>{title}{_limits(one)}{wide_table(headings, rows)}</div>"


def _execution(each: Disagreement, address: Address | None) -> str:
    name = shown(f"{each.case}#{each.repetition}", limit=80)
    return name if address is None else f'<a href="{escape(address(each.execution))}">{name}</a>'


def _limits(one: Agreement) -> str:
    gap = one.difference
    if gap is None or gap.limits_low is None:
        return ""
    return f'<p class="hint">95 % of the single differences lie in {interval(gap.limits_low, gap.limits_high)}.</p>'


def _names(one: Agreement) -> str:
    return f"{shown(one.one, limit=40)} · {shown(one.other, limit=40)}"
