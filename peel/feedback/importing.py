"""A file of interactions and ratings into the store: batch by batch, so that memory is bounded and an import that was
killed goes on when it is called again. Rows that are wrong go to a file next to it, with the reason. While one batch is
stored the next is read."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import orjson

from peel.errors import FeedbackError
from peel.feedback.entries import interaction_of, rating_of
from peel.feedback.intake import Feedback
from peel.feedback.reading import Columns, RawRow, read_rows
from peel.records.feedback import RATING_KINDS, Added, Imported, Interaction, Rating

ROWS_AT_ONCE = 5000
"""How many rows are stored at once."""

BYTES_AT_ONCE = 8_000_000
"""How much text is held before it is stored, in characters, about."""

REJECTED = ".rejected.jsonl"
"""What the name of the file with wrong rows ends with."""

_OF_RATING = frozenset({*RATING_KINDS, "comment", "rating_id", "rated_at"})
_NOT_OF_INTERACTION = _OF_RATING | {"interaction"}
_IN_METADATA = "metadata."
_PLAIN = frozenset({str, int, float, bool, type(None)})


def import_file(feedback: Feedback, path: Path, *, mapping: Mapping[str, str]) -> Imported:
    """Store what a CSV, JSON Lines or Parquet file holds; `mapping` is from columns to fields, and from a column to
    nothing where it is left out. What is stored already changes nothing.

    Raises FeedbackError where the file cannot be read or holds nothing of use, MissingExtra, StoreError.
    """
    columns = Columns(mapping)
    with _Rejected(path.with_name(path.name + REJECTED)) as rejected, ThreadPoolExecutor(1) as thread:
        batch = _Batch(feedback, thread)
        rows = 0
        for row in read_rows(path, columns):
            rows += 1
            try:
                batch.take(row)
            except FeedbackError as error:
                rejected.add(row, str(error))
        batch.finish()
    return Imported(
        rows=rows,
        added=batch.added,
        rejected=rejected.count,
        rejected_file=str(rejected.path) if rejected.count else None,
        left_out=tuple(columns.left_out),
        unseen=tuple(sorted(columns.unseen)),
    )


@dataclass(slots=True)
class _Batch:
    """The rows that are stored next, and those that are being stored by the thread meanwhile."""

    feedback: Feedback
    thread: ThreadPoolExecutor
    added: Added = field(default_factory=Added)
    now: float = field(default_factory=time.time)
    _interactions: list[Interaction] = field(default_factory=list)
    _ratings: list[Rating] = field(default_factory=list)
    _size: int = 0
    _storing: Future[Added] | None = None

    def take(self, row: RawRow) -> None:
        """Take what a row holds: an interaction, a rating, or both or neither. Raises FeedbackError."""
        if row.wrong is not None:
            raise FeedbackError(row.wrong)
        interaction, rating = _entries(row.values, self.now)
        if interaction is not None:
            interaction = self.feedback.redacted(interaction)
            self._interactions.append(interaction)
            self._size += _size(row.written)
        if rating is not None:
            self._ratings.append(rating)
            self._size += len(rating.comment)
        if len(self._interactions) + len(self._ratings) >= ROWS_AT_ONCE or self._size > BYTES_AT_ONCE:
            self._store()

    def finish(self) -> None:
        """Store what is left, and wait until all of it is stored."""
        self._store()
        self._wait()

    def _store(self) -> None:
        self._wait()
        if self._interactions or self._ratings:
            self._storing = self.thread.submit(self.feedback.add_redacted, self._interactions, self._ratings)
        self._interactions, self._ratings, self._size = [], [], 0

    def _wait(self) -> None:
        if self._storing is not None:
            storing, self._storing = self._storing, None
            self.added += storing.result()


def _size(written: Any) -> int:
    """How much text a row holds, about."""
    values = written.values() if isinstance(written, dict) else ()
    return sum(len(value) if isinstance(value, str) else len(str(value)) for value in values)


def _entries(values: dict[str, Any], now: float) -> tuple[Interaction | None, Rating | None]:
    """What a row holds. Raises FeedbackError."""
    if values.get("input") is None and values.get("messages") is None:
        return None, _rating_alone(values, now)
    if "id" in values and "interaction" in values:
        raise FeedbackError("it has both 'id' and 'interaction' beside an input; 'rating_id' is the id of its rating")
    of_rating = {name: value for name, value in values.items() if name in _OF_RATING}
    name = values.get("id", values.get("interaction"))
    of_interaction = {**_without(values, _NOT_OF_INTERACTION), "id": name}
    interaction = interaction_of(_with_metadata(of_interaction), now=now)
    if not of_rating.keys() & set(RATING_KINDS):
        return interaction, None
    at = of_rating.get("rated_at", interaction.at)
    return interaction, rating_of(_rating_fields(of_rating, interaction.id, at), now=now)


def _rating_alone(values: dict[str, Any], now: float) -> Rating:
    """The rating of a row without an input; its `id` is the interaction's where nothing else is."""
    if "interaction" in values:
        named = {"rating_id": values["id"]} if "id" in values else {}
        interaction, values = values["interaction"], {**named, **_without(values, {"id", "interaction"})}
    else:
        interaction = values.get("id")
    if not values.keys() & set(RATING_KINDS):
        raise FeedbackError(f"it has neither an input nor a rating ({', '.join(RATING_KINDS)})")
    at = values.get("rated_at", values.get("at"))
    return rating_of(_rating_fields(values, interaction, at), now=now)


def _rating_fields(values: Mapping[str, Any], interaction: Any, at: Any) -> dict[str, Any]:
    given = {name: values[name] for name in (*RATING_KINDS, "comment") if name in values}
    return {"id": _id(values.get("rating_id")), "interaction": _id(interaction), "at": at, **given}


def _with_metadata(values: dict[str, Any]) -> dict[str, Any]:
    """The fields of an interaction, its columns `metadata.NAME` gathered, and values as JSON has them."""
    fields: dict[str, Any] = {}
    named: dict[str, Any] = {}
    for name, value in values.items():
        if name.startswith(_IN_METADATA):
            named[name.removeprefix(_IN_METADATA)] = _json(value)
        else:
            fields[name] = _json(value)
    if named:
        held = fields.get("metadata", {})
        fields["metadata"] = {**held, **named} if isinstance(held, dict) else held
    if "at" in values:
        fields["at"] = values["at"]
    return {**fields, **{name: _id(fields.get(name)) for name in ("id", "user", "app_version")}}


def _id(value: Any) -> Any:
    """Whole numbers are ids in many tables; any other value is for the check of the field."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _json(value: Any) -> Any:
    """A value of a table as JSON has it."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    return value


def _without(values: Mapping[str, Any], names: frozenset[str] | set[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


class _Rejected:
    """The file with the rows that were left out, each with its line and reason. It is there once all rows were read,
    and only if any was left out; what an earlier import of the same file left goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._part = path.with_name(path.name + ".part")
        self._file: BinaryIO | None = None

    def __enter__(self) -> _Rejected:
        return self

    def add(self, row: RawRow, reason: str) -> None:
        """Write a row with its reason. Raises FeedbackError where the file cannot be written."""
        self.count += 1
        written = {"line": row.line, "reason": reason, "row": _json(row.written)}
        try:
            if self._file is None:
                self._file = self._part.open("wb")
            self._file.write(_line(written))
        except OSError as error:
            raise FeedbackError(
                f"{self.path} cannot be written for the rows that are wrong: {error.strerror or error}"
            ) from error

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()
            if kind is None:
                self._part.replace(self.path)
            else:
                self._part.unlink(missing_ok=True)
        elif kind is None:
            self.path.unlink(missing_ok=True)


def _line(written: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(written, default=repr, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # Broken characters, or lists nested too deep: shown as Python writes them.
        return orjson.dumps({**written, "row": ascii(written["row"])[:100_000]}, option=orjson.OPT_APPEND_NEWLINE)
