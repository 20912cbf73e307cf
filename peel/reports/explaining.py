"""What the variance and the steps say, in words: the same in the terminal, JSON, HTML and Markdown."""

from __future__ import annotations

from peel.records import (
    Narrowing,
    ScenarioSummary,
    StepEffectFigures,
    StepErrors,
    StepFindings,
    StepGroup,
    VarianceFigures,
)
from peel.reports.wording import interval, number, share

ASSOCIATION = "This is an association, not a proof: a case that is hard for one step may be hard for the next as well."

_MOST_TOLD = 3
"""How many differences that show nothing are told."""

_NEARLY = 0.8
"""What narrows the interval by this share of what new cases would, and costs less, is named first."""


def variance_cells(figures: VarianceFigures) -> list[str]:
    """The shares of case (with its interval), execution and judge; where the judge was not measured, its share is
    inside the second."""
    case = share(figures.case)
    if figures.case_low is not None and figures.case_high is not None:
        case += f" [{figures.case_low:.0%}, {figures.case_high:.0%}]"
    return [case, share(figures.execution), share(figures.judge)]


def variance_notes(scenario: ScenarioSummary) -> dict[str, list[str]]:
    """What must be known to read the shares, each with the evaluators it is about; of those with no score nothing."""
    notes: dict[str, list[str]] = {}
    for name, figures in scenario.variance.items():
        judge = f"judge: {figures.judge_note}" if figures.judge_note and figures.total else ""
        for note in filter(None, [figures.note, judge] if figures.n_executions else []):
            notes.setdefault(note, []).append(name)
    return notes


def narrowing_sentence(figures: VarianceFigures) -> str:
    """What would narrow the interval for new cases like these most; nothing where it is not known."""
    told = narrowing_cell(figures)
    reason = {
        "votes": "more votes of the judge do nearly as much as more cases, and need no new execution",
        "repetitions": "more repetitions do nearly as much as more cases, and nobody has to write them",
        "cases": "more cases narrow it most",
    }
    return f"The interval for new cases like these: {reason[_best(figures.narrower)]} ({told})." if told else ""


def narrowing_cell(figures: VarianceFigures) -> str:
    """The same in short, what to do first standing first: `twice the cases −29%, repetitions −5%`."""
    by = figures.narrower
    named = {"cases": by.cases, "repetitions": by.repetitions, "votes": by.votes}
    if by.cases is None or by.repetitions is None:
        return ""
    first = _best(by)
    order = [first, *(name for name in named if name != first and named[name] is not None)]
    return "twice the " + ", ".join(f"{name} −{share(named[name])}" for name in order)


def _best(by: Narrowing) -> str:
    """The cheapest thing that does nearly as much as more cases: votes need no execution, repetitions no new case.

    Repetitions only where they surely do: a few cases that look alike do not show that cases are.
    """
    enough = _NEARLY * (by.cases or 0.0)
    if by.votes is not None and by.votes >= enough:
        return "votes"
    return "repetitions" if by.repetitions_surely is not None and by.repetitions_surely >= enough else "cases"


def steps_sentence(findings: StepFindings) -> str:
    """The step to work on first with its evidence, or that the data do not show one; nothing where none is judged."""
    if findings.first is not None:
        evidence = _errors_of(findings) if findings.because is None else _effect(findings.effects[findings.because])
        return f"Work on {findings.first} first: {evidence}."
    if not findings.effects:
        return ""
    likely = sorted(findings.effects, key=lambda effect: -(effect.lost or 0.0))
    reasons = "; ".join(dict.fromkeys(map(_why_not, likely[:_MOST_TOLD])))
    more = f"; and {len(likely) - _MOST_TOLD} further pairs" if len(likely) > _MOST_TOLD else ""
    return f"The data do not show which step to work on first: {reasons}{more}."


def _effect(effect: StepEffectFigures) -> str:
    right, wrong = _group(effect.right), _group(effect.wrong)
    return (
        f"where it was right ({effect.judged_by}), {effect.evaluator} is {right}; where it was wrong, {wrong}; "
        f"it was wrong in {_wrong(effect)}; difference {number(effect.difference)} {_interval(effect)}{_held(effect)}"
    )


def _group(group: StepGroup) -> str:
    known = f" {interval(group.low, group.high)}" if group.low is not None else ""
    return f"{number(group.mean)}{known}"


def _wrong(effect: StepEffectFigures) -> str:
    of = effect.wrong.n_executions / effect.n_executions
    return f"{effect.wrong.n_executions:,} of {effect.n_executions:,} executions of {effect.n_cases:,} cases ({of:.0%})"


def _interval(effect: StepEffectFigures) -> str:
    """The bounds of a difference, which lie in [-1, 1]."""
    return "" if effect.low is None or effect.high is None else f"[{effect.low:.2f}, {effect.high:.2f}]"


def _held(effect: StepEffectFigures) -> str:
    return f" within the {effect.n_mixed:,} cases that have both" if effect.within_cases else ""


def _why_not(effect: StepEffectFigures) -> str:
    about = f"{effect.step} ({effect.judged_by})"
    if effect.difference is None or effect.low is None:
        return f"{about}: {effect.note[:1].lower()}{effect.note[1:].removesuffix('.')}"
    return (
        f"{effect.evaluator} differs by {effect.difference:.2f} {_interval(effect)} between {about} right and wrong, "
        f"and it was wrong in {_wrong(effect)}"
    )


def _errors_of(findings: StepFindings) -> str:
    return next(_errored(one) for one in findings.errors if one.step == findings.first)


def _errored(errors: StepErrors) -> str:
    return f"{errors.n_errored:,} of {errors.n_executions:,} executions ({share(errors.share)}) ended there in an error"
