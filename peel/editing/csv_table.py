"""Cases in a CSV file as a table that is changed row by row: rows that nobody changed keep every byte."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from peel.editing.case_cells import CaseRow, Planned, TableChange, planned
from peel.scenarios.case_sheet import LARGEST_CELL
from peel.scenarios.documents import Unreadable


@dataclass(frozen=True, slots=True)
class _Written:
    """One row as it stands in the file: its cells, its text with what ends it, and its line."""

    cells: list[str]
    text: str
    line: int


class CsvTable:
    """The table of a CSV text. Raises Unreadable where it is none."""

    def __init__(self, text: str, file: str) -> None:
        written = _read(text)
        self._file = file
        self._header, self._rows = (written[0], written[1:]) if written else (_Written([], "", 1), [])
        self._ending = "\r\n" if self._header.text.endswith("\r\n") else "\n"
        self.headers = tuple(cell.strip() for cell in self._header.cells)

    @property
    def rows(self) -> tuple[CaseRow, ...]:
        """The cases; a row that is too short has nothing in its last columns."""
        width = len(self.headers)
        return tuple(
            CaseRow(line=row.line, cells=(*row.cells[:width], *[None] * (width - len(row.cells)))) for row in self._rows
        )

    def changed(self, change: TableChange) -> str:
        """The text after a change. Raises DefinitionError where the change does not fit the table."""
        rows = planned(change, rows=len(self._rows), columns=len(self.headers), file=self._file)
        places: list[int | None] = [*range(len(self.headers))]
        header = self._header.text
        if change.columns is not None:
            places = [column.was for column in change.columns]
            if [column.header for column in change.columns] != list(self.headers):
                header = self._line([column.header.strip() for column in change.columns], like=self._header)
        return "".join([self._ended(header), *(self._ended(text) for row in rows if (text := self._row(row, places)))])

    def _row(self, row: Planned, places: Sequence[int | None]) -> str:
        """The text of a row after the change; empty where nothing is left in it, as readers pass over such a row."""
        old = self._rows[row.was] if row.was is not None else _Written([], "", 0)
        if row.was is not None and not row.cells and places == [*range(len(self.headers))]:
            return old.text
        width = len(self.headers)
        kept = [*old.cells[:width], *[""] * (width - len(old.cells))]
        cells = [row.cells.get(place, "" if was is None else kept[was]) for place, was in enumerate(places)]
        cells += old.cells[width:]
        return self._line(cells, like=old if row.was is not None else self._header) if any(cells) else ""

    def _line(self, cells: Sequence[str], *, like: _Written) -> str:
        """Cells as a line, all quoted where the line that it is like is."""
        quotes = (
            csv.QUOTE_ALL
            if like.text.startswith('"') and _line(like.cells, csv.QUOTE_ALL) == like.text.rstrip("\r\n")
            else csv.QUOTE_MINIMAL
        )
        return _line(cells, quotes) + self._ending

    def _ended(self, text: str) -> str:
        return text if not text or text.endswith(("\n", "\r")) else text + self._ending


def as_csv(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A new CSV text."""
    return "".join(f"{_line(cells, csv.QUOTE_MINIMAL)}\r\n" for cells in (headers, *rows))


def _line(cells: Sequence[str], quotes: int) -> str:
    out = io.StringIO()
    # The module's own line end makes the writer quote cells with a lone carriage return, which readers need.
    csv.writer(out, quoting=quotes, lineterminator="\r\n").writerow(cells)  # type: ignore[arg-type]  # a constant of csv
    return out.getvalue().removesuffix("\r\n")


def _read(text: str) -> list[_Written]:
    """The rows that are not blank; a blank one belongs to the text of the row before it."""
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST_CELL))
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(lines, strict=True)
    rows: list[_Written] = []
    start = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise Unreadable(f"the CSV cannot be read: {error}; mend it in an editor", start + 1) from error
        if cells is None:
            return rows
        written = "".join(lines[start : reader.line_num])
        if any(cells):
            rows.append(_Written(cells, written, start + 1))
        elif rows:
            rows[-1] = _Written(rows[-1].cells, rows[-1].text + written, rows[-1].line)
        start = reader.line_num
