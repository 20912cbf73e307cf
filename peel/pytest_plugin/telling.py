"""What a test says: of a case what was expected and its worst execution with every step, of a gate its numbers.

Text from models and files is shown with its control characters made visible, and bounded.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

from peel.pytest_plugin.judging import CaseVerdict, Observed, Outcome, Word
from peel.records import Case, CaseFigures, Execution, GateResult, Json, Score, StepResult
from peel.reports.current import current_scores
from peel.reports.text import as_text, is_passages, messages_of, one_line, source_of, visible
from peel.reports.wording import MARKS, gate_sentence, number

LONGEST = 600
"""Characters of one text that a failure shows; `peel show` has the whole."""

MOST_LINES = 5
"""How many errors, cases or passages a failure lists."""

_CASE_WORDS: Mapping[Word, str] = {
    "passed": "passed",
    "flaky": "flaky",
    "failed": "broken",
    "error": "could not be judged",
    "pending": "waits for a person's score",
}

_GATE_WORDS: Mapping[str, Word] = {"pass": "passed", "fail": "failed", "undecided": "undecided", "draft": "draft"}


def case_outcome(
    verdict: CaseVerdict, *, case: Case, worst: tuple[Execution, Sequence[Score]] | None, command: str
) -> Outcome:
    """What the test of a case says. `command` shows the worst execution whole."""
    lines = [_headline(verdict, case), *_what_happened(verdict)]
    if verdict.word in ("failed", "error"):
        lines += [*_values("expected", case.expected), *_values("input", case.inputs)]
        lines += _worst(*worst) if worst else []
    lines.append(f"look further: {command}")
    return Outcome(verdict.word, "\n".join(lines))


def case_properties(verdict: CaseVerdict, run: str) -> Iterator[tuple[str, str]]:
    """What the report of a case's test carries."""
    yield "peel.outcome", verdict.word
    yield "peel.run", run
    yield "peel.executions", str(len(verdict.observed))
    if verdict.errored:
        yield "peel.errored", str(len(verdict.errored))
    if verdict.unscored:
        yield "peel.unscored", str(len(verdict.unscored))
    for bar in verdict.bars:
        yield "peel.reached", str(bar)


def draft_outcome(outcome: Outcome, verdict: CaseVerdict, run: str) -> Outcome:
    """What the test of a draft case says: the same as of any, and that it decides nothing."""
    first = ("peel.outcome", "draft")
    others = [one for one in case_properties(verdict, run) if one[0] != first[0]]
    return Outcome("draft", f"a draft, which decides nothing: {outcome.text}", (first, *others))


def gate_outcome(gate: GateResult, *, run: str, cases: Sequence[CaseFigures]) -> Outcome:
    """What the test of a gate says, with the cases that are weakest on what it requires."""
    lines = [one_line(gate_sentence(gate), limit=LONGEST)]
    if gate.verdict not in ("pass", "draft"):
        lines += [*_weakest(gate, cases), f"look further: peel show {run}"]
    properties = (
        ("peel.outcome", _GATE_WORDS[gate.verdict]),
        ("peel.run", run),
        ("peel.value", "" if gate.value is None else f"{gate.value:.6g}"),
        ("peel.low", "" if gate.low is None else f"{gate.low:.6g}"),
        ("peel.high", "" if gate.high is None else f"{gate.high:.6g}"),
    )
    return Outcome(_GATE_WORDS[gate.verdict], "\n".join(lines), properties)


def show_command(execution: Observed | None, *, run: str, case: str, scenario: str, variant: str) -> str:
    """The command that shows an execution, or all of a case."""
    address = case if execution is None else f"{case}#{execution.repetition}"
    return f"peel show {run} {shlex.quote(address)} --scenario {shlex.quote(scenario)} --variant {shlex.quote(variant)}"


def _headline(verdict: CaseVerdict, case: Case) -> str:
    counted = "; ".join(str(bar) for bar in verdict.bars if bar.values) or "it has no score that a gate asks for"
    return one_line(f"{_CASE_WORDS[verdict.word]}: {counted} (case {case.id})", limit=400)


def _what_happened(verdict: CaseVerdict) -> Iterator[str]:
    told = [*verdict.errored, *verdict.unscored]
    yield from (f"  {one_line(line, limit=LONGEST)}" for line in told[:MOST_LINES])
    if len(told) > MOST_LINES:
        yield f"  and {len(told) - MOST_LINES} more"


def _values(title: str, values: Mapping[str, Json]) -> Iterator[str]:
    for name, value in values.items():
        yield f"{title} {one_line(name)}: {_text(value)}"


def _worst(execution: Execution, scores: Sequence[Score]) -> Iterator[str]:
    yield f"worst execution, #{execution.repetition}:"
    for place, step in enumerate(execution.steps, 1):
        yield f"  step {place} {one_line(step.step)}"
        yield from (f"    {line}" for line in _step(step))
    if execution.fault is not None:
        yield f"  errored: {_text(f'{execution.fault.type}: {execution.fault.message}')}"
    for score in current_scores(scores):
        value = number(score.value) if score.status == "scored" else score.status
        yield f"  {one_line(score.evaluator)} {value}: {one_line(score.reason, limit=LONGEST)}".rstrip(": ")


def _step(step: StepResult) -> Iterator[str]:
    asked = messages_of(step.request)
    yield f"asked: {_text(asked[-1][1] if asked else step.request)}"
    output = step.output
    if isinstance(output, list) and is_passages(output):
        for passage in output[:MOST_LINES]:
            if isinstance(passage, dict):
                yield f"passage: {one_line(source_of(passage))}: {one_line(as_text(passage['text']))}"
    elif step.status == "ok":
        yield f"output: {_text(output)}"
    for mark in step.marks:
        yield f"mark: {MARKS[mark]}"


def _weakest(gate: GateResult, cases: Sequence[CaseFigures]) -> Iterator[str]:
    known = [(value, case.case) for case in cases if (value := case.values.get(gate.subject)) is not None]
    if known:
        listed = ", ".join(f"{one_line(case)} {number(value)}" for value, case in sorted(known)[:MOST_LINES])
        yield f"weakest cases: {listed}"


def _text(value: Json) -> str:
    """A value on as many lines as it has, those after the first indented."""
    return visible(as_text(value), limit=LONGEST).replace("\n", "\n      ") or "(nothing)"
