"""Opening the store: the engine, SQLite's settings, the version of its tables, and errors told as sentences."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from peel.errors import MissingExtra, StoreError
from peel.store import schema

LOCK_TIMEOUT_S = 30.0
"""How long to wait for another process that holds the store's lock, in seconds."""

ALLOWED = "write sqlite:///PATH or postgresql+psycopg://USER@HOST/DATABASE"

_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
"""What a URL may begin with, and the driver that it stands for."""

_ADVISORY_LOCK = 0x7065656C
"""PostgreSQL's lock that one process holds while it makes or changes the tables: `peel` in ASCII."""

_SENTENCES = {
    "locked": "is locked by another process; wait for it to end, or give each its own store",
    "lock timeout": "is locked by another process; wait for it to end, or give each its own store",
    "disk is full": "cannot be written: the disk is full; what was stored stays readable, and the run can be resumed "
    "when there is room",
    "No space left": "cannot be written: the disk is full; what was stored stays readable, and the run can be resumed "
    "when there is room",
    "disk I/O error": "cannot be written or read: the disk reports an error; see that it has room and is in order",
    "readonly": "cannot be written: the file or its folder is read-only",
    "not a database": "is not a SQLite database; name another file, or move this one away",
    "unable to open": "cannot be opened; check that it is a file in a folder that exists and may be written",
    "malformed": "is damaged; move it away, or restore a copy",
    "UNIQUE constraint": "holds this result already; is another process completing the same run?",
    "unique constraint": "holds this result already; is another process completing the same run?",
}
"""What to say, by a part of the driver's message."""


def open_engine(url: str, *, root: Path, lock_timeout_s: float = LOCK_TIMEOUT_S) -> Engine:
    """An engine for `url`, its tables made or brought up to date. A relative SQLite path counts from `root`.

    Raises StoreError where the store cannot be opened, MissingExtra where the driver is not installed.
    """
    resolved = _resolve(url, root)
    engine = _engine(resolved, lock_timeout_s)
    try:
        with told(resolved):
            _bring_up_to_date(engine, resolved)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _resolve(url: str, root: Path) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError(f"the store {_without_password(url)!r} is not a database URL; {ALLOWED}") from error
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise StoreError(f"the store {_shown(parsed)} is of a kind PEEL does not know, {parsed.drivername}; {ALLOWED}")
    return _file_of(parsed, root) if driver == "sqlite" else parsed.set(drivername=driver)


def _without_password(url: str) -> str:
    return re.sub(r"[^/@]*@", "***@", url)


def _file_of(url: URL, root: Path) -> URL:
    if not url.database or url.database == ":memory:":
        raise StoreError("a store in memory would be lost when the command ends; write sqlite:///PATH")
    path = (root / url.database).resolve()
    _make_folder(path.parent)
    return url.set(database=str(path))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if folder.name == ".peel" and not (folder / ".gitignore").exists():
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"the folder {folder} for the store cannot be made: {error.strerror}") from error


def _engine(url: URL, lock_timeout_s: float) -> Engine:
    if url.drivername == "sqlite":
        engine = create_engine(url, connect_args={"timeout": lock_timeout_s, "check_same_thread": False})
        event.listen(engine, "connect", _set_up_sqlite)
        return engine
    try:
        settings = {"options": f"-c lock_timeout={round(lock_timeout_s * 1000)}"}
        return create_engine(url, pool_pre_ping=True, connect_args=settings)
    except (NoSuchModuleError, ImportError) as error:
        raise MissingExtra(f"the store {_shown(url)}", extra="postgres") from error


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # A killed process loses nothing in WAL with NORMAL; only a power cut may lose the last commits, never the file.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _bring_up_to_date(engine: Engine, url: URL) -> None:
    with engine.connect() as connection:
        if _version(connection) == schema.VERSION:
            return
    with _alone(engine) as connection:
        # Another process may have been faster while this one waited.
        version = _version(connection)
        if version == schema.VERSION:
            return
        if version is not None:
            from peel.store.migrating import upgrade

            upgrade(connection, version=version, shown=_shown(url))
        elif inspect(connection).has_table(schema.runs.name):
            raise StoreError(f"the store {_shown(url)} has a table 'runs' that PEEL did not make; name another store")
        else:
            _create(connection)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A transaction that no other process makes or changes the tables beside; all of it happens, or nothing."""
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        yield connection


def _create(connection: Connection) -> None:
    """A new store: its tables at once, marked with the version that the migrations would have reached."""
    schema.metadata.create_all(connection)
    connection.execute(
        text(
            "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL, "
            "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
    )
    connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": schema.VERSION})


@contextmanager
def told(url: URL) -> Iterator[None]:
    """Turn what the database raises into a StoreError of one sentence."""
    try:
        yield
    except DBAPIError as error:
        raise StoreError(f"the store {_shown(url)} {_told(str(error.orig))}") from error
    except SQLAlchemyError as error:
        raise StoreError(f"the store {_shown(url)} {_told(str(error))}") from error


def _shown(url: URL) -> str:
    """The store as messages name it: a file by its path, a server without the password."""
    return str(url.database) if url.drivername == "sqlite" else url.render_as_string(hide_password=True)


def _told(message: str) -> str:
    """What to say of a driver's message."""
    for sign, sentence in _SENTENCES.items():
        if sign in message:
            return sentence
    first = next(iter(message.strip().splitlines()), "the database gave no reason")
    return f"cannot be used: {first}"
