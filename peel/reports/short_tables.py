"""The short tables under the estimates, in words: reliability, tags that stand apart, scenarios together, means used.

The same in the terminal and in Markdown. A table is made only where it says something: reliability where a case is not
always right, tags where a mean lies apart from the whole. All of it is in the JSON report in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from peel.counting import counted
from peel.records import Estimate, Figure, Reliability, RunSummary, ScenarioSummary
from peel.reports.wording import cost, evaluator_name, interval, name_of, number, seconds, share

IDS_TOLD = 3
"""How many flaky and broken cases a row names."""

TAGS_TOLD = 8
"""How many tags that stand apart are told, the weakest first."""

_ERROR = 0.05


@dataclass(frozen=True, slots=True)
class ShortTable:
    """A table of texts: a heading that ends with `:` is a number. `sentences` are to be read with it."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sentences: tuple[str, ...] = ()


def short_tables(summary: RunSummary) -> tuple[ShortTable, ...]:
    """Those tables of a run that say something."""
    made = (scenarios_together(summary), reliability(summary), tags_apart(summary))
    return tuple(table for table in made if table is not None)


def reliability(summary: RunSummary) -> ShortTable | None:
    """Solid, flaky and broken cases by evaluator with pass@k and pass^k, where any case is flaky or broken."""
    told = [
        (_about(summary, scenario, estimate), found)
        for scenario in summary.scenarios
        for estimate in scenario.evaluators
        if (found := estimate.reliability) is not None and (found.flaky or found.broken)
    ]
    if not told:
        return None
    return ShortTable(
        "reliability, for exactly these cases",
        ("", "solid:", "flaky:", "broken:", "k:", "pass@k", "pass^k"),
        tuple(_reliability_row(about, found) for about, found in told),
        tuple(dict.fromkeys([*(_named(about, found) for about, found in told), *(_shown(found) for _, found in told)])),
    )


def _about(summary: RunSummary, scenario: ScenarioSummary, estimate: Estimate) -> str:
    """An evaluator, with its scenario and variant where a run has more than one."""
    name = evaluator_name(estimate)
    return name if len(summary.scenarios) == 1 else f"{name_of(scenario)}: {name}"


def _reliability_row(about: str, found: Reliability) -> tuple[str, ...]:
    last = found.passes[-1]
    counts = (f"{len(cases):,}" for cases in (found.solid, found.flaky, found.broken))
    return about, *counts, f"{last.k}", _chance(last.pass_at_k), _chance(last.pass_hat_k)


def _chance(figure: Figure) -> str:
    return f"{number(figure.value)} {interval(figure.these_cases.low, figure.these_cases.high)}"


def _named(about: str, found: Reliability) -> str:
    """The first flaky and broken cases, and what it takes to see such a flake."""
    parts = []
    if found.flaky:
        rare = f"a flake so rare ({share(found.flake)}) takes {found.repetitions_to_see:,} repetitions to see"
        parts.append(f"flaky {_first([f'{one.case} ({one.passed} of {one.scored})' for one in found.flaky])}; {rare}")
    if found.broken:
        parts.append(f"broken {_first(list(found.broken))}")
    return f"{about}: {'; '.join(parts)}."


def _first(ids: list[str]) -> str:
    more = len(ids) - IDS_TOLD
    return ", ".join(ids[:IDS_TOLD]) + (f" and {more:,} more" if more > 0 else "")


def _shown(found: Reliability) -> str:
    """From where on an execution passes, and what so many repetitions can show."""
    passes = f"An execution passes from {found.passes_at:g} on."
    if found.visible is None:
        return f"{passes} {len(found.once):,} of {found.n_cases:,} cases were scored once, which shows no flake."
    return f"{passes} {found.fewest} repetitions show a flake of {share(found.visible)} or more, with 95% probability."


def tags_apart(summary: RunSummary) -> ShortTable | None:
    """Tags whose interval for exactly these cases does not hold the evaluator's mean over all cases."""
    apart = [
        (scenario, tag.tag, one, whole)
        for scenario in summary.scenarios
        for tag in scenario.tags
        for one, whole in zip(tag.evaluators, scenario.evaluators, strict=True)
        if _is_apart(one, whole)
    ]
    if not apart:
        return None
    apart.sort(key=lambda item: ((item[2].value or 0.0) - (item[3].value or 0.0), item[1]))
    compared = sum(one.value is not None for s in summary.scenarios for tag in s.tags for one in tag.evaluators)
    left_out = sum(scenario.tags_left_out for scenario in summary.scenarios)
    return ShortTable(
        "tags that stand apart",
        ("tag", "", "mean:", "exactly these cases", "new cases like these", "scored:", "all cases:"),
        tuple(
            _tag_row(tag, _about(summary, scenario, one), one, whole) for scenario, tag, one, whole in apart[:TAGS_TOLD]
        ),
        tuple(_of_tags(len(apart), compared, left_out)),
    )


def _is_apart(one: Estimate, whole: Estimate) -> bool:
    low, high = one.these_cases.low, one.these_cases.high
    if whole.value is None or low is None or high is None:
        return False
    return not low <= whole.value <= high


def _tag_row(tag: str, about: str, one: Estimate, whole: Estimate) -> tuple[str, ...]:
    return (
        tag,
        about,
        number(one.value),
        interval(one.these_cases.low, one.these_cases.high),
        interval(one.low, one.high),
        f"{one.n_scored:,} in {counted(one.n_cases, 'case')}",
        number(whole.value),
    )


def _of_tags(found: int, compared: int, left_out: int) -> Iterator[str]:
    more = f", the {TAGS_TOLD} weakest shown" if found > TAGS_TOLD else ""
    chance = f"up to {max(1, round(compared * _ERROR)):,} of so many would by chance"
    yield f"{found:,} of {compared:,} means by tag{more}; {chance}. The JSON report has all."
    if left_out:
        yield f"{left_out:,} tags of the fewest cases have no estimates."


def scenarios_together(summary: RunSummary) -> ShortTable | None:
    """The evaluators that several scenarios share, over all of them."""
    if not summary.together:
        return None
    rows = tuple(
        (
            f"{one.id} (on {one.on})" if one.on else one.id,
            one.variant,
            number(one.value),
            interval(one.these_cases.low, one.these_cases.high),
            interval(one.low, one.high),
            f"{one.n_scored:,} in {counted(one.n_cases, 'case')}",
            f"{len(one.weights)}, each {share(next(iter(one.weights.values())))}" if one.weights else "–",
        )
        for one in summary.together
    )
    headings = ("evaluator", "variant", "mean:", "exactly these cases", "new cases like these", "scored:", "scenarios")
    notes = dict.fromkeys(f"{one.id}: {one.note}" for one in summary.together if one.note)
    return ShortTable("scenarios together", headings, rows, tuple(notes))


def used_on_average(scenario: ScenarioSummary) -> str:
    """Mean latency and cost of an execution with both intervals, in one sentence; nothing where neither is known."""
    latency, price = scenario.usage.latency_s.mean_of_cases, scenario.usage.cost_per_execution
    parts = []
    if latency is not None and latency.value is not None:
        parts.append(f"latency {_amount(latency, seconds)}")
    if price is not None and price.value:
        parts.append(f"cost {_amount(price, cost)}")
    return "; ".join(parts)


def _amount(figure: Figure, shown: Callable[[float | None], str]) -> str:
    """`mean 2.1 s, [1.9 s, 2.3 s] for exactly these cases, [1.5 s, 2.7 s] for new cases (60 in 12 cases)`."""
    these, told = figure.these_cases, [f"mean {shown(figure.value)}"]
    if these.low is not None and these.high is not None:
        told.append(f"[{shown(these.low)}, {shown(these.high)}] for exactly these cases")
    if figure.low is not None and figure.high is not None:
        told.append(f"[{shown(figure.low)}, {shown(figure.high)}] for new cases")
    return f"{', '.join(told)} ({figure.n_executions:,} in {counted(figure.n_cases, 'case')})"
