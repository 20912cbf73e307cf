"""The outputs of one case on two sides, paired, with what differs marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from markupsafe import Markup, escape

from peel.errors import DefinitionError
from peel.estimates.pairing import Part, parts_of, split_address
from peel.records import Execution, Problem, Score
from peel.reports.current import current_scores
from peel.reports.text import as_text, visible
from peel.reports.word_diff import diffed
from peel.reports.wording import number
from peel.workspace import Workspace

MOST_REPETITIONS = 20
"""How many repetitions of a case are shown side by side."""

LONGEST = 40_000
"""Characters of one output that are shown here; its own page has more."""

MOST_CASES = 2_000
"""How many cases are offered to choose from."""


@dataclass(frozen=True, slots=True)
class ShownOutput:
    """One execution of one side."""

    run: str
    number: int
    repetition: int
    scores: str
    text: Markup


@dataclass(frozen=True, slots=True)
class SideBySide:
    """One case on both sides. `more` tells how many repetitions are not shown."""

    case: str
    cases: tuple[str, ...]
    names: tuple[str, str]
    rows: tuple[tuple[ShownOutput | None, ShownOutput | None], ...]
    more: int


def both_sides(workspace: Workspace, base: str, candidate: str, case: str) -> SideBySide:
    """One case (the first that both have, where none is named). Raises StoreError, DefinitionError."""
    parts = _part(workspace, base), _part(workspace, candidate)
    ids = [{one.id for one in part.cases} for part in parts]
    common = tuple(one.id for one in parts[0].cases if one.id in ids[1])
    if not common:
        raise DefinitionError([Problem(message=f"{base!r} and {candidate!r} have no case in common")])
    chosen = case or common[0]
    if chosen not in common:
        raise DefinitionError([Problem(message=f"{chosen[:100]!r} is no case of both {base!r} and {candidate!r}")])
    made = [_executions(workspace, part, chosen) for part in parts]
    rows = [_row(parts, *both) for both in list(zip_longest(*made))[:MOST_REPETITIONS]]
    names = parts[0].address, parts[1].address
    return SideBySide(chosen, common[:MOST_CASES], names, tuple(rows), max(0, max(map(len, made)) - MOST_REPETITIONS))


def _part(workspace: Workspace, address: str) -> Part:
    run, name = split_address(address)
    return parts_of(workspace.store.run(run), name)[0]


def _executions(workspace: Workspace, part: Part, case: str) -> list[tuple[Execution, tuple[Score, ...]]]:
    found = workspace.executions(part.stored.run.id, case, scenario=part.scenario, variant=part.variant)
    return [(execution, scores) for execution, scores, _ in found if execution.case == case]


def _row(
    parts: Sequence[Part],
    base: tuple[Execution, tuple[Score, ...]] | None,
    candidate: tuple[Execution, tuple[Score, ...]] | None,
) -> tuple[ShownOutput | None, ShownOutput | None]:
    texts = [as_text(one[0].output)[:LONGEST] if one else "" for one in (base, candidate)]
    marked = diffed(*texts) if base and candidate else tuple(str(escape(visible(one))) for one in texts)
    both = zip(parts, (base, candidate), marked, strict=True)
    first, second = (_shown(part, one, text) if one else None for part, one, text in both)
    return first, second


def _shown(part: Part, one: tuple[Execution, tuple[Score, ...]], text: str) -> ShownOutput:
    execution, scores = one
    told = (
        f"{score.evaluator}{f' by {score.rater}' if score.rater else ''} "
        f"{number(score.value) if score.status == 'scored' else score.status}"
        for score in current_scores(scores)
    )
    made = Markup(text)  # noqa: S704  # escaped by `diffed`
    return ShownOutput(part.stored.run.id, execution.number, execution.repetition, ", ".join(told), made)
