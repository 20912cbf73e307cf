"""Files of interactions and ratings, row by row in bounded memory: CSV, JSON Lines, Parquet.

What stands in a row is not judged here, only read: a row is its place in the file and its values by field, or why it
cannot be read.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TextIO, TypeAlias

import orjson

from peel.errors import FeedbackError, MissingExtra
from peel.feedback.values import read_text
from peel.plugins import nearest
from peel.records.feedback import LABELS, LARGEST, RATING_KINDS

LONGEST_LINE = 4 * LARGEST
"""The longest line of JSON Lines, in bytes."""

LARGEST_CELL = LARGEST
"""The longest cell of a sheet, in characters."""

PARQUET_ROWS = 500
"""How many rows of a Parquet file are read at once."""

FIELDS = (
    *("id", "interaction", "at", "input", "messages", "output", "steps"),
    *LABELS,
    *("user", "metadata"),
    *RATING_KINDS,
    *("comment", "rating_id", "rated_at"),
)
"""What a column may hold, beside `metadata.NAME`."""

OTHER_NAMES = {"time": "at", "interaction_id": "interaction"}
_IN_METADATA = "metadata."
_JSON_FIELDS = frozenset({"messages", "steps", "metadata"})
_MOST_LEFT_OUT = 20
_MOST_KNOWN = 1000
_SEPARATORS = ",;\t|"


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row: its line (from 1; of Parquet its number), the values by field, what stood in the file, and why it cannot
    be read, where it cannot."""

    line: int
    values: dict[str, Any]
    written: Any
    wrong: str | None = None


@dataclass(slots=True)
class Columns:
    """Which column is which field: as `--map` says, else by its own name. A column mapped to nothing is left out.

    `left_out` gathers the columns that are no field, `unseen` keeps those of `--map` that no row had so far.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    left_out: dict[str, None] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)
    _known: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for column, name in self.mapping.items():
            if name and not _is_field(name):
                raise FeedbackError(
                    f"--map {column}={name}: there is no field {name!r}; {nearest(name, FIELDS)}, or metadata.NAME"
                )
        self.mapping = {column: OTHER_NAMES.get(name, name) for column, name in self.mapping.items()}
        self.unseen = set(self.mapping)

    def field_of(self, column: str) -> str | None:
        """The field that a column holds; None where it is left out."""
        if column not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[column] = self._found(column)
        return self._known[column]

    def _found(self, column: str) -> str | None:
        if column in self.mapping:
            self.unseen.discard(column)
            return self.mapping[column] or None
        name = OTHER_NAMES.get(column, column)
        if _is_field(name):
            return name
        if len(self.left_out) < _MOST_LEFT_OUT:
            self.left_out[column] = None
        return None

    def fields_of(self, header: Sequence[str]) -> list[str | None]:
        """The field of each column. Raises FeedbackError where two hold the same, where a mapped column is not there,
        or where no column is of any use."""
        missing = [column for column in self.mapping if column not in header]
        if missing:
            raise FeedbackError(f"--map {missing[0]}=…: there is no such column; {nearest(missing[0], header)}")
        fields = [self.field_of(column) for column in header]
        twice = next((name for name in fields if name and fields.count(name) > 1), None)
        if twice:
            columns = " and ".join(repr(one) for one, name in zip(header, fields, strict=True) if name == twice)
            raise FeedbackError(f"the columns {columns} both hold {twice!r}; leave one out: --map COLUMN=")
        _check_useful(fields)
        return fields


Rows: TypeAlias = Iterator[RawRow]


def read_rows(path: Path, columns: Columns) -> Rows:
    """The rows of a file, by what its name ends with. Raises FeedbackError where the file cannot be read at all,
    MissingExtra for Parquet without its package."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        allowed = ", ".join(_READERS)
        raise FeedbackError(f"{path}: a file of ratings ends with {allowed}, not {path.suffix or 'so'}")
    try:
        yield from reader(path, columns)
    except OSError as error:
        raise FeedbackError(f"{path} cannot be read: {error.strerror or error}") from error


def _csv_rows(path: Path, columns: Columns) -> Rows:
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST_CELL))
    # A byte that is no UTF-8 must spoil its own row only.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        first = file.readline(LONGEST_LINE)
        if not first.strip():
            raise FeedbackError(f"{path}: the file is empty; its first row names the columns, such as id,input,stars")
        if "\x00" in first:
            raise FeedbackError(f"{path}: the first row holds a NUL byte; save the file as CSV in UTF-8")
        file.seek(0)
        yield from _sheet_rows(
            csv.reader(_bounded_lines(file), delimiter=_separator(first), strict=True), columns, path
        )


def _bounded_lines(file: TextIO) -> Iterator[str]:
    """The lines of a sheet. Raises csv.Error where one is too long to be held."""
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith("\n"):
            raise csv.Error(f"a line is longer than {LONGEST_LINE:,} characters")
        yield line


def _sheet_rows(reader: Any, columns: Columns, path: Path) -> Rows:
    try:
        header = [name.strip().removeprefix("\ufeff") for name in next(reader)]
    except csv.Error as error:
        raise FeedbackError(f"{path}: the first row cannot be read as CSV: {error}") from error
    fields = _told_of(path, columns.fields_of, header)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            # What follows may be the rest of a cell: nobody can tell where the next row begins.
            yield RawRow(line, {}, None, f"it cannot be read as CSV, nor can what follows: {error}")
            return
        if cells is None:
            return
        if any(cells):
            yield _sheet_row(line, header, fields, cells)


def _sheet_row(line: int, header: list[str], fields: list[str | None], cells: list[str]) -> RawRow:
    if len(cells) != len(header):
        return RawRow(line, {}, cells, f"it has {len(cells)} cells, but the header has {len(header)}")
    written = dict(zip(header, cells, strict=True))
    try:
        values = {name: _cell(name, cell) for name, cell in zip(fields, cells, strict=True) if name and cell.strip()}
    except ValueError as error:
        return RawRow(line, {}, written, str(error))
    return RawRow(line, values, written)


def _separator(header: str) -> str:
    outside = "".join(header.split('"')[::2])
    return max(_SEPARATORS, key=outside.count)


def _cell(name: str, cell: str) -> Any:
    """What a cell holds. Raises ValueError where it must be JSON and is not."""
    if name in RATING_KINDS:
        return read_text(name, cell)
    if name in _JSON_FIELDS:
        try:
            return orjson.loads(cell)
        except ValueError as error:
            raise ValueError(f"{name!r} must be JSON, and cannot be read: {error}") from error
    if name in ("at", "rated_at"):
        return _number(cell.strip())
    return cell if name in ("input", "output", "comment") else cell.strip()


def _number(text: str) -> float | str:
    """A time written as a number, as one; else the text."""
    try:
        return float(text)
    except ValueError:
        return text


def _json_rows(path: Path, columns: Columns) -> Rows:
    with path.open("rb") as file:
        for line, text in _lines(file):
            if text is None:
                yield RawRow(line, {}, None, f"the line is longer than {LONGEST_LINE:,} bytes")
            elif text.strip():
                yield _json_row(line, text, columns)


def _json_row(line: int, text: bytes, columns: Columns) -> RawRow:
    shown = text.decode("utf-8", "replace").strip("\r\n")
    try:
        written = orjson.loads(text)
    except ValueError as error:
        return RawRow(line, {}, shown, f"it is no JSON: {error}")
    if not isinstance(written, dict):
        return RawRow(line, {}, shown, 'it must be a mapping of fields, such as {"interaction": …, "stars": …}')
    values: dict[str, Any] = {}
    for column, value in written.items():
        name = columns.field_of(column)
        if name in values:
            return RawRow(line, {}, written, f"{name!r} is given twice; leave one out: --map COLUMN=")
        if name and value is not None and value != "":
            values[name] = value
    return RawRow(line, values, written)


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """The lines, numbered from 1; None in place of one that is too long."""
    number, begun = 1, True
    while text := file.readline(LONGEST_LINE):
        ended = text.endswith(b"\n")
        if begun:
            whole = ended or len(text) < LONGEST_LINE
            yield number, (text.removeprefix(b"\xef\xbb\xbf") if number == 1 else text) if whole else None
        begun = ended
        number += ended


def _parquet_rows(path: Path, columns: Columns) -> Rows:
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise MissingExtra("reading Parquet", extra="parquet") from error
    try:
        with pyarrow.parquet.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
            header = list(file.schema_arrow.names)
            fields = dict(zip(header, _told_of(path, columns.fields_of, header), strict=True))
            batches = file.iter_batches(PARQUET_ROWS, columns=[one for one in header if fields[one]])
            yield from _batch_rows(batches, fields)
    except pyarrow.ArrowException as error:
        raise FeedbackError(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}") from error


def _batch_rows(batches: Any, fields: Mapping[str, str | None]) -> Rows:
    number = 0
    for batch in batches:
        for written in batch.to_pylist():
            number += 1
            values = {name: value for column, value in written.items() if (name := fields[column]) and _is_given(value)}
            yield RawRow(number, {name: _value(name, value) for name, value in values.items()}, written)


def _is_given(value: Any) -> bool:
    return value is not None and value != "" and value == value  # NaN is how sheets say "nothing"


def _value(name: str, value: Any) -> Any:
    """A Parquet value as JSON has it: text in a field of numbers or JSON is read as a cell is."""
    if isinstance(value, str) and (name in RATING_KINDS or (name in _JSON_FIELDS and value[:1] in "[{")):
        try:
            return _cell(name, value)
        except ValueError:
            return value
    return value


_READERS: Mapping[str, Callable[[Path, Columns], Rows]] = {
    ".csv": _csv_rows,
    ".tsv": _csv_rows,
    ".jsonl": _json_rows,
    ".ndjson": _json_rows,
    ".parquet": _parquet_rows,
}


def _is_field(name: str) -> bool:
    return name in FIELDS or (name.startswith(_IN_METADATA) and len(name) > len(_IN_METADATA))


def _check_useful(fields: Sequence[str | None]) -> None:
    if "id" not in fields and "interaction" not in fields:
        raise FeedbackError("no column holds the id of the interactions; name it: --map COLUMN=id")
    if not {"input", "messages", *RATING_KINDS} & set(fields):
        kinds = ", ".join(RATING_KINDS)
        raise FeedbackError(f"no column holds an input or a rating; name one: --map COLUMN=FIELD (input, {kinds})")


def _told_of(path: Path, check: Callable[[Sequence[str]], list[str | None]], header: list[str]) -> list[str | None]:
    try:
        return check(header)
    except FeedbackError as error:
        raise FeedbackError(f"{path}: {error}") from error
