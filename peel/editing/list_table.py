"""Cases as `{id, tags, inputs, expected}` in YAML or JSON Lines as a table: what is not changed keeps its type."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from peel.editing.case_cells import CaseRow, Planned, TableChange, planned, shown, value_of
from peel.editing.places import refused
from peel.editing.round_trip import Unpatchable, changed_text, same
from peel.records import Json
from peel.scenarios.case_entries import split_tags
from peel.scenarios.case_json import parse_json
from peel.scenarios.case_sheet import DRAFT, Column, column_of
from peel.scenarios.documents import parse_yaml

_OWN = ("id", "tags", "draft")
_INPUTS, _EXPECTED = "inputs.", "expected."


@dataclass(frozen=True, slots=True)
class _Case:
    """One case as it is written, and the line that it begins on."""

    value: dict[str, Json]
    line: int


class _Table:
    """The table of a list of cases."""

    def __init__(self, cases: Sequence[_Case], file: str) -> None:
        self._cases, self._file = cases, file
        self._columns = _columns([case.value for case in cases])
        self.headers = tuple(column.header for column in self._columns)

    @property
    def rows(self) -> tuple[CaseRow, ...]:
        """The cases."""
        return tuple(
            CaseRow(line=case.line, cells=tuple(_cell(case.value, column) for column in self._columns))
            for case in self._cases
        )

    def _values(self, change: TableChange) -> list[tuple[int | None, dict[str, Json]]]:
        """Each case after a change, with its place before."""
        rows = planned(change, rows=len(self._cases), columns=len(self._columns), file=self._file)
        columns: list[Column] = list(self._columns)
        if change.columns is not None:
            columns = [_column_of(one.header.strip()) for one in change.columns]
        return [(row.was, self._value(row, columns, change)) for row in rows]

    def _value(self, row: Planned, columns: Sequence[Column], change: TableChange) -> dict[str, Json]:
        old: dict[str, Json] = {} if row.was is None else self._cases[row.was].value
        case = {key: dict(value) if isinstance(value, dict) else value for key, value in old.items()}
        if change.columns is not None:
            self._move(case, old, columns, [one.was for one in change.columns])
        for place, text in sorted(row.cells.items()):
            column = columns[place]
            before = _found(case, column)
            if text != (_cell(case, column) or "") or (row.whole and not text):
                _put(case, column, self._new(text, before, column))
        return case

    def _new(self, text: str, before: Json, column: Column) -> Json:
        if column.kind == "id":
            return int(text) if isinstance(before, int) and text.isascii() and text.isdigit() else text.strip()
        if column.kind == "draft":
            return DRAFT.get(text.strip().casefold(), text)
        if column.kind == "tags" and text[:1] != "[":
            return ", ".join(split_tags(text)) if isinstance(before, str) else list(split_tags(text))
        return value_of(text, before, where=f"the column {column.header!r}", file=self._file)

    def _move(
        self, case: dict[str, Json], old: Mapping[str, Json], columns: Sequence[Column], were: Sequence[int | None]
    ) -> None:
        """Rename and remove what columns name; a case keeps what has no column."""
        for place, column in enumerate(self._columns):
            if place not in were or columns[were.index(place)] != column:
                _take_out(case, column)
        for column, was in zip(columns, were, strict=True):
            if was is not None and self._columns[was] != column and _has(old, self._columns[was]):
                _put(case, column, _found(old, self._columns[was]))


class YamlTable(_Table):
    """The cases of a YAML text: of the whole file, or of the key `cases` of a scenario."""

    def __init__(self, text: str, file: str, *, key: str | None = None) -> None:
        self._text, self._key = text, key
        document = parse_yaml(text)
        if document.problems:
            message, line = document.problems[0]
            raise refused(f"{message}; mend it as text first", file, line)
        value, place = document.value, document.place
        if key is not None:
            place = place.nearest((key,))
            value = value.get(key) if isinstance(value, dict) else None
        self._whole = document.value
        values = value if isinstance(value, list) else []
        if value is not None and not isinstance(value, list):
            raise refused("the file holds no list of cases", file)
        cases = [
            _Case(_mapping(one, file, place.nearest((n,)).line), place.nearest((n,)).line)
            for n, one in enumerate(values)
        ]
        super().__init__(cases, file)

    def changed(self, change: TableChange) -> str:
        """The text after a change. Raises DefinitionError where the change does not fit the table, or the text."""
        cases: Json = [value for _, value in self._values(change)]
        wanted = {**self._whole, self._key: cases} if self._key and isinstance(self._whole, dict) else cases
        try:
            return changed_text(self._text, wanted)
        except Unpatchable as error:
            raise refused(f"the table cannot be saved: {error}", self._file) from error


class JsonLinesTable(_Table):
    """The cases of a JSON Lines text."""

    def __init__(self, text: str, file: str) -> None:
        lines = text.split("\n")
        self._ending = "\r\n" if lines[0].endswith("\r") else "\n"
        written = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
        self._lines = [line.removesuffix("\r") for _, line in written]
        super().__init__([_Case(_parsed(line, file, number), number) for number, line in written], file)

    def changed(self, change: TableChange) -> str:
        """The text after a change. Raises DefinitionError where the change does not fit the table."""
        lines = [
            self._lines[was] if was is not None and same(self._cases[was].value, value) else self._line(value)
            for was, value in self._values(change)
        ]
        return "".join(f"{line}{self._ending}" for line in lines)

    def _line(self, value: dict[str, Json]) -> str:
        """A case, close or spaced as the first line is."""
        compact = bool(self._lines) and '": ' not in self._lines[0]
        return json.dumps(value, ensure_ascii=False, separators=(",", ":") if compact else None)


def _parsed(line: str, file: str, number: int) -> dict[str, Json]:
    try:
        return _mapping(parse_json(line.strip()), file, number)
    except ValueError as error:
        raise refused(f"the line is not JSON: {error}; mend it in an editor", file, number) from error


def _mapping(value: Json, file: str, line: int) -> dict[str, Json]:
    parts = [value.get("inputs", {}), value.get("expected", {})] if isinstance(value, dict) else [None]
    if not isinstance(value, dict) or not all(isinstance(part, dict) for part in parts):
        raise refused("this is no case {id, tags, inputs: {…}, expected: {…}}; mend it as text first", file, line)
    return value


def _columns(cases: Sequence[Mapping[str, Json]]) -> list[Column]:
    """Id and tags, then all inputs, then all expected output, as they first come."""
    inputs = dict.fromkeys(key for case in cases for key in _part(case, "inputs"))
    expected = dict.fromkeys(key for case in cases for key in _part(case, "expected"))
    own = [column_of(name) for name in _OWN if name == "id" or any(name in case for case in cases)]
    return [
        *own,
        *(Column(_INPUTS + key if _is_taken(key) else key, "inputs", key) for key in inputs),
        *(Column(_EXPECTED + key, "expected", key) for key in expected),
    ]


def _is_taken(key: str) -> bool:
    """Whether a sheet would take an input of this name for something else."""
    return key in _OWN or key.startswith((_INPUTS, _EXPECTED))


def _column_of(header: str) -> Column:
    if header.startswith(_INPUTS):
        return Column(header, "inputs", header.removeprefix(_INPUTS))
    return column_of(header)


def _part(case: Mapping[str, Json], key: str) -> dict[str, Json]:
    part = case.get(key)
    return part if isinstance(part, dict) else {}


def _has(case: Mapping[str, Json], column: Column) -> bool:
    return column.key in (case if column.kind in _OWN else _part(case, column.kind))


def _found(case: Mapping[str, Json], column: Column) -> Json:
    return (case if column.kind in _OWN else _part(case, column.kind)).get(column.key)


def _cell(case: Mapping[str, Json], column: Column) -> str | None:
    if not _has(case, column):
        return None
    value = _found(case, column)
    if column.kind == "tags" and isinstance(value, list) and all(isinstance(tag, str) for tag in value):
        simple = all(split_tags(str(tag)) == (tag,) for tag in value)
        return ", ".join(map(str, value)) if simple else shown(value)
    return shown(value)


def _put(case: dict[str, Json], column: Column, value: Json) -> None:
    """Set what a column names; an id or tags that are emptied go, and that it is no draft."""
    if column.kind in _OWN:
        if value in ("", []) or value is False:
            case.pop(column.key, None)
        else:
            case[column.key] = value
        return
    case[column.kind] = {**_part(case, column.kind), column.key: value}


def _take_out(case: dict[str, Json], column: Column) -> None:
    if column.kind in _OWN:
        case.pop(column.key, None)
        return
    if column.kind not in case:
        return
    part = {key: value for key, value in _part(case, column.kind).items() if key != column.key}
    if part or column.kind == "inputs":
        case[column.kind] = part
    else:
        case.pop(column.kind, None)
