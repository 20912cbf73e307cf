"""Case tables: what a view holds, what a change says, and how values become the texts of cells and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Literal, TypeAlias

from pydantic import Field

from peel.editing.places import refused
from peel.errors import DefinitionError
from peel.records import Json, Problem, Record
from peel.scenarios.case_json import parse_json
from peel.scenarios.checking import shortened
from peel.scenarios.documents import FORBIDDEN

CaseFormat: TypeAlias = Literal["csv", "yaml", "jsonl", "inline"]
MOST_COLUMNS = 500


class CaseRow(Record):
    """One case: the line it begins on, and a text for each column; None where the case has nothing of that name."""

    line: int
    cells: tuple[str | None, ...]


class CasesView(Record):
    """The cases of a scenario as a table. `path` is the file that holds them, `seen` the hash of what it held.

    `headers` are the columns as a sheet names them (`id`, `tags`, `expected.NAME`, and case inputs by their names);
    `required` those that templates need, also where the table has no such column. `problems` are those of `peel check`.
    `undo` is how many writes can be taken back. `changed` says whether what is shown differs from the file.
    """

    scenario: str
    path: str
    format: CaseFormat
    seen: str
    headers: tuple[str, ...]
    required: tuple[str, ...]
    rows: tuple[CaseRow, ...]
    problems: tuple[Problem, ...]
    undo: int
    changed: bool = False


class ColumnChange(Record):
    """A column after a change: its header, and which column it was, from 0; None for a new one."""

    header: str = Field(max_length=1_000)
    was: int | None = Field(default=None, ge=0)


class RowChange(Record):
    """Cells of one row, counted from 0, that get other texts; columns count as they are after the change."""

    row: int = Field(ge=0)
    cells: dict[int, str]


class NewRow(Record):
    """A new row below row `after`, counted before the change; -1 stands for the top. In a `whole` one an empty cell is
    an empty text, also where a file could leave it out."""

    after: int = Field(ge=-1)
    cells: tuple[str, ...]
    whole: bool = False


class TableChange(Record):
    """What is done to a table. `columns` are all columns after it, None where they stay."""

    columns: tuple[ColumnChange, ...] | None = None
    changed: tuple[RowChange, ...] = ()
    removed: tuple[int, ...] = ()
    added: tuple[NewRow, ...] = ()


class Planned(Record):
    """One row after a change: which row it was, None for a new one, and its cells by column that were given. `whole` is
    that of a new row."""

    was: int | None
    cells: dict[int, str]
    whole: bool = False


def planned(change: TableChange, *, rows: int, columns: int, file: str) -> list[Planned]:
    """The rows after a change, in order; new ones without any text are left out.

    Raises DefinitionError where the change names rows or columns that there are not, or holds what no file can.
    """
    width = columns if change.columns is None else len(change.columns)
    problems = [Problem(message=sentence, file=file) for sentence in _wrong(change, rows, columns, width)]
    if problems:
        raise DefinitionError(problems)
    changed = {one.row: one.cells for one in change.changed}
    removed = frozenset(change.removed)
    after: dict[int, list[Planned]] = {}
    for new in change.added:
        if any(new.cells):
            after.setdefault(new.after, []).append(Planned(was=None, cells=dict(enumerate(new.cells)), whole=new.whole))
    made = after.get(-1, [])
    for row in range(rows):
        if row not in removed:
            made.append(Planned(was=row, cells=changed.get(row, {})))
        made += after.get(row, [])
    return made


def _wrong(change: TableChange, rows: int, columns: int, width: int) -> Iterator[str]:
    named = [one.row for one in change.changed] + list(change.removed) + [one.after for one in change.added]
    if any(row >= rows for row in named):
        yield f"the change names row {max(named) + 1} of {rows}; load the table again"
    texts = [text for one in change.changed for text in one.cells.values()]
    texts += [text for one in change.added for text in one.cells]
    if any(FORBIDDEN.search(text) for text in texts):
        yield "a cell holds a character that no file can keep (U+0000 or half of a pair); remove it"
    if any(not 0 <= place < width for one in change.changed for place in one.cells) or any(
        len(one.cells) > width for one in change.added
    ):
        yield f"the change has more cells in a row than the table has columns ({width}); add columns first"
    if change.columns is not None:
        yield from _wrong_columns(change.columns, columns)


def _wrong_columns(after: tuple[ColumnChange, ...], columns: int) -> Iterator[str]:
    kept = [one.was for one in after if one.was is not None]
    if any(was >= columns for was in kept) or len(set(kept)) < len(kept):
        yield "the change names columns that the table does not have; load the table again"
    if len(after) > MOST_COLUMNS:
        yield f"the table would have {len(after)} columns, more than {MOST_COLUMNS}"
    headers = [one.header.strip() for one in after]
    if any(FORBIDDEN.search(header) or not header for header in headers):
        yield "a column has no name; name it, or remove it"
    twice = [header for place, header in enumerate(headers) if header in headers[:place]]
    if twice:
        yield f"two columns are called {shortened(twice[0])!r}; rename one"


def shown(value: Json) -> str:
    """A value as the text of a cell: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def value_of(text: str, old: Json, *, where: str, file: str) -> Json:
    """The value that a cell's new text stands for: JSON where it begins with `[` or `{`, a number where there was one.

    Raises DefinitionError where it begins like JSON and is none.
    """
    if text[:1] in ("[", "{"):
        try:
            return parse_json(text)
        except ValueError as error:
            hint = f"a cell that begins with {text[0]} is JSON; put a space before it if it is text"
            raise refused(f"{where}: the JSON cannot be read, {error}; {hint}", file) from error
    if isinstance(old, bool | int | float):
        try:
            value = parse_json(text.strip())
        except ValueError:
            return text
        return value if isinstance(value, bool | int | float) else text
    return text
