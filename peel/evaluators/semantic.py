"""The evaluator `semantic`: a language model, the judge, compares the output with what is expected or with criteria."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from peel.compiling import CompileScope
from peel.errors import ModelError, ProtocolError, Unscored
from peel.evaluators.evaluator import EvaluationContext
from peel.evaluators.expectations import check_cases, is_blank
from peel.evaluators.judging import REPLY_SCHEMA, Opinion, Unreadable, messages_for, opinion_of
from peel.evaluators.judging_again import AgainDraw, JudgeAgain
from peel.evaluators.wording import counted, storable
from peel.models.chat import ChatModel, ChatRequest, Message
from peel.records import EvaluatorDefinition, Json, Usage, Verdict
from peel.templates import Render, as_text

TRIES = 3
"""How often one vote is asked for: once, and twice more where the reply cannot be read."""

LARGEST_TEXT = 100_000
"""The longest text, in characters, that a judge is given."""

DEFAULT_EXPECTED = "{{ expected.answer }}"


class SemanticSettings(BaseModel):
    """What the judge compares with, who the judge is, and how often it is asked."""

    model_config = ConfigDict(extra="forbid")

    expected: Json = Field(
        default=None,
        description="the expected answer, a template; {{ expected.answer }} where criteria are left out too",
    )
    criteria: str | None = Field(default=None, min_length=1, description="what a good answer is, in your own words")
    judge: str = Field(default="judge", description="the role in peel.yaml of the model that judges")
    votes: int = Field(default=1, ge=1, le=100, description="how often the judge is asked; the value is the mean")
    judge_again: JudgeAgain | None = Field(
        default=None, description="a few executions are judged several times, to measure how much the judge varies"
    )
    parameters: dict[str, Json] = Field(
        default_factory=dict,
        description="sampling parameters of the judge; null leaves one to the model's own definition",
    )


@dataclass(slots=True)
class Vote:
    """One vote of a judge: its opinion, or why each reply could not be read; what its calls cost."""

    opinion: Opinion | None = None
    unread: list[str] = field(default_factory=list)
    usage: Usage = Usage()

    def as_details(self) -> dict[str, Json]:
        """The vote as a score keeps it."""
        opinion = self.opinion
        told: dict[str, Json] = {"value": opinion.value, "reason": opinion.reason} if opinion else {"value": None}
        return {**told, "unread": [*self.unread]} if self.unread else told


class SemanticEvaluator:
    """The mean of the judge's votes, each a reason and a number from 0 to 1.

    A vote that cannot be read is asked for again twice; more than half of the votes must be readable in the end, else
    the execution is unscored. Every call is counted in the verdict's usage. A case whose expected answer is null or
    blank gets no score. The judge answers at temperature 0; at 0.7 where it has several votes.

    Further judgements of an execution (`judge_again`) are made just as the first, kept in the details under `again`,
    and are no part of the value: that is the first judgement, as of all other executions.
    """

    Settings = SemanticSettings
    timeout_s = None

    def __init__(
        self,
        settings: SemanticSettings,
        judge: ChatModel,
        *,
        expected: Render | None,
        criteria: Render | None,
        again: AgainDraw | None = None,
    ) -> None:
        self._judge = judge
        self._again = again
        self._votes = settings.votes
        self._parameters = _parameters(settings)
        self._expected = expected
        self._criteria = criteria

    @classmethod
    def compile(cls, definition: EvaluatorDefinition, scope: CompileScope) -> Self:
        settings = scope.settings(SemanticSettings, definition.settings, ())
        template = DEFAULT_EXPECTED if settings.expected is None and settings.criteria is None else settings.expected
        expected = None
        if template is not None:
            expected = scope.template(template, ("expected",))
            blank = "no case of the scenario has an expected answer here: there is nothing to compare with"
            check_cases(template, scope, ("expected",), check=lambda value: None, blank=blank)
        criteria = None if settings.criteria is None else scope.template(settings.criteria, ("criteria",))
        judge = scope.chat_model(settings.judge, ("judge",))
        again = _again(settings, definition.id, scope)
        return cls(settings, judge, expected=expected, criteria=criteria, again=again)

    async def evaluate(self, context: EvaluationContext) -> Verdict | None:
        names = context.names
        expected = None if self._expected is None else self._expected(names)
        if self._expected is not None and is_blank(expected):
            return None
        messages = messages_for(
            _bounded("output", as_text(context.output)),
            expected=None if self._expected is None else _bounded("expected answer", as_text(expected)),
            criteria=None if self._criteria is None else _bounded("criteria", as_text(self._criteria(names))),
        )
        further = 0 if self._again is None else self._again.further(context)
        made = await self._ask_all(messages, times=self._votes + further)
        return self._verdict(made[: self._votes], again=made[self._votes :])

    async def _ask_all(self, messages: Sequence[Message], *, times: int) -> list[Vote]:
        if times == 1:
            return [await self._ask(messages, number=0)]
        return await asyncio.gather(*(self._ask(messages, number=number) for number in range(times)))

    async def _ask(self, messages: Sequence[Message], *, number: int) -> Vote:
        """One vote. A call that fails in transport was tried again by the model itself, and ends the vote."""
        vote = Vote()
        for attempt in range(TRIES):
            request = ChatRequest(
                messages=_reminded(messages, vote.unread),
                parameters=_varied(self._parameters, number * TRIES + attempt),
                response_schema=dict(REPLY_SCHEMA),
            )
            try:
                reply = await self._judge.complete(request)
                vote.usage = vote.usage + reply.usage
                vote.opinion = opinion_of(reply)
                break
            except (Unreadable, ProtocolError) as error:
                vote.unread.append(storable(str(error), limit=300))
            except ModelError as error:
                vote.unread.append(storable(f"{type(error).__name__}: {error}", limit=300))
                break
        return vote

    def _verdict(self, votes: Sequence[Vote], *, again: Sequence[Vote]) -> Verdict:
        opinions = [vote.opinion for vote in votes if vote.opinion is not None]
        usage = sum((vote.usage for vote in (*votes, *again)), Usage())
        details = self._details(votes, again)
        if 2 * len(opinions) <= len(votes):
            reason = _why_unscored(votes, len(opinions))
            return Verdict(status="unscored", reason=reason, usage=usage, details=details)
        value = sum(opinion.value for opinion in opinions) / len(opinions)
        return Verdict(value=value, reason=_reason(opinions, value, len(votes)), usage=usage, details=details)

    def _details(self, votes: Sequence[Vote], again: Sequence[Vote]) -> dict[str, Json]:
        details: dict[str, Json] = {"judge": self._judge.name}
        if len(votes) > 1 or votes[0].unread:
            details["votes"] = [vote.as_details() for vote in votes]
        if again:
            details["again"] = [vote.as_details() for vote in again]
        return details


def _again(settings: SemanticSettings, evaluator: str, scope: CompileScope) -> AgainDraw | None:
    if settings.judge_again is None:
        return None
    if settings.votes > 1:
        message = f"its {settings.votes} votes already show how much the judge varies; leave out judge_again or votes"
        scope.problem(message, ("judge_again",))
    return AgainDraw(settings.judge_again, evaluator=evaluator, cases=scope.executed)


def _parameters(settings: SemanticSettings) -> dict[str, Json]:
    """The judge's parameters: a short reply, without chance where it has one vote, with chance where it has several."""
    chosen: dict[str, Json] = {"temperature": 0 if settings.votes == 1 else 0.7, "max_tokens": 200}
    chosen.update(settings.parameters)
    return {name: value for name, value in chosen.items() if value is not None}


def _varied(parameters: Mapping[str, Json], number: int) -> dict[str, Json]:
    """The parameters of one call: a seed is varied, since the same seed would give the same reply again."""
    seed = parameters.get("seed")
    return {**parameters, "seed": seed + number} if isinstance(seed, int) else dict(parameters)


def _reminded(messages: Sequence[Message], unread: Sequence[str]) -> tuple[Message, ...]:
    """The messages, with a reminder where a reply could not be read: the same question might get the same reply."""
    if not unread:
        return tuple(messages)
    *before, last = messages
    reminder = "Your last reply could not be used. Reply with nothing but the JSON object; its score is from 0 to 1."
    return (*before, Message(role=last.role, content=f"{last.content}\n\n{reminder}"))


def _bounded(what: str, text: str) -> str:
    if len(text) > LARGEST_TEXT:
        raise Unscored(f"the {what} has {len(text)} characters, more than the {LARGEST_TEXT} that a judge is given")
    return text


def _why_unscored(votes: Sequence[Vote], readable: int) -> str:
    if len(votes) == 1:
        return (
            f"no usable reply of the judge in {counted(len(votes[0].unread), 'call')}; the last: {votes[0].unread[-1]}"
        )
    last = next(vote.unread[-1] for vote in reversed(votes) if vote.opinion is None)
    return f"only {readable} of {counted(len(votes), 'vote')} of the judge could be read; the last: {last}"


def _reason(opinions: Sequence[Opinion], value: float, asked: int) -> str:
    """The judge's reason; with several votes that of the one nearest to the mean."""
    if asked == 1:
        return opinions[0].reason
    nearest = min(opinions, key=lambda opinion: abs(opinion.value - value))
    votes = f"{len(opinions)}" if len(opinions) == asked else f"{len(opinions)} readable of {asked}"
    return f"mean of {votes} votes; nearest to it: {nearest.reason}"
