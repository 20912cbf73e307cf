"""What pages show of a scenario's last runs: the estimates and gate verdicts of the last one, a small chart of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from peel.counting import counted
from peel.estimates.history import MOST_RUNS
from peel.records import Estimate, GateResult, RunSummary, ScenarioSummary
from peel.records.history import RunOutline
from peel.reports.charts import TrendPoint, interval_chart, trend_chart
from peel.reports.html_history import bars_of
from peel.reports.wording import SYMBOLS, VERDICTS, evaluator_name, interval, number
from peel.web.server import Server

IN_LIST, ALONE = 12, MOST_RUNS
"""How many runs a small chart shows: in the list of scenarios, and on the page of one."""

MOST_LINES = 40
"""How many evaluators are shown of a scenario with its variants."""


@dataclass(frozen=True, slots=True)
class Line:
    """One evaluator in the last run."""

    name: str
    variant: str
    value: str
    ends: str
    made_of: str
    drawn: Markup
    trend: Markup
    gates: tuple[Gate, ...]


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate's verdict."""

    requirement: str
    verdict: str
    sign: str
    word: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A scenario's last finished run and those before it. `others` are the gates that are on no evaluator's line,
    `verdicts` those of every gate of every variant; `hidden` counts the variants that have no line here."""

    run: str
    lines: tuple[Line, ...]
    others: tuple[Gate, ...]
    verdicts: tuple[str, ...]
    hidden: int
    more: int


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest finished runs of a scenario by their marks, newest first."""

    marks: Mapping[str, str]

    @property
    def run(self) -> str | None:
        """The last one; None where there is none."""
        return next(iter(self.marks), None)

    def is_known(self, server: Server) -> bool:
        """Whether `shown_numbers` costs nothing but looking it up."""
        return self.run is None or server.numbers.has_all(self.run, self.marks)


def latest_of(server: Server, names: Sequence[str], *, runs: int) -> dict[str, Latest]:
    """The latest finished runs of several scenarios, as many as are shown of each."""
    ids = {name: server.workspace.store.finished(name, limit=runs) for name in names}
    marks = server.numbers.marks(list({one for some in ids.values() for one in some}))
    return {name: Latest({one: marks[one] for one in some if one in marks}) for name, some in ids.items()}


def shown_numbers(server: Server, name: str, latest: Latest, *, variants: bool) -> Shown | None:
    """The numbers of a scenario's latest finished runs; None where there is none. Without `variants`, the lines are
    those of the first variant alone. They are kept until a run is added or changes."""
    run = latest.run
    if run is None:
        return None
    mark = repr(list(latest.marks.items()))
    kept_as = f"{'all' if variants else 'first'} {name}"
    return server.shown.get(kept_as, mark, lambda: _shown(server, name, (run, latest.marks), variants=variants))


def _shown(server: Server, name: str, latest: tuple[str, Mapping[str, str]], *, variants: bool) -> Shown:
    run, marks = latest
    summary = of_scenario(server.numbers.summary(run, marks), name)
    outlines = server.numbers.outlines(marks)[::-1]
    parts = summary.scenarios if variants else summary.scenarios[:1]
    lines = [_line(part, one, outlines) for part in parts for one in part.evaluators]
    others = [gate for part in parts for gate in part.gates if gate.subject not in {one.id for one in part.evaluators}]
    return Shown(
        run,
        tuple(lines[:MOST_LINES]),
        tuple(map(_gate, others)),
        verdicts=tuple(gate.verdict for part in summary.scenarios for gate in part.gates),
        hidden=len(summary.scenarios) - len(parts),
        more=max(0, len(lines) - MOST_LINES),
    )


def of_scenario(summary: RunSummary, name: str) -> RunSummary:
    """A run's summary with one of its scenarios alone."""
    kept = tuple(one for one in summary.scenarios if one.scenario == name)
    return summary.model_copy(update={"scenarios": kept, "together": ()})


def _line(part: ScenarioSummary, one: Estimate, outlines: Sequence[RunOutline]) -> Line:
    bar = bars_of(part).get(one.id)
    points = _points(part, one.id, outlines)
    return Line(
        name=evaluator_name(one),
        variant=part.variant,
        value=number(one.value),
        ends=interval(one.these_cases.low, one.these_cases.high),
        made_of=f"{one.n_scored:,} of {one.n_executions:,} scored, {counted(one.n_cases, 'case')}"
        + (f", {one.n_pending:,} pending" if one.n_pending else ""),
        drawn=Markup(interval_chart(one, bar=bar[0] if bar else None)),  # noqa: S704  # made of numbers, its title escaped
        trend=Markup(trend_chart(one.id, points, bar=bar[0] if bar else None) if len(points) > 1 else ""),  # noqa: S704  # likewise
        gates=tuple(_gate(gate) for gate in part.gates if gate.subject == one.id),
    )


def _points(part: ScenarioSummary, evaluator: str, outlines: Sequence[RunOutline]) -> list[TrendPoint]:
    last = outlines[-1].cases.get(part.scenario)
    found = (
        (outline.values.get(part.scenario, {}).get(part.variant, {}).get(evaluator), outline) for outline in outlines
    )
    points = [
        TrendPoint(past.value, past.these_cases.low, past.these_cases.high, outline.cases.get(part.scenario) == last)
        for past, outline in found
        if past is not None
    ]
    return points if any(point.value is not None for point in points) else []


def _gate(gate: GateResult) -> Gate:
    word = "draft: not deciding" if gate.verdict == "draft" else VERDICTS[gate.verdict]
    return Gate(gate.requirement, gate.verdict, SYMBOLS[gate.verdict], word)
