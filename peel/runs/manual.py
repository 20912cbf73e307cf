"""The questions of a run that wait for people, as one rater is asked them: the one way in for terminal, sheets and web.

A rater sees neither run, variant, case id and repetition nor what anybody else said, a judge or a person. Questions are
named by keyed hashes, which say nothing, and come in an order that is random, each rater's own, and always the same.
Nothing is kept between two calls but what the store holds: several tabs, processes and raters work side by side.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from peel.errors import DefinitionError
from peel.evaluators.wording import storable
from peel.records import EvaluatorDefinition, Execution, Passage, Problem, Score
from peel.records.manual import (
    BY_PEOPLE,
    LONGEST_RATER,
    ManualItem,
    ManualProgress,
    ManualScore,
    Scale,
    raters_asked,
    scale_of,
)
from peel.reports.text import as_text, is_passages
from peel.store.people import People, PeopleRow
from peel.store.stored import SqlStoredRun

LONGEST_COMMENT = 10_000
"""The longest comment of a rater, in characters."""

_NAME_BYTES = 10
"""80 bits: no two questions of a run have the same name."""


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

    def __init__(self, stored: SqlStoredRun, people: People, *, rater: str) -> None:
        self.rater = checked_rater(rater)
        self._stored = stored
        self._people = people
        self._key = bytes.fromhex(people.blinding())
        if not any(self._definitions()):
            _fail(f"the run {stored.run.id} asks people nothing: none of its scenarios has an evaluator `use: manual`")

    def questions(self) -> list[Question]:
        """The questions to this rater in the rater's order: those answered, and those that still wait for somebody."""
        return [one for one in self.all_questions() if not one.is_full]

    def all_questions(self) -> list[Question]:
        """Those too that enough others have answered: one may have been open when this rater was shown it."""
        found: list[Question] = []
        for evaluator in dict.fromkeys(one.id for one in self._definitions()):
            some = list(_asked(self._people.rows(evaluator)))
            kept = [made for one in some if (made := self._question(one)) is not None]
            found += sorted(kept, key=lambda question: self._named(self.rater, question.id))
        return found

    def progress(self) -> ManualProgress:
        """How many of the questions this rater has answered."""
        questions = self.questions()
        return ManualProgress(answered=sum(one.answer is not None for one in questions), asked=len(questions))

    def next(self, after: str | None = None) -> ManualItem | None:
        """The first open question after the question `after` (None: from the beginning); behind the last one those come
        again that were skipped. None where no question is open."""
        questions = self.all_questions()
        place = 0 if after is None else _place(questions, after) + 1
        waiting = (one for one in [*questions[place:], *questions[:place]] if one.is_open)
        return next((self._item(one) for one in waiting), None)

    def back(self, before: str) -> ManualItem | None:
        """The question before the question `before`, answered or not; None before the first."""
        questions = self.all_questions()
        earlier = [one for one in questions[: _place(questions, before)] if not one.is_full]
        return self._item(earlier[-1]) if earlier else None

    def item(self, question: str) -> ManualItem:
        """One question by its id. Raises DefinitionError where the rater is not asked it."""
        questions = self.all_questions()
        return self._item(questions[_place(questions, question)])

    def items(self, questions: Sequence[Question]) -> Iterator[ManualItem]:
        """Several questions whole, read in batches."""
        numbers = [one.execution for one in questions]
        for one, (execution, _) in zip(questions, self._stored.executions(numbers), strict=True):
            yield self._shown(one, execution)

    def submit(self, answers: Sequence[Answer]) -> int:
        """Store answers, all of them or none; how many were new. A later answer of the rater to the same question
        counts instead of an earlier one, which is kept.

        Raises DefinitionError for a question that the rater is not asked, or a value that is not on its scale.
        """
        known = {question.id: question for question in self.all_questions()}
        at = time.time()
        return self._people.add([(self._score(known, answer, at), answer.submission) for answer in answers])

    def _score(self, known: Mapping[str, Question], answer: Answer, at: float) -> Score:
        question = known.get(answer.id) or _unknown(answer.id)
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

    def _definitions(self) -> Iterator[EvaluatorDefinition]:
        for item in self._stored.run.scenario_variants:
            yield from (one for one in item.scenario.evaluators if one.use == BY_PEOPLE)

    def _question(self, one: _Asked) -> Question | None:
        """A question to this rater; None where nobody is asked."""
        evaluators = self._stored.run.scenario_variants[one.scenario_variant].scenario.evaluators
        definition = next((each for each in evaluators if each.id == one.evaluator and each.use == BY_PEOPLE), None)
        if definition is None or not (one.waits or one.answers):
            return None
        own = one.answers.get(self.rater)
        answer = None if own is None or own.value is None else ManualScore(value=own.value, comment=own.comment)
        is_full = own is None and len(one.answers) >= raters_asked(definition)
        return Question(self._named(one.evaluator, str(one.execution)), definition, one.execution, answer, is_full)

    def _named(self, *parts: str) -> str:
        """A name that says nothing about `parts` to who does not know the run's key."""
        digest = hashlib.blake2b("\0".join(parts).encode(), key=self._key, digest_size=_NAME_BYTES)
        return digest.hexdigest()

    def _item(self, question: Question) -> ManualItem:
        return next(self.items([question]))

    def _shown(self, question: Question, execution: Execution) -> ManualItem:
        definition = question.definition
        outputs = {step.step: step.output for step in execution.steps}
        case = next(case for case in self._stored.run.cases[execution.scenario] if case.id == execution.case)
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


@dataclass(slots=True)
class _Asked:
    """One question and what was answered, before anybody in particular is asked it."""

    evaluator: str
    execution: int
    scenario_variant: int
    waits: bool = False
    answers: dict[str, PeopleRow] = field(default_factory=dict)


def _asked(rows: Sequence[PeopleRow]) -> Iterator[_Asked]:
    """The questions of rows that come, for each execution, oldest first: of each rater the latest answer counts."""
    found: dict[int, _Asked] = {}
    for row in rows:
        one = found.setdefault(row.execution, _Asked(row.evaluator, row.execution, row.scenario_variant))
        if row.rater is None:
            one.waits = True
        elif row.status != "pending":
            one.answers[row.rater] = row
    yield from found.values()


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


def _place(questions: Sequence[Question], wanted: str) -> int:
    places = {one.id: place for place, one in enumerate(questions)}
    return places[wanted] if wanted in places else _unknown(wanted)


def _unknown(question: str) -> NoReturn:
    _fail(f"the rater is not asked a question {question[:40]!r}; it may be of another run")


def _fail(message: str) -> NoReturn:
    raise DefinitionError([Problem(message=message)])
