"""The rule by which one case passes: what its repetitions must show, so that a flaky model makes no flaky session.

Where the scenario has a gate on each case (`each_case: {at_least: 8 of 10}`), that is the rule of its evaluator: the
case fails where it can no longer pass often enough. An evaluator with other gates only has this rule: a case is
*broken* where no execution reaches the gate's bar, *flaky* where some do and some do not, *steady* where all do. Broken
fails. Flaky passes, and is told: whether it is too flaky is what the gate decides, over all cases. An execution that
errored, or that could not be scored, is an error and no failure where the case may still pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from peel.estimates.gate_cases import case_verdict
from peel.records import CaseRule, Execution, Fault, GateDefinition, Score
from peel.statistics.gates import Verdict

Word = Literal["passed", "flaky", "failed", "undecided", "pending", "error", "draft"]
"""What becomes of a case or a gate: a property of its test, in JUnit XML too."""

ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one test says. `properties` are the names and values that its report carries."""

    word: Word
    text: str = ""
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Observed:
    """What is kept of one execution until its case is judged."""

    number: int
    repetition: int
    fault: Fault | None
    scores: dict[str, Score]

    @classmethod
    def of(cls, execution: Execution, scores: Iterable[Score]) -> Observed:
        return cls(execution.number, execution.repetition, execution.fault, {one.evaluator: one for one in scores})


@dataclass(frozen=True, slots=True)
class Bar:
    """One requirement held against the executions of one case: how many reach it."""

    gate: GateDefinition
    values: tuple[float, ...]
    pending: int = 0
    missing: int = 0
    """Executions that errored or could not be scored."""

    @property
    def reached(self) -> int:
        return sum(reaches(value, self.gate) for value in self.values)

    @property
    def is_broken(self) -> bool:
        """Whether the case fails: it falls short of its rule; without one, no score reaches the bar."""
        if self.gate.rule is None:
            return bool(self.values) and not self.reached
        return self._by_rule(self.gate.rule) == "fail"

    @property
    def is_met(self) -> bool:
        """Whether the case passes by its rule, whatever is missing."""
        return self.gate.rule is not None and self._by_rule(self.gate.rule) == "pass"

    def _by_rule(self, rule: CaseRule) -> Verdict:
        repetitions = len(self.values) + self.pending + self.missing
        return case_verdict(rule, passed=self.reached, failed=len(self.values) - self.reached, repetitions=repetitions)

    @property
    def is_flaky(self) -> bool:
        return 0 < self.reached < len(self.values)

    def __str__(self) -> str:
        return f"{self.reached} of {len(self.values)} reach {self.gate.requirement}"


@dataclass(frozen=True, slots=True)
class CaseVerdict:
    """A case judged. `errored` and `unscored` say of each execution that has no score why."""

    word: Word
    bars: tuple[Bar, ...]
    errored: tuple[str, ...] = ()
    unscored: tuple[str, ...] = ()
    observed: tuple[Observed, ...] = field(default=(), repr=False)

    @property
    def worst(self) -> Observed | None:
        """The execution to read first: one that errored or has no score where that is the trouble, else the one with
        the lowest scores."""
        if not self.observed:
            return None
        asked = [bar.gate.subject for bar in self.bars if bar.is_broken or bar.is_flaky]
        return min(self.observed, key=lambda one: (_rank(one, self.word), _mean(one, asked), one.number))


def reaches(value: float, gate: GateDefinition) -> bool:
    """Whether one execution's value is what the gate asks of it: what it requires of the mean, or that it passes."""
    if gate.threshold is not None:
        return value >= gate.threshold
    slack = gate.tolerance + ROUNDING
    high_enough = gate.at_least is None or value >= gate.at_least - slack
    return high_enough and (gate.at_most is None or value <= gate.at_most + slack)


def judge(gates: Sequence[GateDefinition], observed: Sequence[Observed], *, tags: Collection[str] = ()) -> CaseVerdict:
    """One case with these tags by all its executions, under the gates of its scenario."""
    bars = tuple(_bar(gate, observed) for gate in _asking(gates, tags))
    errored = tuple(f"#{one.repetition} errored{_fault(one.fault)}" for one in observed if one.fault is not None)
    unscored = tuple(
        f"#{one.repetition} {score.evaluator} unscored: {score.reason}"
        for one in observed
        for score in one.scores.values()
        if score.status == "unscored"
    )
    return CaseVerdict(_word(bars, observed), bars, errored, unscored, tuple(observed))


def _asking(gates: Sequence[GateDefinition], tags: Collection[str]) -> list[GateDefinition]:
    """The gates that ask something of the single execution of such a case. A rule of the case's own is all that is
    asked of its evaluator; a difference asks nothing."""
    of_case = [
        gate
        for gate in gates
        if gate.kind == "evaluator" and gate.statistic != "difference" and (gate.tag is None or gate.tag in tags)
    ]
    ruled = {gate.subject for gate in of_case if gate.rule is not None}
    return [gate for gate in of_case if gate.rule is not None or gate.subject not in ruled]


def _bar(gate: GateDefinition, observed: Sequence[Observed]) -> Bar:
    scores = [one.scores[gate.subject] for one in observed if gate.subject in one.scores]
    values = tuple(score.value for score in scores if score.value is not None)
    missing = sum(score.status == "unscored" for score in scores) + sum(one.fault is not None for one in observed)
    return Bar(gate, values, sum(score.status == "pending" for score in scores), missing)


def _word(bars: Sequence[Bar], observed: Sequence[Observed]) -> Word:
    if any(bar.is_broken for bar in bars):
        return "failed"
    if _is_incomplete(bars, observed):
        return "error"
    if any(bar.pending and not (bar.is_met if bar.gate.rule else bar.values) for bar in bars):
        return "pending"
    return "flaky" if any(bar.is_flaky for bar in bars) else "passed"


def _is_incomplete(bars: Sequence[Bar], observed: Sequence[Observed]) -> bool:
    """Whether something is missing that could change what the case is: of an evaluator whose rule is met, nothing."""
    met = {bar.gate.subject for bar in bars if bar.is_met}
    met -= {bar.gate.subject for bar in bars if not bar.is_met}
    unscored = {name for one in observed for name, score in one.scores.items() if score.status == "unscored"}
    faulted = any(one.fault is not None for one in observed)
    return bool(unscored - met) or (faulted and not (bars and all(bar.is_met for bar in bars)))


def _fault(fault: Fault | None) -> str:
    if fault is None:
        return ""
    return f"{f' in step {fault.step}' if fault.step else ''}: {fault.type}: {fault.message}"


def _rank(one: Observed, word: Word) -> int:
    """What is trouble comes first: what cannot be judged in an error, what can in everything else."""
    no_score = one.fault is not None or any(score.status == "unscored" for score in one.scores.values())
    return int(no_score != (word == "error"))


def _mean(one: Observed, evaluators: Sequence[str]) -> float:
    values = [
        score.value
        for name, score in one.scores.items()
        if score.value is not None and (not evaluators or name in evaluators)
    ]
    return sum(values) / len(values) if values else 1.0
