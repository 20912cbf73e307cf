"""People's scores by sheet: the open questions of a rater as CSV or XLSX, and a filled-in sheet taken back.

A sheet is blinded and shuffled as the questions are. What comes back is untrusted: bounded in size, read as values and
never as formulas; every row that is wrong is told with its number, and by default nothing is imported then.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from peel.errors import DefinitionError, MissingExtra
from peel.records import Json, Problem
from peel.records.manual import ManualItem, scale_of
from peel.reports.csv import inert
from peel.reports.text import as_text, source_of, visible
from peel.runs.manual import LONGEST_COMMENT, Answer, ManualScoring, Question

COLUMNS = ("id", "question", "answer with", "input", "output", "score", "comment", "expected", "passages")
"""The columns of a sheet; read back are `id`, `score` and `comment`, wherever they stand."""

FORMATS = (".csv", ".xlsx")
ALLOWED = "a sheet is a .csv or .xlsx file"

LARGEST_FILE = 64_000_000
"""The most bytes of a sheet that is read; of an XLSX also once it is unpacked, times four."""

LONGEST_CELL = 32_000
"""Characters of one cell: spreadsheets hold 32,767."""

MOST_TOLD = 50
"""How many wrong rows are told one by one."""

_WIDTHS = {"id": 12, "question": 30, "answer with": 24, "input": 60, "output": 80, "score": 10, "comment": 40}
_ON_DEMAND = ("expected", "passages")


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a sheet: rows imported, rows equal to what the rater had said, rows without a score, and what is
    wrong with the rows that were left out."""

    imported: int
    unchanged: int
    empty: int
    problems: tuple[Problem, ...] = ()


def check_sheet_name(path: Path) -> None:
    """Raises DefinitionError for a name that is of no format."""
    if path.suffix.lower() not in FORMATS:
        raise DefinitionError([Problem(message=f"the name ends with {path.suffix!r}; {ALLOWED}", file=str(path))])


def write_sheet(scoring: ManualScoring, path: Path, out: BinaryIO) -> int:
    """Write the rater's open questions to a binary file in the format of `path`; how many there are.

    Raises MissingExtra where XLSX cannot be written.
    """
    questions = [one for one in scoring.questions() if one.is_open]
    rows = (_row(item) for item in scoring.items(questions))
    (_write_xlsx if path.suffix.lower() == ".xlsx" else _write_csv)(rows, out)
    return len(questions)


def read_sheet(scoring: ManualScoring, path: Path, *, partial: bool) -> Imported:
    """Store the scores of a filled-in sheet for the scoring's rater.

    Raises DefinitionError with every row that is wrong, and stores nothing then; where `partial`, the others are
    stored and the wrong ones told in the result. A row without a score is passed over.
    """
    check_sheet_name(path)
    reading = _Reading(str(path), {one.id: one for one in scoring.all_questions()})
    for number, cells in _numbered(path):
        reading.take(number, cells)
    if reading.problems and not partial:
        raise DefinitionError(_told(reading.problems))
    imported = scoring.submit(reading.answers)
    return Imported(imported, reading.unchanged, reading.empty, tuple(_told(reading.problems)))


def _told(problems: Sequence[Problem]) -> list[Problem]:
    more = len(problems) - MOST_TOLD
    rest = [Problem(message=f"{more} further rows are wrong")] if more > 0 else []
    return [*problems[:MOST_TOLD], *rest]


@dataclass(slots=True)
class _Reading:
    """Rows become answers; what is wrong is collected with the row's number, which counts the header as 1."""

    file: str
    known: Mapping[str, Question]
    answers: list[Answer] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unchanged: int = 0
    empty: int = 0
    _rows: dict[str, int] = field(default_factory=dict)

    def take(self, number: int, cells: Mapping[str, str]) -> None:
        """One row: an answer, a problem, or nothing."""
        try:
            self._take(number, cells)
        except ValueError as error:
            self.problems.append(Problem(message=f"row {number}: {error}", file=self.file))

    def _take(self, number: int, cells: Mapping[str, str]) -> None:
        row, score, comment = (cells.get(name, "").strip() for name in ("id", "score", "comment"))
        question = self._known(row, number)
        if not score:
            if comment:
                raise ValueError("it has a comment and no score; write the score too, or remove the comment")
            self.empty += 1
            return
        if len(comment) > LONGEST_COMMENT:
            raise ValueError(f"its comment has {len(comment)} characters; {LONGEST_COMMENT} are allowed")
        value = scale_of(question.definition).read(score)
        before = question.answer
        if before is not None and (before.value, before.comment) == (value, comment):
            self.unchanged += 1
        else:
            self.answers.append(Answer(row, value, comment))

    def _known(self, row: str, number: int) -> Question:
        if not row:
            raise ValueError("its id is empty; every row keeps the id that the sheet was exported with")
        if row not in self.known:
            raise ValueError(f"the id {row[:40]!r} is none of this run's; import a sheet that was exported of this run")
        first = self._rows.setdefault(row, number)
        if first != number:
            raise ValueError(f"the id {row!r} stands in row {first} already; keep one of the two")
        return self.known[row]


def _row(item: ManualItem) -> list[str]:
    cells = {
        "id": item.id,
        "question": item.question,
        "answer with": item.scale.hint,
        "input": _values(item.inputs),
        "output": as_text(item.output),
        "expected": _values(item.expected),
        "passages": "\n\n".join(f"{source_of(one.model_dump())}\n{one.text}" for one in item.passages),
    }
    return [inert(visible(cells.get(name, "")), limit=LONGEST_CELL) for name in COLUMNS]


def _values(values: Mapping[str, Json]) -> str:
    """One value as it is, several with their names."""
    if len(values) == 1:
        return as_text(next(iter(values.values())))
    return "\n\n".join(f"{name}:\n{as_text(value)}" for name, value in values.items())


def _write_csv(rows: Iterable[list[str]], out: BinaryIO) -> None:
    # The mark at the beginning is what spreadsheets know UTF-8 by.
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    try:
        sheet = csv.writer(text, lineterminator="\r\n")
        sheet.writerow(COLUMNS)
        sheet.writerows(rows)
    finally:
        text.detach()


def _write_xlsx(rows: Iterable[list[str]], out: BinaryIO) -> None:
    openpyxl = _openpyxl()
    from openpyxl.styles import Alignment, Font

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "scores"
    sheet.append(list(COLUMNS))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for row in rows:
        sheet.append(row)
        for cell in sheet[sheet.max_row]:
            cell.data_type, cell.alignment = "s", Alignment(wrap_text=True, vertical="top")
    for place, name in enumerate(COLUMNS):
        column = sheet.column_dimensions["ABCDEFGHI"[place]]
        column.width = _WIDTHS.get(name, 60)
        if name in _ON_DEMAND:
            column.outlineLevel, column.hidden = 1, True
    sheet.freeze_panes = "A2"
    book.save(out)


def _numbered(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows that are not blank, by column name, with their numbers. Raises DefinitionError for no readable sheet."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError(f"it has more than {LARGEST_FILE // 1_000_000} MB")
        rows = (_read_xlsx if path.suffix.lower() == ".xlsx" else _read_csv)(path)
        numbered = ((number, row) for number, row in enumerate(rows, 1) if any(cell.strip() for cell in row))
        _, header = next(numbered, (1, []))
        names = _names(header)
        yield from ((number, dict(zip(names, row, strict=False))) for number, row in numbered)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except (ValueError, csv.Error) as error:
        raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, why: str) -> DefinitionError:
    return DefinitionError([Problem(message=f"the sheet cannot be read: {why}", file=str(path))])


def _names(header: Sequence[str]) -> list[str]:
    names = [name.strip().casefold() for name in header]
    for name in ("id", "score"):
        if names.count(name) != 1:
            found = "no column" if name not in names else "more than one column"
            raise ValueError(f"its first row has {found} {name!r}; keep the columns that it was exported with")
    return names


def _read_csv(path: Path) -> Iterator[list[str]]:
    """Rows of CSV in UTF-8. Spreadsheets of some countries separate by semicolons: the header tells."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError("it is no UTF-8; save it as `CSV UTF-8`") from error
    header = text.partition("\n")[0]
    separator = max(",;\t", key=header.count)
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST_FILE))
    yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator)


def _read_xlsx(path: Path) -> Iterator[list[str]]:
    """The first sheet's values: a formula is what it came to when it was saved, and never computed here."""
    openpyxl = _openpyxl()
    try:
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked <= 4 * LARGEST_FILE:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            rows = list(book.worksheets[0].iter_rows(values_only=True, max_col=2 * len(COLUMNS)))
            book.close()
    except OSError:
        raise
    except Exception as error:  # what a broken file makes its reader raise is not listed anywhere
        raise ValueError("it is no XLSX file, or a damaged one; save it again") from error
    if unpacked > 4 * LARGEST_FILE:
        raise ValueError(f"unpacked it has more than {4 * LARGEST_FILE // 1_000_000} MB")
    yield from (["" if cell is None else str(cell) for cell in row] for row in rows)


def _openpyxl() -> Any:
    try:
        import openpyxl
    except ImportError as error:
        raise MissingExtra("an XLSX sheet", extra="sheets") from error
    return openpyxl
