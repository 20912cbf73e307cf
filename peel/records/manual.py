"""What people are asked, and how they answer: the scales, a definition's settings, one question as a rater sees it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from peel.records.base import Json, Record
from peel.records.definitions import EvaluatorDefinition
from peel.records.executions import Passage

BY_PEOPLE = "manual"
"""The kind of evaluator that people answer."""

BY_JUDGE = "semantic"
"""The kind of evaluator whose judge people check where they do not say whom they check."""

LONGEST_RATER = 100
"""The longest name of a rater, in characters."""

ScaleName = Literal["slider", "faces", "stars"]


class Scale(Record):
    """How a person answers. `levels` are the values that single keys give, from the worst; `first` is the first key.

    `discrete`: there are no values between the levels. `hint` says how an answer is written.
    """

    name: ScaleName
    levels: tuple[float, ...]
    first: int
    discrete: bool
    hint: str

    @property
    def keys(self) -> dict[str, float]:
        """The value that each digit gives."""
        return {str(place): value for place, value in enumerate(self.levels, self.first)}

    def read(self, text: str) -> float:
        """The value of a written answer: a number in [0, 1] on the slider, else a level's number.

        A comma may stand for the point. Raises ValueError with what is allowed.
        """
        try:
            number = float(text.strip().replace(",", "."))
        except ValueError:
            number = float("nan")
        if not self.discrete and 0 <= number <= 1:
            return number
        if self.discrete and number in range(self.first, self.first + len(self.levels)):
            return self.levels[int(number) - self.first]
        raise ValueError(f"{text.strip()[:40]!r} is not {self.hint}")

    def written(self, value: float) -> str:
        """A value as a person writes it: the inverse of `read`, to the nearest level of a discrete scale."""
        if not self.discrete:
            return f"{value:g}"
        return str(self.first + self.level(value))

    def level(self, value: float) -> int:
        """The nearest level, counted from 0."""
        return min(range(len(self.levels)), key=lambda place: abs(self.levels[place] - value))


SLIDER = Scale(
    name="slider",
    levels=tuple(round(place / 9, 2) for place in range(10)),
    first=0,
    discrete=False,
    hint="a number from 0 (worst) to 1 (best)",
)
FACES = Scale(name="faces", levels=(0.0, 0.5, 1.0), first=1, discrete=True, hint="1 (bad), 2 (in between) or 3 (good)")
STARS = Scale(
    name="stars",
    levels=(0.0, 0.25, 0.5, 0.75, 1.0),
    first=1,
    discrete=True,
    hint="a whole number of stars from 1 (worst) to 5 (best)",
)
SCALES: dict[str, Scale] = {scale.name: scale for scale in (SLIDER, FACES, STARS)}


def scale_of(definition: EvaluatorDefinition) -> Scale:
    """The scale that a manual evaluator's definition says."""
    return SCALES[str(definition.settings.get("scale", SLIDER.name))]


def raters_asked(definition: EvaluatorDefinition) -> int:
    """How many people a manual evaluator asks of each execution."""
    asked = definition.settings.get("raters", 1)
    return asked if isinstance(asked, int) else 1


def checked_by(definition: EvaluatorDefinition, evaluators: Iterable[EvaluatorDefinition]) -> list[EvaluatorDefinition]:
    """The evaluators whose scores a manual evaluator checks: the one that its `checks` names, else every judge of the
    same output. None of an evaluator that does not ask people."""
    if definition.use != BY_PEOPLE:
        return []
    named = definition.settings.get("checks")
    others = [one for one in evaluators if one.use != BY_PEOPLE]
    if named is not None:
        return [one for one in others if one.id == named]
    return [one for one in others if one.use == BY_JUDGE and one.on == definition.on]


class ManualScore(Record):
    """A rater's own answer to one question: the value in [0, 1] and a comment."""

    value: float = Field(ge=0.0, le=1.0, allow_inf_nan=False)
    comment: str = ""


class ManualItem(Record):
    """One question as a rater sees it: without variant, run, case id, repetition or anybody else's score.

    `id` says nothing about what it stands for. `expected` and `passages` are shown on demand; `answer` is what the
    rater answered before, None while the question is open.
    """

    id: str
    question: str
    scale: Scale
    inputs: dict[str, Json]
    output: Json
    expected: dict[str, Json] = Field(default_factory=dict)
    passages: tuple[Passage, ...] = ()
    answer: ManualScore | None = None


class ManualProgress(Record):
    """How far a rater is: `answered` of `asked` questions, at `pace_s` seconds each (None: not known yet)."""

    answered: int
    asked: int
    pace_s: float | None = None

    @property
    def left(self) -> int:
        """How many are still open."""
        return self.asked - self.answered

    @property
    def left_s(self) -> float | None:
        """How long those take at this pace, in seconds."""
        return None if self.pace_s is None else self.pace_s * self.left


class WaitingScores(Record):
    """The outputs of one run that a rater is asked about, without the run: `session` stands for it. `questions` is what
    is asked of the outputs."""

    session: str
    scenarios: tuple[str, ...]
    questions: tuple[str, ...]
    progress: ManualProgress


class ScoringQueue(Record):
    """What waits for a rater: what they began first. `done` counts the runs among those looked at that need nothing
    more of them; `next` is the session to go on behind, None at the end."""

    waiting: tuple[WaitingScores, ...]
    done: int
    next: str | None


class ScoredRun(Record):
    """A run that asks people something: of `asked` questions `answered` have all the answers they need, by `raters`
    people. `started` is in seconds since the epoch."""

    run: str
    started: float
    scenarios: tuple[str, ...]
    evaluators: tuple[str, ...]
    raters: int
    answered: int
    asked: int


class ScoredRuns(Record):
    """Some of them, newest first; `next` is the id of the run to go on behind, None at the end."""

    runs: tuple[ScoredRun, ...]
    next: str | None


class ScoringStep(Record):
    """Where a rater is in the session `session`: the question that was asked for, None where there is none."""

    session: str
    item: ManualItem | None
    progress: ManualProgress


class Submitted(Record):
    """An answer that is stored: `new` is False where the same submission had been stored before."""

    new: bool
    progress: ManualProgress
