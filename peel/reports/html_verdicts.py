"""The HTML report's beginning: which run it is, and the verdict on each gate in one sentence, the worst first."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from peel.records import GateResult, Run, RunSummary, ScenarioSummary
from peel.reports.text import one_line
from peel.reports.wording import STATUSES, SYMBOLS, VERDICTS, drafts_sentence, last_moment, name_of, verdict_sentence

MOST_VERDICTS = 400
"""How many gates are told; a run with more has them all in the JSON report."""

_WORST_FIRST = ("fail", "undecided", "pass", "draft")
_CASES_NAMED = 8


def shown(text: str, *, limit: int = 300) -> str:
    """Text from outside as HTML: visible, on one line, bounded, escaped."""
    return escape(one_line(text, limit=limit))


def head(run: Run) -> str:
    """The run's name, time and status."""
    return (
        f'<h1>PEEL report <span class="run">{shown(run.id)}</span></h1>'
        f'<p class="facts">{shown(last_moment(run))} · {shown(STATUSES[run.status])}</p>'
    )


def stopping(summary: RunSummary) -> str:
    """How far a run went that was to end early, and what its intervals are worth; nothing of any other run."""
    made = summary.stopping
    if made is None:
        return ""
    ended = "ended early" if made.stopped_early else "went to the end of its plan"
    beyond = (
        f"; {made.executions_beyond:,} executions beyond them count for no verdict" if made.executions_beyond else ""
    )
    return (
        f'<p class="facts">With <code>--until {shown(made.until)}</code> the run {ended}: its verdicts and intervals '
        f"rest on {made.sweeps:,} of {made.sweeps_planned:,} sweeps over all cases ({made.executions:,} of "
        f"{made.executions_planned:,} executions){beyond}. They hold whenever it might have ended (anytime-valid), "
        "and are wider than those of a length fixed in advance.</p>"
    )


def verdicts(summary: RunSummary) -> str:
    """The gates in words: all in one line, then each in a sentence; and what are drafts."""
    return _gates(summary) + "".join(
        f'<p class="facts"><b>{shown(name_of(scenario))}</b>: {drafts_sentence(scenario)}.</p>'
        for scenario in summary.scenarios
        if scenario.drafts is not None
    )


def _gates(summary: RunSummary) -> str:
    gates = [(scenario, gate) for scenario in summary.scenarios for gate in scenario.gates]
    if not gates:
        return '<p class="verdict none">No gate is defined: nothing here was required.</p>'
    gates.sort(key=lambda item: _WORST_FIRST.index(item[1].verdict))
    several = len(summary.scenarios) > 1
    rows = "".join(_verdict(gate, scenario if several else None) for scenario, gate in gates[:MOST_VERDICTS])
    return (
        f'<p class="verdict {gates[0][1].verdict}">{_sentence([gate for _, gate in gates])}</p>'
        f'<ul class="gates verdicts">{rows}</ul>'
        f'<p class="key">In brackets: {_bounds_are(summary)}. A gate passes when the whole range meets what it needs, '
        "fails when none of it does, and is undecided in between.</p>"
    )


def _bounds_are(summary: RunSummary) -> str:
    return "one-sided 95 % bounds" if summary.stopping is None else "bounds that hold at any time, 95 %"


def _sentence(gates: Sequence[GateResult]) -> str:
    counted = {verdict: sum(gate.verdict == verdict for gate in gates) for verdict in VERDICTS}
    if counted["pass"] == len(gates):
        return f"{SYMBOLS['pass']} {'The gate' if len(gates) == 1 else f'All {len(gates)} gates'} passed"
    parts = [f"{SYMBOLS[one]} {counted[one]} {VERDICTS[one]}" for one in _WORST_FIRST if counted[one]]
    return f"Gates: {', '.join(parts)}"


def _verdict(gate: GateResult, scenario: ScenarioSummary | None) -> str:
    about, _, rest = verdict_sentence(gate).partition(": ")
    stands, _, why = rest.partition(":")
    where = f'<span class="where">{shown(name_of(scenario))}</span>' if scenario is not None else ""
    return (
        f'<li class="{gate.verdict}"><span class="sign" aria-hidden="true">{SYMBOLS[gate.verdict]}</span>'
        f'<span><b>{shown(about)}</b>: <span class="word">{shown(stands)}</span>: {shown(why, limit=900)}'
        f"{_short(gate)} {where}</span></li>"
    )


def _short(gate: GateResult) -> str:
    """The cases that do not pass as often as they must."""
    if not gate.short:
        return ""
    more = f" and {len(gate.short) - _CASES_NAMED:,} more" if len(gate.short) > _CASES_NAMED else ""
    names = ", ".join(gate.short[:_CASES_NAMED])
    return f'. <span class="why">Short of it: {shown(names)}{more}</span>'
