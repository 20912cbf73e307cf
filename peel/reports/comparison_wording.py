"""How a comparison is put into words: the same in the terminal, HTML and Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from peel.counting import counted
from peel.estimates.pairing import described
from peel.records import BASE_VARIANT
from peel.records.comparisons import (
    CaseChange,
    ComparedSide,
    Comparison,
    Difference,
    MeasureDifference,
    PairComparison,
    ShownExecution,
)
from peel.reports.wording import SCOPES, SMALLEST_USD, cost, money, number, seconds, share

MEASURES = {"cost_usd": "cost per execution", "latency_s": "latency", "error_rate": "errored executions"}
"""What is compared beside the scores."""

KINDS = {"typical": "nearest to the mean", "worst": "worst"}
"""Why an execution is shown."""

_SIGNS = {"better": "▲", "worse": "▼", "equivalent": "≈", "not": "≥"}
_STATES = {"better": "pass", "worse": "fail", "equivalent": "pass", "not": "pass"}


def sign(difference: Difference) -> str:
    """A sign for the verdict that needs no colour."""
    return _SIGNS.get(_first_word(difference), "?")


def state(difference: Difference) -> str:
    """Which of `pass`, `fail`, `undecided` a verdict is shown as."""
    return _STATES.get(_first_word(difference), "undecided")


def _first_word(difference: Difference) -> str:
    return difference.verdict.partition(",")[0].partition(" ")[0]


def verdict(difference: Difference) -> str:
    """The verdict; where there is no evidence, about how many executions would give some."""
    if difference.needed is None:
        return difference.verdict
    have = difference.base.n_used + difference.candidate.n_used
    return f"{difference.verdict}, about {difference.needed:,} executions needed (of {have:,} now)"


def signed(value: float | None) -> str:
    """A difference to two decimals with its sign; `–` where it is undefined. What is not 0 is not shown as 0.00."""
    if value is None:
        return "–"
    text = f"{value:+.2f}"
    if text in ("+0.00", "-0.00"):
        text = f"{value:+.4f}" if abs(value) >= 0.00005 else "0.00"
    return text


def signed_interval(low: float | None, high: float | None) -> str:
    """An interval of a difference; `–` where it is undefined."""
    return "–" if low is None and high is None else f"[{signed(low)}, {signed(high)}]"


def sizes(difference: Difference) -> str:
    """What a difference is made of: `20 cases × 5`, with the repetitions of both sides where they are not the same."""
    base, candidate = (_repetitions(side.k_low, side.k_high) for side in (difference.base, difference.candidate))
    k = base if base == candidate else f"{base} and {candidate}"
    cases = counted(difference.n_cases, "case")
    return f"{cases} × {k}" if difference.n_cases else cases


def _repetitions(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low}–{high}"


def missing(difference: Difference) -> str:
    """Scores that could not be made or are awaited, on both sides; nothing where there are none."""
    words = []
    for word, side in (("base", difference.base), ("candidate", difference.candidate)):
        for count, what in ((side.n_unscored, "unscored"), (side.n_pending, "pending")):
            words += [f"{count:,} {what} in the {word}"] if count else []
    return ", ".join(words)


def notes(difference: Difference) -> str:
    """All that must be said of one row; nothing usually."""
    return "; ".join(filter(None, [difference.note, missing(difference)]))


def p_value(difference: Difference) -> str:
    """The adjusted p, or `–`."""
    value = difference.p_adjusted if difference.p_adjusted is not None else difference.p
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def title(difference: Difference) -> str:
    """An evaluator with the step it judges, or what an overall is the mean of."""
    if difference.of:
        return f"overall (mean of {', '.join(difference.of)})" if len(difference.of) > 1 else "overall"
    return f"{difference.id} (on {difference.on})" if difference.on else difference.id


def shown_differences(pair: PairComparison) -> tuple[Difference, ...]:
    """The rows of one pair: its evaluators, and overall where that is more than one of them."""
    more = pair.overall is not None and len(pair.overall.of) > 1
    return (*pair.differences, pair.overall) if pair.overall is not None and more else pair.differences


def side_name(side: ComparedSide) -> str:
    """A side as it can be named in a command."""
    return f"{side.run}:{side.scenario}/{side.variant}"


def variant_name(side: ComparedSide) -> str:
    """A side by its scenario and variant."""
    return side.scenario if side.variant == BASE_VARIANT else f"{side.scenario} · {side.variant}"


def question(comparison: Comparison) -> str:
    """Which question is answered, and which difference matters."""
    return (
        f"{100 * comparison.level:g} % intervals {SCOPES[comparison.scope]}; differences are candidate - base; "
        f"a difference of {comparison.margin:g} matters (the margin)"
    )


def headline(comparison: Comparison) -> str:
    """The verdict over all in one line: of the overall, or of the pair that there is."""
    overall = comparison.overall
    if overall is None and len(comparison.pairs) == 1:
        overall = comparison.pairs[0].overall
    if overall is None:
        return f"{len(comparison.pairs)} pairs compared; no overall" if len(comparison.pairs) > 1 else "no overall"
    return f"{sign(overall)} overall {verdict(overall)}"


def numbers(difference: Difference) -> str:
    """The difference with its interval."""
    if difference.difference is None:
        return "–"
    return f"{signed(difference.difference)} {signed_interval(difference.low, difference.high)}"


def case_sentences(pair: PairComparison) -> Iterator[str]:
    """Which cases are compared, which are left out, and how many changed which way."""
    n = pair.cases.n_common
    yield f"{counted(n, 'case')} on both sides"
    yield from (f"left out: {sentence}" for sentence in described(pair.cases))


def changes(pair: PairComparison) -> str:
    """How many cases have a higher, a lower, or the same mean."""
    return f"{pair.n_better:,} better, {pair.n_worse:,} worse, {pair.n_unchanged:,} with the same mean"


ONE_CASE = "One case may change by chance: read these as examples, and the table above as the result."


def change(case: CaseChange) -> str:
    """How one case changed, overall and by evaluator."""
    by = ", ".join(
        f"{name} {number(before)} → {number(after)}"
        for name, (before, after) in case.evaluators.items()
        if before is not None or after is not None
    )
    return f"{number(case.base)} → {number(case.candidate)}" + (f" ({by})" if len(case.evaluators) > 1 else "")


def execution(shown: ShownExecution) -> str:
    """Which execution is shown, and why."""
    return f"repetition {shown.repetition}, value {number(shown.value)}, {KINDS[shown.kind]}"


def measure_cells(measure: MeasureDifference) -> list[str]:
    """Name, base, candidate, difference with interval, ratio with interval."""
    told = {"cost_usd": cost, "latency_s": seconds, "error_rate": share}[measure.measure]
    base, candidate = (told(value) if value is not None else "–" for value in (measure.base, measure.candidate))
    gap = "–" if measure.difference is None else _amount(measure, measure.difference)
    if measure.low is not None and measure.high is not None:
        gap += f" [{_amount(measure, measure.low)}, {_amount(measure, measure.high)}]"
    return [MEASURES[measure.measure], base, candidate, gap, _ratio(measure)]


def _amount(measure: MeasureDifference, value: float) -> str:
    """A signed difference in the measure's unit."""
    size = abs(value)
    mark = "" if size < SMALLEST_USD else "-" if value < 0 else "+"
    if measure.measure == "error_rate":
        return f"{mark}{100 * size:.1f} points"
    return mark + (seconds(size) if measure.measure == "latency_s" else money(size))


def _ratio(measure: MeasureDifference) -> str:
    if measure.ratio is None:
        return "–"
    ends = (
        f" [{measure.ratio_low:.2f}, {measure.ratio_high:.2f}]"
        if measure.ratio_low is not None and measure.ratio_high is not None
        else ""
    )
    return f"×{measure.ratio:.2f}{ends}"
