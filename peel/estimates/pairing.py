"""Pairing: which scenario variants of two runs belong together, and which of their cases are the same.

A side of a comparison is written `RUN`, `RUN:VARIANT`, `RUN:SCENARIO` or `RUN:SCENARIO/VARIANT`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from peel.counting import counted
from peel.errors import DefinitionError
from peel.plugins import nearest
from peel.records import Case, Problem, Run, ScenarioVariant
from peel.records.comparisons import PairedCases
from peel.store.reading import Columns, ScoreColumn, StoredRun


@dataclass(frozen=True, slots=True)
class Part:
    """One scenario variant of one stored run."""

    stored: StoredRun
    item: ScenarioVariant

    @property
    def scenario(self) -> str:
        """The scenario's name."""
        return self.item.scenario.scenario

    @property
    def variant(self) -> str:
        """The variant's name."""
        return self.item.variant.name

    @property
    def address(self) -> str:
        """How a person names it."""
        return f"{self.stored.run.id}:{self.scenario}/{self.variant}"

    @property
    def cases(self) -> tuple[Case, ...]:
        """The cases it was executed on."""
        return self.stored.run.cases[self.scenario]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two parts on the cases both have, drafts on neither side: `ids` of these, and each side's columns with `case` a
    position in `ids`."""

    base: Part
    candidate: Part
    ids: tuple[str, ...]
    cases: PairedCases
    base_columns: Columns
    candidate_columns: Columns


def split_address(address: str) -> tuple[str, str]:
    """`RUN:NAME` as its run and what is named of it (nothing: all). Names hold no colon, ids neither."""
    run, _, name = address.partition(":")
    return run or "last", name


def parts_of(stored: StoredRun, name: str) -> list[Part]:
    """The scenario variants that `name` (`VARIANT`, `SCENARIO`, `SCENARIO/VARIANT`; empty: all) stands for.

    Raises DefinitionError where the run has none, or where a name is both a scenario's and a variant's.
    """
    run, every = stored.run, [Part(stored, item) for item in stored.run.scenario_variants]
    scenarios, variants = {part.scenario for part in every}, {part.variant for part in every}
    if "/" not in name and name in scenarios & variants:
        _fail(f"{name!r} is a scenario and a variant of the run {run.id}; write {run.id}:SCENARIO/VARIANT")
    found = [part for part in every if _is_named(part, name)]
    if not found:
        known = {*scenarios, *variants, *(f"{part.scenario}/{part.variant}" for part in every)}
        _fail(f"the run {run.id} has no scenario or variant {name!r}; {nearest(name, known)}")
    return found


def _is_named(part: Part, name: str) -> bool:
    return not name or name in (part.scenario, part.variant, f"{part.scenario}/{part.variant}")


def pair_parts(base: Sequence[Part], candidate: Sequence[Part]) -> tuple[list[tuple[Part, Part]], list[Part]]:
    """Pairs of parts, and the parts that have no partner.

    The same scenario is paired with itself, within it the same variant; where nothing has the same name, the only
    scenario (variant) of one side with the only one of the other. Raises DefinitionError where nothing can be paired,
    and where a part would be held against itself.
    """
    pairs = [
        pair
        for ours, theirs in _matched(_by_scenario(base), _by_scenario(candidate))
        for pair in _matched({one.variant: one for one in ours}, {one.variant: one for one in theirs})
    ]
    if not pairs:
        _fail(f"nothing of {_addresses(base)} has a partner in {_addresses(candidate)}; name one of each")
    for one, other in pairs:
        if one.address == other.address:
            example = _examples(one.stored.run)
            _fail(f"BASE and CANDIDATE are both {one.address}: the same executions. Name two runs, or {example}")
    paired = {part.address for pair in pairs for part in pair}
    return pairs, [part for part in (*base, *candidate) if part.address not in paired]


def _by_scenario(parts: Sequence[Part]) -> dict[str, list[Part]]:
    grouped: dict[str, list[Part]] = {}
    for part in parts:
        grouped.setdefault(part.scenario, []).append(part)
    return grouped


_T = TypeVar("_T")


def _matched(base: dict[str, _T], candidate: dict[str, _T]) -> list[tuple[_T, _T]]:
    common = [(base[name], candidate[name]) for name in base if name in candidate]
    if not common and len(base) == len(candidate) == 1:
        return [(next(iter(base.values())), next(iter(candidate.values())))]
    return common


def _addresses(parts: Sequence[Part]) -> str:
    return ", ".join(part.address for part in parts[:5])


def _examples(run: Run) -> str:
    items = [f"{run.id}:{item.scenario.scenario}/{item.variant.name}" for item in run.scenario_variants]
    return f"two of {', '.join(items[:5])}" if len(items) > 1 else "run it again"


def paired(base: Part, candidate: Part) -> Pair | None:
    """Two parts on their common cases; None where they have none. `unpaired_cases` says why."""
    cases, ours, theirs = _compared(base, candidate)
    if not ours:
        return None
    return Pair(
        base,
        candidate,
        ids=tuple(base.cases[place].id for place in ours),
        cases=cases,
        base_columns=_restricted(base, ours),
        candidate_columns=_restricted(candidate, theirs),
    )


def unpaired_cases(base: Part, candidate: Part) -> PairedCases:
    """Which cases both parts have, and which only one."""
    return _compared(base, candidate)[0]


def _compared(base: Part, candidate: Part) -> tuple[PairedCases, list[int], list[int]]:
    """The cases by what they have in common, and the places of the common ones on both sides."""
    drafts = dict.fromkeys(case.id for case in (*base.cases, *candidate.cases) if case.draft)
    ours = {case.id: (place, case) for place, case in enumerate(base.cases) if case.id not in drafts}
    theirs = {case.id: (place, case) for place, case in enumerate(candidate.cases) if case.id not in drafts}
    both = [name for name in ours if name in theirs]
    inputs = {name: None for name in both if ours[name][1].inputs != theirs[name][1].inputs}
    alike = [name for name in both if name not in inputs]
    expected = {name: None for name in alike if ours[name][1].expected != theirs[name][1].expected}
    same = [name for name in alike if name not in expected]
    record = PairedCases(
        n_common=len(same),
        only_base=tuple(name for name in ours if name not in theirs),
        only_candidate=tuple(name for name in theirs if name not in ours),
        inputs_differ=tuple(inputs),
        expected_differ=tuple(expected),
        drafts=tuple(drafts),
    )
    return record, [ours[name][0] for name in same], [theirs[name][0] for name in same]


def _restricted(part: Part, places: Sequence[int]) -> Columns:
    """The columns of the executions on the cases at `places`, whose new number is their position in `places`."""
    columns = part.stored.columns(part.scenario, part.variant)
    new = np.full(len(part.cases), -1, dtype=np.int64)
    new[list(places)] = np.arange(len(places))
    case = new[columns.case]
    kept = case >= 0
    early = part.stored.run.stopped_early
    planned = int(kept.sum()) if early else part.item.scenario.repetitions * len(places)
    return replace(restricted(columns, kept), planned=planned, case=case[kept])


def restricted(columns: Columns, kept: NDArray[np.bool_]) -> Columns:
    """Only the executions that are kept; `kept` has one entry an execution."""
    arrays = {name: getattr(columns, name)[kept] for name in _ARRAYS}
    scores = {name: _only(column, kept) for name, column in columns.scores.items()}
    return replace(columns, scores=scores, **arrays)


_ARRAYS = ("number", "case", "repetition", "ok", "latency_s", "tokens_in", "tokens_out", "cost_usd", "marks")


def _only(column: ScoreColumn, kept: NDArray[np.bool_]) -> ScoreColumn:
    return replace(column, status=column.status[kept], value=column.value[kept])


def described(cases: PairedCases) -> Iterator[str]:
    """The cases that are left out, as sentences; of drafts, `described_drafts` has it."""
    for names, why in (
        (cases.only_base, "only in the base"),
        (cases.only_candidate, "only in the candidate"),
        (cases.inputs_differ, "with other inputs in the candidate"),
        (cases.expected_differ, "with another expected output in the candidate"),
    ):
        if names:
            yield f"{len(names)} {'case' if len(names) == 1 else 'cases'} {why}: {_named(names)}"


def described_drafts(cases: PairedCases) -> Iterator[str]:
    """The draft cases that are left out, as a sentence; nothing where there are none."""
    if cases.drafts:
        count, left = counted(len(cases.drafts), "draft case"), "is" if len(cases.drafts) == 1 else "are"
        yield f"{count} {left} left out, since drafts decide nothing: {_named(cases.drafts)}"


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _fail(message: str) -> NoReturn:
    raise DefinitionError([Problem(message=message)])
