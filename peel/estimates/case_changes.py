"""Which cases got better and which worse, with an execution of each side to look at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from peel.estimates.differences import Values
from peel.estimates.pairing import Pair, Part
from peel.records import Json
from peel.records.comparisons import CaseChange, ShownExecution, ShownKind
from peel.store.reading import Columns

SHOWN = 5
"""How many cases of each kind are shown, those that changed most first."""

LONGEST_OUTPUT = 4_000
"""Characters of an output that are kept; `peel show` prints the rest."""

_ALIKE = 1e-9


@dataclass(frozen=True, slots=True)
class Changes:
    """How many cases changed which way, and the ones that changed most."""

    n_better: int = 0
    n_worse: int = 0
    n_unchanged: int = 0
    better: tuple[CaseChange, ...] = ()
    worse: tuple[CaseChange, ...] = ()


@dataclass(frozen=True, slots=True)
class _Chosen:
    """An execution to show: its place in the columns, its number in the run, and why it is shown."""

    place: int
    number: int
    kind: ShownKind


def case_changes(pair: Pair, base: Values, candidate: Values, *, evaluators: Sequence[str]) -> Changes:
    """The common cases by how their value changed, each shown one with a typical execution of both sides, and the worst
    of the weaker side where that is another."""
    size = len(pair.ids)
    before, after = _means(base, size), _means(candidate, size)
    change = np.nan_to_num(after - before)
    known = ~np.isnan(after - before)
    worse = _most(np.flatnonzero(known & (change < -_ALIKE)), change)
    better = _most(np.flatnonzero(known & (change > _ALIKE)), -change)
    ours = {**_chosen(base, worse, before, worst=False), **_chosen(base, better, before, worst=True)}
    theirs = {**_chosen(candidate, worse, after, worst=True), **_chosen(candidate, better, after, worst=False)}
    looks = _Looks(
        _shown(pair.base, base, ours),
        _shown(pair.candidate, candidate, theirs),
        _by_evaluator(pair, evaluators),
    )
    return Changes(
        n_better=int((change > _ALIKE).sum()),
        n_worse=int((change < -_ALIKE).sum()),
        n_unchanged=int((known & (np.abs(change) <= _ALIKE)).sum()),
        better=tuple(looks.case(pair.ids[place], int(place), (before, after)) for place in better),
        worse=tuple(looks.case(pair.ids[place], int(place), (before, after)) for place in worse),
    )


@dataclass(frozen=True, slots=True)
class _Looks:
    """What is shown of each case, by its place."""

    base: Mapping[int, tuple[ShownExecution, ...]]
    candidate: Mapping[int, tuple[ShownExecution, ...]]
    values: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]

    def case(self, name: str, place: int, means: tuple[NDArray[np.float64], NDArray[np.float64]]) -> CaseChange:
        """The record of one case."""
        return CaseChange(
            case=name,
            base=float(means[0][place]),
            candidate=float(means[1][place]),
            evaluators={
                evaluator: (_known(ours[place]), _known(theirs[place]))
                for evaluator, (ours, theirs) in self.values.items()
            },
            base_executions=self.base.get(place, ()),
            candidate_executions=self.candidate.get(place, ()),
        )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _means(values: Values, size: int) -> NDArray[np.float64]:
    """Each common case's mean, shape (size,); NaN where it has no value."""
    means = np.full(size, np.nan)
    means[values.cases.index] = values.cases.means
    return means


def _by_evaluator(pair: Pair, evaluators: Sequence[str]) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    sides = pair.base_columns, pair.candidate_columns
    size = len(pair.ids)
    means = {name: [_means(Values(side, side.scores[name].value), size) for side in sides] for name in evaluators}
    return {name: (both[0], both[1]) for name, both in means.items()}


def _most(places: NDArray[np.int64], weight: NDArray[np.float64]) -> list[int]:
    """The places of lowest weight, at most `SHOWN`; of equal ones the first."""
    order = np.argsort(weight[places], kind="stable")
    return [int(place) for place in places[order][:SHOWN]]


def _chosen(side: Values, cases: Sequence[int], means: NDArray[np.float64], *, worst: bool) -> dict[int, list[_Chosen]]:
    return {place: list(_of_case(side, place, float(means[place]), worst=worst)) for place in cases}


def _of_case(side: Values, case: int, mean: float, *, worst: bool) -> Iterator[_Chosen]:
    """The execution nearest to the case's mean, then the worst one where it is asked for and another."""
    places = np.flatnonzero((side.columns.case == case) & ~np.isnan(side.value))
    values = side.value[places]
    typical = int(places[np.argmin(np.round(np.abs(values - mean), 9))])
    lowest = int(places[np.argmin(values)])
    yield _Chosen(typical, int(side.columns.number[typical]), "typical")
    if worst and side.value[lowest] < side.value[typical] - _ALIKE:
        yield _Chosen(lowest, int(side.columns.number[lowest]), "worst")


def _shown(part: Part, side: Values, chosen: Mapping[int, Sequence[_Chosen]]) -> dict[int, tuple[ShownExecution, ...]]:
    numbers = sorted({one.number for some in chosen.values() for one in some})
    outputs = {execution.number: _text(execution.output) for execution, _ in part.stored.executions(numbers)}
    return {
        case: tuple(_record(one, side.columns, side.value, outputs.get(one.number, "")) for one in some)
        for case, some in chosen.items()
    }


def _record(one: _Chosen, columns: Columns, values: NDArray[np.float64], output: str) -> ShownExecution:
    return ShownExecution(
        number=one.number,
        repetition=int(columns.repetition[one.place]),
        kind=one.kind,
        value=_known(values[one.place]),
        output=output,
    )


def _text(output: Json) -> str:
    text = output if isinstance(output, str) else "" if output is None else json.dumps(output, ensure_ascii=False)
    more = len(text) - LONGEST_OUTPUT
    return text if more <= 0 else f"{text[:LONGEST_OUTPUT]}… ({more:,} more characters)"
