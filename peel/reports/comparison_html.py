"""A comparison as one HTML file: no script, no request, opens from disk; the look of the report.

Every text from outside goes through `shown` or `visible` and is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import zip_longest

from peel.records.comparisons import CaseChange, Comparison, Difference, PairComparison, ShownExecution
from peel.reports import comparison_wording as words
from peel.reports.charts import difference_chart
from peel.reports.html_figures import wide_table
from peel.reports.html_page import asset, plain_page, section
from peel.reports.html_verdicts import shown
from peel.reports.text import visible
from peel.reports.word_diff import diffed
from peel.reports.wording import number


def html(comparison: Comparison) -> str:
    """The whole page."""
    style = asset("report.css") + asset("comparison.css")
    facts = shown(words.question(comparison))
    return plain_page("PEEL comparison", facts, sections=sections(comparison), style=style)


def sections(comparison: Comparison) -> str:
    """What the page says below its head, for another page to hold: that one brings the style sheets."""
    pairs = "".join(_pair(pair, place) for place, pair in enumerate(comparison.pairs))
    notes = section("h-notes", "What else to know", _notes(comparison.notes)) if comparison.notes else ""
    return f"{section('h-verdict', 'Verdict', _verdict(comparison))}{pairs}{notes}"


def _notes(notes: Iterable[str]) -> str:
    return f'<ul class="notes">{"".join(f"<li>{shown(note, limit=600)}</li>" for note in notes)}</ul>'


def _verdict(comparison: Comparison) -> str:
    """The verdict over all, then each evaluator's in a line."""
    every = [(pair, one) for pair in comparison.pairs for one in pair.differences]
    rows = "".join(
        f'<li class="{words.state(one)}"><span class="word">{words.sign(one)} {shown(words.verdict(one))}</span>'
        f'<span class="requirement">{shown(words.title(one))}</span>'
        f'<span class="where">{shown(words.variant_name(pair.candidate))}</span>'
        f'<span class="why">{shown(words.numbers(one))}</span></li>'
        for pair, one in every
    )
    overall = comparison.overall or (comparison.pairs[0].overall if len(comparison.pairs) == 1 else None)
    table = differences_table([comparison.overall]) if comparison.overall is not None else ""
    kind = words.state(overall) if overall is not None else "none"
    return f'<p class="verdict {kind}">{shown(words.headline(comparison))}</p><ul class="gates">{rows}</ul>{table}'


def _pair(pair: PairComparison, place: int) -> str:
    names = shown(words.variant_name(pair.base)), shown(words.variant_name(pair.candidate))
    heading = names[0] if names[0] == names[1] else f"{names[0]} → {names[1]}"
    key = (
        '<p class="key"><span class="k-dot"></span> candidate - base <span class="k-these"></span> its interval '
        '<span class="k-margin"></span> within the margin</p>'
    )
    facts = (
        f'<p class="facts">base: {shown(words.side_name(pair.base))}<br>'
        f"candidate: {shown(words.side_name(pair.candidate))}<br>"
        f"{'; '.join(shown(one, limit=600) for one in words.case_sentences(pair))}</p>"
    )
    content = f"{facts}{key}{differences_table(words.shown_differences(pair))}{_measures(pair)}"
    return section(f"h-pair-{place}", heading, content + (_notes(pair.notes) if pair.notes else "") + _cases(pair))


def _head(headings: str) -> str:
    """A table's head; a heading that ends with `:` is of numbers."""
    cells = (
        f'<th scope="col"{" class=n" if name.endswith(":") else ""}>{name.removesuffix(":")}</th>'
        for name in headings.split("|")
    )
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def differences_table(differences: Sequence[Difference], *, sides: tuple[str, str] = ("base", "candidate")) -> str:
    """Differences with drawn intervals, verdicts and what they are made of; `sides` are what the two are called."""
    headings = ("evaluator", f"{sides[0]}:", f"{sides[1]}:", "difference:", "-1 … 1", "verdict", "p:", "made of")
    return wide_table(headings, map(_difference, differences))


def _difference(one: Difference) -> tuple[str, ...]:
    noted = words.notes(one)
    note = f'<div class="note">{shown(noted, limit=600)}</div>' if noted else ""
    return (
        f"{shown(words.title(one))}{note}",
        number(one.base.value),
        number(one.candidate.value),
        shown(words.numbers(one)),
        difference_chart(one),
        f'<span class="word {words.state(one)}">{words.sign(one)} {shown(words.verdict(one))}</span>',
        shown(words.p_value(one)),
        shown(words.sizes(one)),
    )


def _measures(pair: PairComparison) -> str:
    rows = "".join(f"<tr>{''.join(_measure_cells(words.measure_cells(m), m.note))}</tr>" for m in pair.measures)
    head = _head("|base:|candidate:|difference|ratio|")
    return f'<div class="wide"><table>{head}<tbody>{rows}</tbody></table></div>'


def _measure_cells(cells: Sequence[str], note: str) -> Iterator[str]:
    yield f'<th scope="row">{shown(cells[0])}</th>'
    yield from (f'<td class="n">{shown(cell)}</td>' for cell in cells[1:])
    yield f'<td class="note">{shown(note)}</td>'


def _cases(pair: PairComparison) -> str:
    if not pair.better and not pair.worse:
        return ""
    parts = [f"<h3>Cases: {shown(words.changes(pair))}</h3>", f'<p class="hint">{words.ONE_CASE}</p>']
    parts += [_case("worse", "fail", case) for case in pair.worse]
    parts += [_case("better", "pass", case) for case in pair.better]
    return "".join(parts)


def _case(word: str, kind: str, case: CaseChange) -> str:
    return (
        f'<p class="case"><span class="word {kind}">{word}</span>{shown(case.case)} '
        f'<span class="on">{shown(words.change(case), limit=400)}</span></p>'
        + "".join(_sides(*both) for both in zip_longest(case.base_executions, case.candidate_executions))
    )


def _sides(base: ShownExecution | None, candidate: ShownExecution | None) -> str:
    """An execution of each side beside one another, with the words marked that only one of them has."""
    if base is not None and candidate is not None:
        old, new = diffed(base.output, candidate.output)
    else:
        old, new = (escape(visible(one.output)) if one is not None else "" for one in (base, candidate))
    return f'<div class="sides">{_side("base", base, old)}{_side("candidate", candidate, new)}</div>'


def _side(name: str, one: ShownExecution | None, text: str) -> str:
    if one is None:
        return "<div></div>"
    return f'<div><h4>{name}: {shown(words.execution(one))}</h4><div class="text">{text or "–"}</div></div>'
