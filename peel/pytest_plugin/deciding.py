"""Three-valued requirements in Python: `assert result["core-terms"].at_least(0.9)`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from peel.counting import counted
from peel.pytest_plugin.options import Undecided, undecided
from peel.records import Scope
from peel.reports.wording import SCOPES, number
from peel.statistics.cases import Cases
from peel.statistics.gates import Verdict, decide, more_to_decide
from peel.statistics.intervals import gaffke_lower, gaffke_upper, one_sided, these_cases

LEVEL = 0.95
"""The confidence of each one-sided bound, as in a scenario's gates."""

_WORDS = {"pass": "met", "fail": "not met", "undecided": "undecided"}


@dataclass(frozen=True, slots=True, repr=False)
class Decision:
    """A requirement held against the bounds of a mean. True where it is met, False where it is not.

    Undecided is neither: asked for its truth, it ends the test as the session's `peel_undecided` says.
    """

    verdict: Verdict
    subject: str
    requirement: str
    scope: Scope
    value: float | None
    low: float | None
    high: float | None
    counted: str
    to_decide: str = ""
    command: str = ""
    how: Undecided = field(default="fail")

    def __bool__(self) -> bool:
        if self.verdict == "undecided":
            undecided(self.how, str(self))
        return self.verdict == "pass"

    def __repr__(self) -> str:
        numbers = f"{number(self.value)}, bounds [{number(self.low)}, {number(self.high)}] {SCOPES[self.scope]}"
        sentence = f"{self.subject} {self.requirement} is {_WORDS[self.verdict]}: {numbers}, {self.counted}"
        more = (self.to_decide, f"look further: {self.command}" if self.command else "")
        return "; ".join([sentence, *filter(None, more)])


@dataclass(frozen=True, slots=True, repr=False)
class Scores:
    """Values in [0, 1] by case, of which something can be required. `left_out` counts what has no value."""

    subject: str
    cases: Cases
    how: Undecided
    left_out: str = ""
    command: str = ""

    def __repr__(self) -> str:
        return f"{self.subject} {number(self.value)}, {self._counted}"

    @property
    def value(self) -> float | None:
        """The mean of the cases' means; None without a value."""
        return self.cases.mean

    def interval(self, level: float = LEVEL) -> tuple[float | None, float | None]:
        """Where the mean lies if exactly these cases run again."""
        found = these_cases(self.cases, level)
        return found.low, found.high

    def at_least(self, bar: float, *, tolerance: float = 0.0, scope: Scope = "these-cases") -> Decision:
        """Whether the mean is at least `bar`, by one-sided 95 % bounds. Raises ValueError for a bar outside [0, 1]."""
        return self._decided("at least", bar, tolerance, scope)

    def at_most(self, bar: float, *, tolerance: float = 0.0, scope: Scope = "these-cases") -> Decision:
        """Whether the mean is at most `bar`, likewise."""
        return self._decided("at most", bar, tolerance, scope)

    def _decided(self, words: Literal["at least", "at most"], bar: float, tolerance: float, scope: Scope) -> Decision:
        if not 0 <= bar <= 1:
            raise ValueError(f"a score lies in [0, 1], so the bar {bar} can never be decided")
        low, high = self._bounds(scope)
        at_least, at_most = (bar, None) if words == "at least" else (None, bar)
        verdict = decide(low, high, at_least=at_least, at_most=at_most, tolerance=tolerance)
        to_decide = ""
        if verdict == "undecided" and self.value is not None and low is not None and high is not None:
            n = self.cases.executions if scope == "these-cases" else self.cases.size
            more = more_to_decide(self.value, (low, high), n=n, at_least=at_least, at_most=at_most, tolerance=tolerance)
            word = "executions" if scope == "these-cases" else "cases"
            to_decide = "the value lies on the bar" if more is None else f"about {more} more {word} would decide it"
        requirement = f"{words} {bar:g}"
        return Decision(
            verdict,
            self.subject,
            requirement,
            scope,
            self.value,
            low,
            high,
            self._counted,
            to_decide,
            self.command,
            self.how,
        )

    def _bounds(self, scope: Scope) -> tuple[float | None, float | None]:
        if not self.cases.size:
            return None, None
        if scope == "these-cases":
            return self.interval(one_sided(LEVEL))
        return gaffke_lower(self.cases.means, LEVEL), gaffke_upper(self.cases.means, LEVEL)

    @property
    def _counted(self) -> str:
        cases, executions = self.cases.size, self.cases.executions
        made_of = f"{counted(executions, 'execution')} of {counted(cases, 'case')}"
        return f"{made_of}, without {self.left_out}" if self.left_out else made_of
