"""A plan in plain words on a terminal, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from peel.counting import counted
from peel.records.plans import CountRange, EvaluatorPlan, PassRateProof, Plan, PlanRow, PlanTarget
from peel.reports.json import plain
from peel.reports.text import one_line
from peel.reports.wording import SCOPES, cost, number

SCHEMA = 1
"""The version of the JSON's structure; it changes only when a field changes its meaning or goes."""

_MORE = "more than 10 million"
_WHOLE_SCALE = 0.5


def plan_json(plan: Plan) -> bytes:
    """The plan as UTF-8 JSON, indented, with a line end; unknown numbers are null."""
    content = {"schema": SCHEMA, **plan.model_dump(mode="json")}
    return (json.dumps(plain(content), ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def render_plan(plan: Plan, *, console: Console) -> None:
    """Print a plan: what the pilot shows, what each target takes, and how the numbers are to be read."""
    if plan.run is not None:
        console.print(Text.assemble(("pilot ", "dim"), (one_line(plan.run), "bold")))
        for one in plan.evaluators:
            _render_evaluator(one, plan.case_cost or 0.0, console)
        if any(one.targets for one in plan.evaluators):
            console.print(Text("\n".join(_reading()), style="dim"))
    for sentence in _proof_sentences(plan):
        console.print(Text(sentence))


def _render_evaluator(one: EvaluatorPlan, case_cost: float, console: Console) -> None:
    on = f" (on {one.on})" if one.on else ""
    console.print(Text(f"\n{one_line(one.id)}{on}, {one_line(one.scenario)} · {one_line(one.variant)}", style="bold"))
    for sentence in _seen(one, case_cost):
        console.print(Text(one_line(sentence, limit=400)))
    for target in one.targets:
        console.print(_target(target))
        if target.assumption:
            console.print(Text(target.assumption, style="dim"))


def _seen(one: EvaluatorPlan, case_cost: float) -> Iterator[str]:
    """What the pilot says of itself, in sentences."""
    yield f"seen: mean {number(one.value)}, {counted(one.n_scored, 'score')} in {counted(one.n_cases, 'case')}"
    if one.trouble:
        yield f"no plan: {one.trouble}"
        return
    if one.icc is not None:
        yield f"{one.icc:.0%} of what varies lies between cases, {1 - one.icc:.0%} between repetitions of one case"
    else:
        yield "nothing varied in the pilot; the plan rests on what could have been missed"
    yield (
        f"as large as the pilot, a run shows a mean to about {_half_width(one.half_width_now)} for new cases, "
        f"{_half_width(one.half_width_these_cases_now)} for exactly these cases"
    )
    best = one.best_repetitions
    if best is not None:
        yield f"best split if a new case costs as much as {case_cost:g} executions: {_best(best)}"


def _half_width(half: float | None) -> str:
    """Scores lie in [0, 1]: an interval that goes further says no less than that."""
    return f"±{number(half)}" if half is None or half < _WHOLE_SCALE else f"±{_WHOLE_SCALE:g} (the whole scale)"


def _best(best: CountRange) -> str:
    known = sorted({k for k in (best.plug_in, best.safe) if k is not None})
    if not known:
        return "repetitions instead of new cases: cases do not differ"
    several = f"{known[0]} to {known[-1]} repetitions" if len(known) > 1 else counted(known[0], "repetition")
    return f"{several} a case" + ("" if best.plug_in is not None else " or more")


def _target(target: PlanTarget) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=f"\n{_goal(target)}", title_justify="left", title_style="")
    each = " a side" if target.sides > 1 else ""
    for heading in ("repetitions", "cases", f"executions{each}", "cost in all", "time, one after the other"):
        table.add_column(heading, justify="right")
    for row in target.rows:
        table.add_row(*_cells(row))
    return table


def _goal(target: PlanTarget) -> str:
    if target.difference is not None:
        what = f"to detect a difference of {target.difference:g} with a chance of {target.power or 0:.0%}"
    else:
        what = f"to know the mean to ±{target.half_width:g}"
    return f"{what}, {SCOPES[target.scope]}"


def _cells(row: PlanRow) -> list[str]:
    money, time = row.cost_usd, row.seconds
    return [
        _range(row.repetitions),
        _range(row.cases),
        _range(row.executions),
        _between(None if money[0] is None else cost(money[0]), None if money[1] is None else cost(money[1])),
        _between(_duration(time[0]), _duration(time[1])),
    ]


def _range(counts: CountRange) -> str:
    """From the plug-in number to the safe one."""
    return _between(*(_MORE if count is None else f"{count:,}" for count in (counts.plug_in, counts.safe)))


def _between(low: str | None, high: str | None) -> str:
    if low is None and high is None:
        return "unknown"
    return f"{low}" if low == high else f"{low or 'unknown'} – {high or 'unknown'}"


def _duration(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _reading() -> Iterator[str]:
    yield ""
    yield "A range goes from what the pilot estimates to what is safe against its noise: plan with the higher number."
    yield "For new cases, more cases always help more than more repetitions; repetitions tell flaky from broken."


def _proof_sentences(plan: Plan) -> Iterator[str]:
    for bar, executions in plan.all_pass.items():
        yield (
            f"To show a pass rate of at least {bar} (95 % confidence): {counted(executions, 'execution')}, "
            "if all of them pass."
        )
    yield from (_proof(one) for one in plan.proofs)
    if plan.proofs:
        yield "Executions count as independent: each of another case for new cases like these."


def _proof(one: PassRateProof) -> str:
    truth = f"If the true rate is {one.truth:g}: "
    if one.executions is None or one.passes is None:
        return f"{truth}more than 5,000 executions; the rates lie too close together."
    return (
        f"{truth}{counted(one.executions, 'execution')}, of which at least {one.passes:,} must pass; "
        f"that succeeds with a chance of {one.power:.0%}."
    )
