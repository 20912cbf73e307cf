"""The questions of a run that wait for people, as one rater is asked them: the one way in for terminal, sheets and web.

A rater sees neither run, variant, case id and repetition nor what anybody else said, a judge or a person. Questions are
named by keyed hashes, which say nothing, and come in an order that is random, each rater's own, and always the same.
What a rater is asked goes by the store at each call: several tabs, processes and raters work side by side.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from statistics import median
from typing import Any, NoReturn

from peel.errors import DefinitionError
from peel.evaluators.wording import storable
from peel.records import EvaluatorDefinition, Execution, Passage, Problem, Score
from peel.records.manual import (
    LONGEST_RATER,
    ManualItem,
    ManualProgress,
    ManualScore,
    Scale,
    scale_of,
)
from peel.reports.text import as_text, is_passages
from peel.runs.questions import Asked, Order, Questions, session_name

LONGEST_COMMENT = 10_000
"""The longest comment of a rater, in characters."""

LATEST, FEWEST_GAPS, BREAK_S = 100, 3, 300.0
"""A rater's pace is told by so many of their latest answers, from so many times between two on; longer than so many
seconds is a break."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question as one rater is asked it; `answer` is what this rater said last. `is_full`: as many others as are
    asked have answered it, so that it needs nobody more."""

    id: str
    definition: EvaluatorDefinition
    execution: int
    answer: ManualScore | None
    is_full: bool

    @property
    def is_open(self) -> bool:
        """Whether it waits for this rater."""
        return self.answer is None and not self.is_full


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rater says to the question `id`. `submission` is a name that the sender gives it, so that what is sent
    twice is stored once."""

    id: str
    value: float
    comment: str = ""
    submission: str | None = None


class ManualScoring:
    """The questions of one stored run to one rater. Raises DefinitionError for a run that asks people nothing and for
    a rater without a usable name."""

    def __init__(self, questions: Questions, *, rater: str) -> None:
        self.rater = checked_rater(rater)
        self._all = questions
        if not questions.evaluators:
            _fail(f"the run {self.run_id} asks people nothing: none of its scenarios has an evaluator `use: manual`")

    @property
    def run_id(self) -> str:
        """The run, for records; raters are not told."""
        return self._all.stored.run.id

    @property
    def session(self) -> str:
        """A name for this rater's scoring of this run that tells neither."""
        return session_name(self._all.key, self.rater)

    def questions(self) -> list[Question]:
        """The questions to this rater in the rater's order: those answered, and those that still wait for somebody."""
        return [one for one in self.all_questions() if not one.is_full]

    def all_questions(self) -> list[Question]:
        """Those too that enough others have answered: one may have been open when this rater was shown it."""
        return [self._question(one) for one in self._ordered().asked]

    def progress(self) -> ManualProgress:
        """How many of the questions this rater has answered, and how fast."""
        self._ordered()
        asked, own = self._all.answered(self.rater)
        return ManualProgress(answered=len(own), asked=asked, pace_s=pace(row.at for row in own))

    def next(self, after: str | None = None) -> ManualItem | None:
        """The first open question after the question `after` (None: from the beginning); behind the last one those come
        again that were skipped. None where no question is open."""
        return next(iter(self.upcoming(after, limit=1)), None)

    def upcoming(self, after: str | None = None, *, limit: int) -> list[ManualItem]:
        """The next open questions, as many as there are, each once."""
        order = self._ordered()
        place = 0 if after is None else _place(order, after) + 1
        turned = (order.asked[at] for at in chain(range(place, len(order.asked)), range(place)))
        waiting = (one for one in turned if one.is_open(self.rater))
        return list(self.items([self._question(one) for one in islice(waiting, limit)]))

    def back(self, before: str) -> ManualItem | None:
        """The question before the question `before`, answered or not; None before the first."""
        order = self._ordered()
        before_it = (order.asked[at] for at in reversed(range(_place(order, before))))
        earlier = (one for one in before_it if not one.is_full(self.rater))
        found = next(earlier, None)
        return None if found is None else self._item(self._question(found))

    def item(self, question: str) -> ManualItem:
        """One question by its id. Raises DefinitionError where the rater is not asked it."""
        order = self._ordered()
        return self._item(self._question(order.asked[_place(order, question)]))

    def items(self, questions: Sequence[Question]) -> Iterator[ManualItem]:
        """Several questions whole, read in batches."""
        numbers = [one.execution for one in questions]
        for one, (execution, _) in zip(questions, self._all.stored.executions(numbers), strict=True):
            yield self._shown(one, execution)

    def submit(self, answers: Sequence[Answer]) -> int:
        """Store answers, all of them or none; how many were new. A later answer of the rater to the same question
        counts instead of an earlier one, which is kept.

        Raises DefinitionError for a question that the rater is not asked, or a value that is not on its scale.
        """
        order, at = self._ordered(), time.time()
        scores = [(self._score(order, answer, at), answer.submission) for answer in answers]
        return self._all.people.add(scores)

    def _score(self, order: Order, answer: Answer, at: float) -> Score:
        question = order.asked[_place(order, answer.id)]
        check_value(scale_of(question.definition), answer.value)
        if len(answer.comment) > LONGEST_COMMENT:
            _fail(f"the comment has {len(answer.comment)} characters; {LONGEST_COMMENT} are allowed")
        return Score(
            execution=question.execution,
            evaluator=question.definition.id,
            status="scored",
            value=answer.value,
            reason=storable(answer.comment, limit=LONGEST_COMMENT),
            rater=self.rater,
            at=at,
        )

    def _ordered(self) -> Order:
        return self._all.ordered(self.rater)

    def _question(self, one: Asked) -> Question:
        """A question to this rater."""
        own = one.answers.get(self.rater)
        answer = None if own is None or own.value is None else ManualScore(value=own.value, comment=own.comment)
        return Question(one.id, one.definition, one.execution, answer, one.is_full(self.rater))

    def _item(self, question: Question) -> ManualItem:
        return next(self.items([question]))

    def _shown(self, question: Question, execution: Execution) -> ManualItem:
        definition = question.definition
        outputs = {step.step: step.output for step in execution.steps}
        case = self._all.cases(execution.scenario)[execution.case]
        return ManualItem(
            id=question.id,
            question=str(definition.settings.get("ask", "")),
            scale=scale_of(definition),
            inputs=case.inputs,
            output=execution.output if definition.on is None else outputs.get(definition.on),
            expected=case.expected,
            passages=_passages(execution),
            answer=question.answer,
        )


def pace(answered: Iterable[float]) -> float | None:
    """How long a rater takes for an answer, in seconds, by when they gave their latest ones: the median of the times
    between two, longer breaks left out. None where they are too few."""
    latest = sorted(answered)[-LATEST:]
    gaps = [later - earlier for earlier, later in pairwise(latest) if later - earlier <= BREAK_S]
    return median(gaps) if len(gaps) >= FEWEST_GAPS else None


def checked_rater(name: str) -> str:
    """A rater's name without blanks around it. Raises DefinitionError where it is none."""
    rater = name.strip()
    if not rater or not rater.isprintable() or len(rater) > LONGEST_RATER:
        _fail(f"the rater {rater[:40]!r} is no name: write --rater NAME, 1 to {LONGEST_RATER} letters that can be seen")
    return rater


def check_value(scale: Scale, value: float) -> None:
    """Raises DefinitionError for a value that is not on the scale."""
    if not 0 <= value <= 1 or (scale.discrete and value not in scale.levels):
        allowed = ", ".join(f"{level:g}" for level in scale.levels) if scale.discrete else "a number from 0 to 1"
        _fail(f"{value:g} is not on the scale {scale.name}: allowed is {allowed}")


def _passages(execution: Execution) -> tuple[Passage, ...]:
    """What the last step that found passages found, without how near they were."""
    found: Any = next((step.output for step in reversed(execution.steps) if is_passages(step.output)), ())
    return tuple(_passage(passage, place) for place, passage in enumerate(found, 1))


def _passage(given: Mapping[str, Any], place: int) -> Passage:
    page, section = given.get("page"), given.get("section")
    return Passage(
        id=str(place),
        text=as_text(given["text"]),
        document=str(given["document"]),
        page=page if isinstance(page, int) else None,
        section=None if section is None else str(section),
    )


def _place(order: Order, wanted: str) -> int:
    place = order.places.get(wanted)
    return _unknown(wanted) if place is None else place


def _unknown(question: str) -> NoReturn:
    _fail(f"the rater is not asked a question {question[:40]!r}; it may be of another run")


def _fail(message: str) -> NoReturn:
    raise DefinitionError([Problem(message=message)])
