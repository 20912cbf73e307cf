"""Many rows at once, as fast as each database takes them: COPY and arrays in PostgreSQL, one prepared statement in
SQLite. And the lock that writers of feedback take in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, Table, any_, bindparam, func, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from peel.store.database import told

Row: TypeAlias = tuple[Any, ...]

_LOCK = 0x70666264
"""PostgreSQL's lock that one writer of feedback holds: `pfbd` in ASCII."""

LOG_WAIT_S = 1.0
"""How long to wait for whoever keeps SQLite's log from being emptied, in seconds. Others cannot write meanwhile."""


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that no other one writes feedback beside. It is on the disk when this ends; raises StoreError.

    In turn, because a rating and its interaction may arrive at once: each must see the other.
    """
    with told(engine.url), engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            # Whoever is told that it is stored does not send it again: it must survive a power cut, too.
            _set(connection, "synchronous", "FULL")
            _set(connection, "secure_delete", "ON")
        try:
            with connection.begin():
                if sqlite:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                else:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                yield connection
        finally:
            if sqlite:
                _set(connection, "synchronous", "NORMAL")


def emptied_log(engine: Engine) -> bool:
    """Empty the log beside a SQLite store: what was deleted stands in it as long as any process has the store open.

    False where somebody reads or writes the store for all of `LOG_WAIT_S`. Raises StoreError.
    """
    if engine.dialect.name != "sqlite":
        return True
    with told(engine.url), engine.connect() as connection:
        cursor = connection.connection.cursor()
        (waits,) = cursor.execute("PRAGMA busy_timeout").fetchone()
        cursor.execute(f"PRAGMA busy_timeout={round(LOG_WAIT_S * 1000)}")
        try:
            # SQLite itself tries again until the time is over.
            is_busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            cursor.execute(f"PRAGMA busy_timeout={waits}")
            cursor.close()
    return not is_busy


def _set(connection: Connection, name: str, value: str) -> None:
    """Set a pragma outside of transactions, where SQLite takes it."""
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA {name}={value}")
    cursor.close()


def next_keys(connection: Connection, table: Table, count: int) -> list[int]:
    """So many keys that no row of the table ever had, ascending. Only inside `writing`."""
    if connection.dialect.name == "sqlite":
        last = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        first = (connection.scalar(last, {"name": table.name}) or 0) + 1
        return list(range(first, first + count))
    if not count:
        return []
    # Nobody else takes any meanwhile: the first is asked for, and the others are passed by.
    passed = text(
        "SELECT setval(named, nextval(named) + :count - 1) FROM pg_get_serial_sequence(:name, 'key') AS named"
    )
    until: int = connection.execute(passed, {"name": table.name, "count": count}).scalar_one() + 1
    return list(range(until - count, until))


def insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that hold every column in the table's order."""
    if not rows:
        return
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(table.columns))
        statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608  # names of the schema
        connection.exec_driver_sql(statement, list(rows))
        return
    cursor: Any = connection.connection.cursor()
    try:
        with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    except cursor.connection.Error as error:
        raise DBAPIError("COPY", None, error) from error
    finally:
        cursor.close()


def among(connection: Connection, column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Whether a column has one of any number of values, as one parameter."""
    if connection.dialect.name == "sqlite":
        listed = func.json_each(orjson.dumps(list(values)).decode()).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(bindparam(None, list(values), type_=postgresql.ARRAY(column.type)))


def update(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]) -> None:
    """Set columns of rows; the first of `names` is the key that a row is found by."""
    if not rows:
        return
    key, *changed = names
    if connection.dialect.name == "sqlite":
        sets = ", ".join(f'"{name}" = ?' for name in changed)
        statement = f'UPDATE "{table.name}" SET {sets} WHERE "{key}" = ?'  # noqa: S608  # names of the schema
        connection.exec_driver_sql(statement, [(*row[1:], row[0]) for row in rows])
        return
    types = [table.c[name].type.compile(connection.dialect) for name in names]
    arrays = ", ".join(f"%s::{kind}[]" for kind in types)
    sets = ", ".join(f'"{name}" = given."{name}"' for name in changed)
    listed = ", ".join(f'"{name}"' for name in names)
    statement = (
        f'UPDATE "{table.name}" SET {sets} FROM unnest({arrays}) AS given ({listed}) '  # noqa: S608  # names of the schema
        f'WHERE "{table.name}"."{key}" = given."{key}"'
    )
    columns = tuple([row[place] for row in rows] for place in range(len(names)))
    connection.exec_driver_sql(statement, columns)
