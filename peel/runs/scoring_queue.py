"""What waits for people, over runs: for one rater, who is not told which runs they are, and for all others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from peel.records.manual import ManualProgress, ScoredRun, ScoredRuns, ScoringQueue, WaitingScores
from peel.runs.manual import checked_rater, pace
from peel.runs.questions import AskedOf, StoreQuestions
from peel.store.people_listing import AskedCount, AskingRun
from peel.store.store import Store

MOST_LISTED = 20
"""How many runs one call looks at."""


def scoring_queue(store: Store, questions: StoreQuestions, *, rater: str, before: str | None = None) -> ScoringQueue:
    """What waits for a rater in some runs, the newest first, those that they began first; within these the order says
    nothing. Raises UnknownRun where `before` is no session of the rater."""
    name = checked_rater(rater)
    behind = None if before is None else questions.run_of_session(before, rater=name)
    found = store.asking(limit=MOST_LISTED, before=behind, rater=name)
    pace_s = pace(found.answered)
    listed = [
        _waiting(run, questions.definitions(run.id, run.mark), questions.session(run.id, rater=name), pace_s)
        for run in found.runs
    ]
    asked = [one for one in listed if one.progress.asked]
    waiting = sorted((one for one in asked if one.progress.left), key=_begun_first)
    following = None if found.next is None else questions.session(found.next, rater=name)
    return ScoringQueue(waiting=tuple(waiting), done=len(asked) - len(waiting), next=following)


def scored_runs(store: Store, questions: StoreQuestions, *, before: str | None = None) -> ScoredRuns:
    """Some runs that ask people something, newest first. Raises UnknownRun where `before` is none."""
    found = store.asking(limit=MOST_LISTED, before=before)
    runs = (_scored(run, questions.definitions(run.id, run.mark)) for run in found.runs)
    return ScoredRuns(runs=tuple(run for run in runs if run.asked), next=found.next)


@dataclass(frozen=True, slots=True)
class _Count:
    """A count with the scenario it is of, the question, and how many raters are asked."""

    of: AskedCount
    scenario: str
    question: str
    needed: int


def _counts(run: AskingRun, definitions: Sequence[AskedOf]) -> Iterator[_Count]:
    """The counts of evaluators that still ask people."""
    for one in run.counts:
        asked = definitions[one.scenario_variant]
        if one.evaluator in asked.questions:
            yield _Count(one, asked.scenario, asked.questions[one.evaluator], asked.raters[one.evaluator])


def _waiting(run: AskingRun, definitions: Sequence[AskedOf], session: str, pace_s: float | None) -> WaitingScores:
    counts = [one for one in _counts(run, definitions) if one.of.mine or one.of.raters < one.needed]
    answered = sum(one.of.executions for one in counts if one.of.mine)
    asked = sum(one.of.executions for one in counts)
    return WaitingScores(
        session=session,
        scenarios=_each(one.scenario for one in counts),
        questions=_each(one.question for one in counts),
        progress=ManualProgress(answered=answered, asked=asked, pace_s=pace_s),
    )


def _begun_first(one: WaitingScores) -> tuple[bool, tuple[str, ...], str]:
    return not one.progress.answered, one.scenarios, one.session


def _scored(run: AskingRun, definitions: Sequence[AskedOf]) -> ScoredRun:
    counts = list(_counts(run, definitions))
    return ScoredRun(
        run=run.id,
        started=run.started,
        scenarios=_each(one.scenario for one in counts),
        evaluators=_each(one.of.evaluator for one in counts),
        raters=run.raters,
        answered=sum(one.of.executions for one in counts if one.of.raters >= one.needed),
        asked=sum(one.of.executions for one in counts),
    )


def _each(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
