"""The rule by which one case passes: what its repetitions must show, so that a flaky model makes no flaky session.

A case is *broken* where an evaluator that has a gate finds no execution that reaches the gate's bar, *flaky* where some
do and some do not, *steady* where all do. Broken fails. Flaky passes, and is told: whether it is too flaky is what the
gate decides, over all cases. An execution that errored, or that could not be scored, is an error and no failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from peel.records import Execution, Fault, GateDefinition, Score

Word = Literal["passed", "flaky", "failed", "undecided", "pending", "error"]
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

    @property
    def reached(self) -> int:
        return sum(reaches(value, self.gate) for value in self.values)

    @property
    def is_broken(self) -> bool:
        return bool(self.values) and not self.reached

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
    """Whether one execution's value meets what the gate requires of the mean."""
    slack = gate.tolerance + ROUNDING
    high_enough = gate.at_least is None or value >= gate.at_least - slack
    return high_enough and (gate.at_most is None or value <= gate.at_most + slack)


def judge(gates: Sequence[GateDefinition], observed: Sequence[Observed]) -> CaseVerdict:
    """One case by all its executions, under the gates of its scenario."""
    bars = tuple(_bar(gate, observed) for gate in gates if gate.kind == "evaluator")
    errored = tuple(f"#{one.repetition} errored{_fault(one.fault)}" for one in observed if one.fault is not None)
    unscored = tuple(
        f"#{one.repetition} {score.evaluator} unscored: {score.reason}"
        for one in observed
        for score in one.scores.values()
        if score.status == "unscored"
    )
    word = _word(bars, is_incomplete=bool(errored or unscored))
    return CaseVerdict(word, bars, errored, unscored, tuple(observed))


def _bar(gate: GateDefinition, observed: Sequence[Observed]) -> Bar:
    scores = [one.scores[gate.subject] for one in observed if gate.subject in one.scores]
    values = tuple(score.value for score in scores if score.value is not None)
    return Bar(gate, values, sum(score.status == "pending" for score in scores))


def _word(bars: Sequence[Bar], *, is_incomplete: bool) -> Word:
    if any(bar.is_broken for bar in bars):
        return "failed"
    if is_incomplete:
        return "error"
    if any(bar.pending and not bar.values for bar in bars):
        return "pending"
    return "flaky" if any(bar.is_flaky for bar in bars) else "passed"


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
