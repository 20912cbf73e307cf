"""Comparing: base and candidate, paired, per evaluator and overall, computed from the store and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from peel.errors import DefinitionError
from peel.estimates.case_changes import Changes, case_changes
from peel.estimates.differences import Named, Question, Values, combined, difference, measure_difference
from peel.estimates.pairing import (
    Pair,
    Part,
    described,
    described_drafts,
    pair_parts,
    paired,
    parts_of,
    unpaired_cases,
)
from peel.estimates.values import LEVEL
from peel.records import EvaluatorDefinition, Problem, Run
from peel.records.comparisons import (
    ComparedSide,
    Comparison,
    Difference,
    MeasureName,
    PairComparison,
    PairedCases,
)
from peel.records.manual import BY_PEOPLE
from peel.statistics.gates import benjamini_hochberg
from peel.store.reading import Columns, StoredRun

MEASURES: tuple[MeasureName, ...] = ("cost_usd", "latency_s", "error_rate")
MOST_TOLD = 10
"""How many names of one kind a note lists."""


def compare(base: tuple[StoredRun, str], candidate: tuple[StoredRun, str], *, question: Question) -> Comparison:
    """Compare two sides, each a stored run and what of it is named (`SCENARIO`, `VARIANT`, both, or nothing for all).

    Raises DefinitionError where a name does not exist, nothing can be paired, or no pair has a common case.
    """
    if not 0 < question.margin <= 1:
        message = f"a margin is a difference in a score, greater than 0 and at most 1, not {question.margin:g}"
        raise DefinitionError([Problem(message=message, file="--margin")])
    parts, alone = pair_parts(parts_of(*base), parts_of(*candidate))
    found = [(pair, pair_comparison(pair, question)) for pair in _with_common_cases(parts)]
    compared = _adjusted([record for _, record in found])
    return Comparison(
        scope=question.scope,
        margin=question.margin,
        level=LEVEL,
        pairs=compared,
        overall=_overall(compared, shared_cases=_share_cases([pair for pair, _ in found])),
        notes=(
            *(f"not compared, without a partner: {part.address}" for part in alone),
            *(f"not compared, {_without_cases(one, other)}: {one.address} and {other.address}" for one, other in parts
              if unpaired_cases(one, other).n_common == 0),
            *_run_notes(base[0].run, candidate[0].run),
        ),
    )  # fmt: skip


def _with_common_cases(parts: Sequence[tuple[Part, Part]]) -> list[Pair]:
    pairs = [pair for pair in (paired(one, other) for one, other in parts) if pair is not None]
    if not pairs:
        found = [unpaired_cases(one, other) for one, other in parts]
        why = "; ".join(sentence for cases in found for sentence in (*described(cases), *described_drafts(cases)))
        message = (
            f"BASE and CANDIDATE have no case in common, so nothing can be compared ({why or 'neither has a case'})"
        )
        if all(map(_only_drafts, found)):
            message = (
                f"BASE and CANDIDATE have no case but drafts, so nothing can be compared ({why}); take `draft` out "
                "of what is ready, and run it"
            )
        raise DefinitionError([Problem(message=message)])
    return pairs


def _only_drafts(cases: PairedCases) -> bool:
    return bool(cases.drafts) and not any(described(cases))


def _without_cases(one: Part, other: Part) -> str:
    return "with no case but drafts" if _only_drafts(unpaired_cases(one, other)) else "without a common case"


def pair_comparison(pair: Pair, question: Question) -> PairComparison:
    """One scenario variant against another, on their common cases."""
    ours, theirs = pair.base_columns, pair.candidate_columns
    evaluators, notes = _comparable(pair)
    differences = [
        difference(one.named, _values(one.id, ours), _values(one.id, theirs), question=question) for one in evaluators
    ]
    overall, changes = None, Changes()
    together = _averaged(evaluators)
    if together:
        sides = _overall_values(together, ours), _overall_values(together, theirs)
        named = Named("overall", of=tuple(together), notes=_left_out(evaluators, together))
        overall = difference(named, *sides, question=question)
        changes = case_changes(pair, *sides, evaluators=[one.id for one in evaluators])
    return PairComparison(
        base=_side(pair.base, ours),
        candidate=_side(pair.candidate, theirs),
        cases=pair.cases,
        differences=tuple(differences),
        overall=overall,
        measures=tuple(measure_difference(name, ours, theirs, scope=question.scope) for name in MEASURES),
        n_better=changes.n_better,
        n_worse=changes.n_worse,
        n_unchanged=changes.n_unchanged,
        better=changes.better,
        worse=changes.worse,
        notes=(*described_drafts(pair.cases), *notes, *_errored(pair)),
    )


def _values(evaluator: str, columns: Columns) -> Values:
    column = columns.scores[evaluator]
    return Values(columns, column.value, column.status)


def _side(part: Part, columns: Columns) -> ComparedSide:
    completed = int(columns.ok.sum())
    return ComparedSide(
        run=part.stored.run.id,
        started=part.stored.run.started,
        scenario=part.scenario,
        variant=part.variant,
        planned=columns.planned,
        completed=completed,
        errored=columns.ok.size - completed,
    )


@dataclass(frozen=True, slots=True)
class _Evaluator:
    """An evaluator that both sides have, by the base's definition, with what is to be said of the two definitions."""

    definition: EvaluatorDefinition
    notes: tuple[str, ...]
    by_people: bool

    @property
    def id(self) -> str:
        return self.definition.id

    @property
    def named(self) -> Named:
        return Named(self.id, self.definition.on, self.definition.use, notes=self.notes)


def _comparable(pair: Pair) -> tuple[list[_Evaluator], list[str]]:
    """The evaluators to compare, and sentences about those that are not."""
    ours = {one.id: one for one in pair.base.item.scenario.evaluators}
    theirs = {one.id: one for one in pair.candidate.item.scenario.evaluators}
    notes = [f"only the base has the evaluator {name}" for name in ours if name not in theirs]
    notes += [f"only the candidate has the evaluator {name}" for name in theirs if name not in ours]
    both = [(ours[name], theirs[name]) for name in ours if name in theirs]
    mixed = [one.id for one, other in both if _people_on_one_side(pair, one, other)]
    notes += [f"{name} is not compared: people answer it on one side only" for name in mixed]
    runs = pair.base.stored.run, pair.candidate.stored.run
    evaluators = [
        _Evaluator(one, tuple(definition_notes(runs, one, other)), _of_people(one, pair.base_columns))
        for one, other in both
        if one.id not in mixed
    ]
    return evaluators, notes


def _people_on_one_side(pair: Pair, ours: EvaluatorDefinition, theirs: EvaluatorDefinition) -> bool:
    return _of_people(ours, pair.base_columns) != _of_people(theirs, pair.candidate_columns)


def _of_people(definition: EvaluatorDefinition, columns: Columns) -> bool:
    """Whether people answer it, by its kind, or because it left every answer to them."""
    return definition.use == BY_PEOPLE or columns.scores[definition.id].by_people


def definition_notes(runs: tuple[Run, Run], ours: EvaluatorDefinition, theirs: EvaluatorDefinition) -> Iterator[str]:
    """What differs between the two definitions of an evaluator, in base and candidate, as sentences."""
    doubt = "so a difference may come from there and not from the application"
    keys = sorted(ours.settings.keys() | theirs.settings.keys())
    differ = [name for name in ("use", "on") if getattr(ours, name) != getattr(theirs, name)]
    differ += [key for key in keys if ours.settings.get(key) != theirs.settings.get(key)]
    if differ:
        yield f"the evaluator is defined differently ({', '.join(differ[:MOST_TOLD])}), {doubt}"
    judges = _judge(runs[0], ours), _judge(runs[1], theirs)
    if judges[0] != judges[1]:
        yield f"another model judges ({judges[0]}, then {judges[1]}), {doubt}"
    if _code(runs[0], ours) != _code(runs[1], theirs):
        yield f"the evaluator's code differs, {doubt}"


def _judge(run: Run, evaluator: EvaluatorDefinition) -> str:
    """The model that judges, as the run's provenance names it; empty where none does."""
    role = evaluator.settings.get("judge", "judge" if evaluator.use == "semantic" else None)
    return str(run.provenance.models.get(role, {}).get("model", role)) if isinstance(role, str) else ""


def _code(run: Run, evaluator: EvaluatorDefinition) -> str | None:
    """The hash of the file of an evaluator that is code of the workspace."""
    name = evaluator.use.partition(":")[0].rpartition("/")[2]
    if not name.endswith(".py"):
        return None
    return next((value for key, value in run.provenance.parts.items() if key.endswith(name)), None)


def _averaged(evaluators: Sequence[_Evaluator]) -> list[str]:
    """The evaluators that `overall` is the mean of: defined alike on both sides, and not a mixture with people's."""
    alike = [one for one in evaluators if not one.notes]
    return [one.id for one in alike if not one.by_people] or [one.id for one in alike]


def _left_out(evaluators: Sequence[_Evaluator], together: Sequence[str]) -> tuple[str, ...]:
    others = [one for one in evaluators if one.id not in together]
    people = [one.id for one in others if one.by_people]
    changed = [one.id for one in others if not one.by_people]
    notes = [f"without {', '.join(people)}: people's scores are not averaged with others"] if people else []
    return (*notes, *([f"without {', '.join(changed)}: defined differently"] if changed else []))


def _overall_values(evaluators: Sequence[str], columns: Columns) -> Values:
    """Each execution's mean over the evaluators; none where one of them has no score."""
    return Values(columns, np.mean([columns.scores[name].value for name in evaluators], axis=0))


def _errored(pair: Pair) -> Iterator[str]:
    for word, columns in (("base", pair.base_columns), ("candidate", pair.candidate_columns)):
        errored = int((~columns.ok).sum())
        if errored:
            yield f"{errored} of {columns.ok.size} executions of the {word} errored and are in no score"
        missing = columns.planned - columns.ok.size
        if missing > 0:
            yield f"{missing} of {columns.planned} planned executions of the {word} were not executed"


def _adjusted(pairs: Sequence[PairComparison]) -> tuple[PairComparison, ...]:
    """The same with the p of all evaluators of all pairs adjusted together: one table, looked through."""
    every = [one for pair in pairs for one in pair.differences if one.p is not None]
    adjusted = iter(benjamini_hochberg([one.p for one in every if one.p is not None]).tolist() if every else [])
    return tuple(
        pair.model_copy(
            update={
                "differences": tuple(
                    one if one.p is None else one.model_copy(update={"p_adjusted": next(adjusted)})
                    for one in pair.differences
                )
            }
        )
        for pair in pairs
    )


def _overall(pairs: Sequence[PairComparison], *, shared_cases: bool) -> Difference | None:
    """Over several pairs, where each has an overall of its own."""
    parts = [pair.overall for pair in pairs if pair.overall is not None]
    return combined(parts, shared_cases=shared_cases) if 1 < len(parts) == len(pairs) else None


def _share_cases(pairs: Sequence[Pair]) -> bool:
    """Whether a case (an assignment of inputs) is in more than one pair."""
    if len(pairs) < 2:
        return False
    seen: set[str] = set()
    for pair in pairs:
        inputs = {case.id: case.inputs for case in pair.base.cases}
        own = {json.dumps(inputs[name], sort_keys=True) for name in pair.ids}
        if seen & own:
            return True
        seen |= own
    return False


def _run_notes(base: Run, candidate: Run) -> Iterator[str]:
    """What must be known of two runs to read their comparison; of two variants of one run, nothing."""
    for word, run in (("base", base), ("candidate", candidate)):
        if run.status != "finished":
            yield f"the run of the {word} ({run.id}) is not finished: {run.status}"
        if run.stopped_early:
            yield (
                f"the run of the {word} ({run.id}) stopped early by its own scores (--until), which intervals for a "
                "fixed number of repetitions do not allow for: they may be too narrow"
            )
    if base.id == candidate.id:
        return
    yield (
        "the runs were made at different times: a change on a server in between would look like a difference of the "
        "application (variants of one run are executed in turns)"
    )
    changed = sorted(_changed(base.provenance.parts, candidate.provenance.parts))
    if changed:
        more = f" and {len(changed) - MOST_TOLD} more" if len(changed) > MOST_TOLD else ""
        yield f"other than in the base: {'; '.join(changed[:MOST_TOLD])}{more}"
    packages = sorted(_changed(base.provenance.packages, candidate.provenance.packages))
    if packages:
        yield f"other versions than in the base: {', '.join(packages[:MOST_TOLD])}"


def _changed(base: dict[str, str], candidate: dict[str, str]) -> Iterable[str]:
    return (name for name in base.keys() | candidate.keys() if base.get(name) != candidate.get(name))
