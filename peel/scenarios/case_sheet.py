"""Cases from CSV: the header says what each column is, every row is one case."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from peel.records import Json, Problem
from peel.scenarios.case_entries import RawCase, reserved_input, tags_of, wrong_id
from peel.scenarios.case_json import parse_json
from peel.scenarios.checking import Findings, found, shortened
from peel.scenarios.documents import Unreadable
from peel.scenarios.entries import RESERVED
from peel.scenarios.origin import Place

LARGEST_CELL = 10_000_000
"""The longest cell, in characters."""
_EXPECTED = "expected."
DRAFT: Mapping[str, bool] = {
    "true": True, "false": False, "yes": True, "no": False, "1": True, "0": False, "": False,
}  # fmt: skip
"""What the column of drafts may say, in lower case."""
Kind: TypeAlias = Literal["id", "tags", "draft", "inputs", "expected"]
OWN: Mapping[str, Kind] = {"id": "id", "tags": "tags", "draft": "draft"}
"""The columns that are a case's own."""


@dataclass(frozen=True, slots=True)
class Column:
    """What one column is: a case's id, its tags, whether it is a draft, or the case input or part of the expected
    output called `key`."""

    header: str
    kind: Kind
    key: str


@dataclass(frozen=True, slots=True)
class _Row:
    cells: list[str]
    number: int
    line: int


def read_sheet(text: str, findings: Findings) -> list[RawCase | None]:
    """The cases of a CSV text, None in place of one that is wrong; none at all where the header is wrong.

    Raises Unreadable where it is no CSV.
    """
    if "\x00" in text:
        raise Unreadable(
            "the file holds a NUL byte; save it as CSV in UTF-8", text.count("\n", 0, text.index("\x00")) + 1
        )
    rows = _rows(text)
    header = next(rows, None)
    if header is None:
        raise Unreadable("the file is empty; its first row names the columns, such as id,email,expected.answer", 1)
    columns = _columns(header, findings)
    return [_case(row, columns, findings) for row in rows] if columns else []


def _rows(text: str) -> Iterator[_Row]:
    """The rows that are not blank, with their numbers (the header is 1) and the lines they begin on."""
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST_CELL))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number, line = 0, 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise Unreadable(f"row {number + 1} cannot be read as CSV: {_said(error)}", line) from error
        if cells is None:
            return
        number += 1
        if any(cells):
            yield _Row(cells, number, line)
        line = reader.line_num + 1


def _said(error: csv.Error) -> str:
    said = str(error)
    if "unexpected end of data" in said:
        return "a cell is opened with a quote and never closed"
    if "expected after" in said:
        return "text follows the quote that closes a cell; double the quotes inside a cell"
    if "larger than field limit" in said:
        return f"a cell is longer than {LARGEST_CELL} characters, or its quote is never closed"
    return said


def _columns(header: _Row, findings: Findings) -> list[Column] | None:
    """What each column is; None where a header is wrong."""
    names = [name.strip() for name in header.cells]
    wrong = list(_wrong_headers(names))
    _report(wrong, header, findings)
    return None if wrong else [column_of(name) for name in names]


def _report(sentences: list[str], row: _Row, findings: Findings) -> None:
    file = findings.origin.file
    findings.problems.extend(Problem(message=sentence, file=file, line=row.line) for sentence in sentences)


def column_of(name: str) -> Column:
    """What the column under a header is."""
    if name in OWN:
        return Column(name, OWN[name], name)
    if name.startswith(_EXPECTED):
        return Column(name, "expected", name.removeprefix(_EXPECTED))
    return Column(name, "inputs", name)


def _wrong_headers(names: list[str]) -> Iterator[str]:
    """What is wrong with the headers, a sentence each."""
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        yield f"the header is the one column {shortened(names[0])!r}; columns must be separated by commas"
        return
    places: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        if name in places:
            yield f"the column {shortened(name)!r} stands twice, as column {places[name]} and {place}; rename one"
        places.setdefault(name, place)
        why = _wrong_header(name, place, names)
        if why:
            yield why


def _wrong_header(name: str, place: int, names: list[str]) -> str | None:
    if not name or name == _EXPECTED:
        return f"column {place} has no name{' after expected.' if name else ''}; name it, or remove the column"
    if name in RESERVED:
        return reserved_input(name)
    plain = name.casefold()
    if plain in OWN and plain not in names:
        return f"the column {name!r} would be a case input; write {plain!r} for the cases' own column"
    before, dot, after = plain.partition(".")
    if dot and before == "inputs":
        return f"a case input is named without 'inputs.': write {after!r} for the column {shortened(name)!r}"
    if dot and not name.startswith(_EXPECTED) and difflib.SequenceMatcher(None, before, "expected").ratio() > 0.8:
        return f"unknown column {shortened(name)!r}; did you mean 'expected.{after}'?"
    return None


def _case(row: _Row, columns: list[Column], findings: Findings) -> RawCase | None:
    if len(row.cells) != len(columns):
        cells = f"{len(row.cells)} cell{'' if len(row.cells) == 1 else 's'}"
        _report([f"row {row.number} has {cells}, but the header (row 1) has {len(columns)}"], row, findings)
        return None
    case = RawCase(Place(row.line), "", ())
    wrong = [why for column, cell in zip(columns, row.cells, strict=True) if (why := _take(case, column, cell))]
    if not wrong:
        return case
    _report([f"row {row.number}, column {why}" for why in wrong], row, findings)
    return None


def _take(case: RawCase, column: Column, cell: str) -> str | None:
    """Put one cell where it belongs; what is wrong with it, if anything."""
    value: Json = cell
    if column.kind == "id":
        case.id = cell.strip()
        return (why := wrong_id(case.id)) and f"'id': the id {why}"
    if cell[:1] in {"[", "{"}:
        try:
            value = parse_json(cell)
        except ValueError as error:
            hint = f"a cell that begins with {cell[0]} is JSON; put a space before it if it is text"
            return f"{column.header!r}: the JSON cannot be read, {error}; {hint}"
    if column.kind == "tags":
        return _take_tags(case, value)
    if column.kind == "draft":
        case.draft = DRAFT.get(cell.strip().casefold(), False)
        allowed = cell.strip().casefold() in DRAFT
        return (
            None
            if allowed
            else (
                "'draft': a case is a draft (true) or none (false, or nothing), not "
                f"{found(cell)}; rename the column if it is a case input"
            )
        )
    (case.expected if column.kind == "expected" else case.inputs)[column.key] = value
    return None


def _take_tags(case: RawCase, value: Json) -> str | None:
    tags = tags_of(value)
    if tags is not None:
        case.tags = tags
        return None
    was = "a list that holds something else" if isinstance(value, list) else found(value)
    return f"'tags': tags are a JSON list of texts, or text separated by commas or spaces, not {was}"
