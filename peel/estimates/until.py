"""`--until`: what it may say, and which gates the evidence of a run in progress can decide. Loads nothing heavy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from peel.plugins import nearest
from peel.records import Case, GateDefinition, Run, Scenario
from peel.records.manual import BY_PEOPLE

ALLOWED = "decided, width<0.05 or ID:width<0.05"
"""What `--until` may say; ID is an evaluator's."""

_WIDTH = re.compile(r"(?:(?P<evaluator>.+):)?\s*width\s*<\s*(?P<width>\d*\.?\d+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Until:
    """When a run may end: once every gate is decided (`width` is None), or once the anytime-valid interval of the
    `evaluator` (None: of each) is narrower than `width`."""

    width: float | None = None
    evaluator: str | None = None


def parse_until(text: str) -> Until:
    """What `--until` says. Raises ValueError with a sentence where it is nothing it may say."""
    said = text.strip()
    if said == "decided":
        return Until()
    found = _WIDTH.fullmatch(said)
    if found is None:
        raise ValueError(f"{text[:80]!r} is nothing a run can wait for; write {ALLOWED}")
    width = float(found["width"])
    if not 0 < width <= 1:
        raise ValueError(f"{text[:80]!r} asks for the width {width:g}; a width lies above 0 and is at most 1")
    return Until(width, found["evaluator"].strip() if found["evaluator"] else None)


def why_not_decided(gate: GateDefinition, scenario: Scenario, cases: Sequence[Case]) -> str | None:
    """Why a gate cannot be decided while its run goes on, in words; None where it can. `cases` are the run's."""
    if gate.statistic == "difference":
        return "it is held against another run"
    if gate.subject in ("cost_usd", "latency_s"):
        return "dollars and seconds have no upper limit"
    if gate.kind == "evaluator" and gate.subject in _by_people(scenario):
        return "people answer after the run"
    if gate.tag is not None and not any(gate.tag in case.tags for case in cases):
        return f"no case of the run has the tag {gate.tag}"
    if cases and all(case.draft for case in cases if gate.tag is None or gate.tag in case.tags):
        return "its cases are drafts"
    return None


def waits_for(until: Until, scenario: Scenario) -> list[str]:
    """The evaluators of a scenario whose intervals are to be narrow; people answer after the run."""
    asked = (one.id for one in scenario.evaluators if until.evaluator in (None, one.id))
    return [name for name in asked if name not in _by_people(scenario)]


def until_problems(text: str, scenarios: Sequence[Scenario]) -> Iterator[str]:
    """What is wrong with `--until` for these scenarios, in sentences."""
    try:
        until = parse_until(text)
    except ValueError as error:
        yield str(error)
        return
    if until.width is None:
        if not any(_left_in(one) for one in scenarios):
            yield "no gate can be decided while the run goes on; " + _why(scenarios)
    elif not any(waits_for(until, one) for one in scenarios):
        yield _no_evaluator(until, scenarios)


def _left_in(scenario: Scenario) -> list[GateDefinition]:
    return [gate for gate in scenario.gates if why_not_decided(gate, scenario, scenario.cases) is None]


def _why(scenarios: Sequence[Scenario]) -> str:
    told = _left_out((one, one.cases) for one in scenarios)
    return f"{'; '.join(told)}; leave --until out" if told else "no scenario has one; write one, or leave --until out"


def _no_evaluator(until: Until, scenarios: Sequence[Scenario]) -> str:
    known = dict.fromkeys(one.id for scenario in scenarios for one in scenario.evaluators)
    if until.evaluator is None or until.evaluator in known:
        about = f"the evaluator {until.evaluator!r} is" if until.evaluator else "no scenario has an evaluator but those"
        return f"{about} answered by people, after the run; leave --until out"
    return f"no scenario has the evaluator {until.evaluator!r}; {nearest(until.evaluator, known)}"


def until_in_words(run: Run) -> list[str]:
    """Lines for before a run starts: when it may end early, and what it does not wait for. None without `until`."""
    text = run.provenance.selection.until
    if text is None:
        return []
    until = parse_until(text)
    if until.width is not None:
        about = f"of {until.evaluator}" if until.evaluator else "of every evaluator"
        return [f"stops once the anytime-valid interval {about} is narrower than {until.width:g}"]
    told = _left_out((item.scenario, run.cases[item.scenario.scenario]) for item in run.scenario_variants)
    return ["stops once every gate is decided", *(f"not waited for: {one}" for one in told)]


def _left_out(scenarios: Iterable[tuple[Scenario, Sequence[Case]]]) -> list[str]:
    reasons = (
        (gate.requirement, why_not_decided(gate, scenario, cases))
        for scenario, cases in scenarios
        for gate in scenario.gates
    )
    return list(dict.fromkeys(f"{requirement} ({why})" for requirement, why in reasons if why))


def _by_people(scenario: Scenario) -> set[str]:
    return {one.id for one in scenario.evaluators if one.use == BY_PEOPLE}
