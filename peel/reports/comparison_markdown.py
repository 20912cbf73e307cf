"""A comparison as Markdown, for a comment on a pull request. Text from outside is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from peel.records.comparisons import CaseChange, Comparison, Difference, PairComparison, ShownExecution
from peel.reports import comparison_wording as words
from peel.reports.markdown import escaped
from peel.reports.wording import number

LONGEST = 55_000
"""About how many characters a comment holds; a server that takes comments has such a limit, and the JSON has it all."""

OUTPUT_SHOWN = 400
"""Characters of an output in a comment."""

MOST_NOTES = 15


def markdown(comparison: Comparison) -> str:
    """The whole comment, with a line end."""
    return "\n".join(_lines(comparison)) + "\n"


def _lines(comparison: Comparison) -> Iterator[str]:
    yield f"## PEEL comparison: {words.headline(comparison)}"
    yield f"\n{escaped(words.question(comparison), limit=400)}."
    if comparison.overall is not None:
        yield "\n### Over all pairs"
        yield from _differences([comparison.overall])
    yield from _pairs(comparison.pairs)
    if comparison.notes:
        yield ""
        yield from _notes(comparison.notes)


def _pairs(pairs: Sequence[PairComparison]) -> Iterator[str]:
    """The pairs, with their cases, as far as there is room."""
    room = LONGEST
    for place, pair in enumerate(pairs):
        numbers, cases = "\n".join(_pair(pair)), "\n".join(_cases(pair))
        if len(numbers) > room:
            yield f"\n{len(pairs) - place} further pairs are left out; the JSON has them."
            return
        room -= len(numbers)
        yield numbers
        if len(cases) > room:
            yield f"\nCases: {words.changes(pair)}; their outputs are left out here, the HTML has them."
        elif cases:
            room -= len(cases)
            yield cases


def _notes(notes: Sequence[str]) -> Iterator[str]:
    yield from (f"- {escaped(note, limit=600)}" for note in notes[:MOST_NOTES])
    if len(notes) > MOST_NOTES:
        yield f"- and {len(notes) - MOST_NOTES} further notes"


def _pair(pair: PairComparison) -> Iterator[str]:
    names = escaped(words.variant_name(pair.base)), escaped(words.variant_name(pair.candidate))
    yield f"\n### {names[0]}" if names[0] == names[1] else f"\n### {names[0]} → {names[1]}"
    sides = f"{escaped(words.side_name(pair.base))}, candidate: {escaped(words.side_name(pair.candidate))}"
    yield f"\nBase: {sides}. {'; '.join(escaped(one, limit=600) for one in words.case_sentences(pair))}."
    yield from _differences(words.shown_differences(pair))
    yield from _measures(pair)
    notes = [f"{one.id}: {words.notes(one)}" for one in words.shown_differences(pair) if words.notes(one)]
    if notes or pair.notes:
        yield ""
        yield from _notes([*notes, *pair.notes])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _differences(differences: Sequence[Difference]) -> Iterator[str]:
    yield "\n| evaluator | base | candidate | difference | verdict | p | made of |\n|---|---:|---:|---|---|---:|---|"
    for one in differences:
        yield _row(
            escaped(words.title(one)),
            number(one.base.value),
            number(one.candidate.value),
            f"**{escaped(words.numbers(one))}**",
            f"{words.sign(one)} {escaped(words.verdict(one))}",
            escaped(words.p_value(one)),
            escaped(words.sizes(one)),
        )


def _measures(pair: PairComparison) -> Iterator[str]:
    yield "\n| | base | candidate | difference | ratio | |\n|---|---:|---:|---|---|---|"
    for measure in pair.measures:
        yield _row(*(escaped(cell) for cell in words.measure_cells(measure)), escaped(measure.note))


def _cases(pair: PairComparison) -> Iterator[str]:
    cases = [("worse", case) for case in pair.worse] + [("better", case) for case in pair.better]
    if not cases:
        return
    yield f"\n<details><summary>Cases: {words.changes(pair)}</summary>\n\n{words.ONE_CASE}\n"
    yield "| case | base | candidate |\n|---|---|---|"
    yield from (_case(heading, case) for heading, case in cases)
    yield "\n</details>"


def _case(heading: str, case: CaseChange) -> str:
    name = f"**{heading}** {escaped(case.case)}<br>{escaped(words.change(case), limit=400)}"
    return _row(name, _executions(case.base_executions), _executions(case.candidate_executions))


def _executions(shown: Sequence[ShownExecution]) -> str:
    return "<br>".join(
        f"*{escaped(words.execution(one))}*<br>{escaped(one.output, limit=OUTPUT_SHOWN) or '(no output)'}"
        for one in shown
    )
