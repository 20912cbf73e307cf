"""Opening the store: the engine, SQLite's settings, the version of its tables, and errors told as sentences."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from peel.errors import MissingExtra, StoreError
from peel.store import schema

LOCK_TIMEOUT_S = 30.0
"""How long a writer waits for another process that holds SQLite's lock, in seconds."""


def open_engine(url: str, *, root: Path) -> Engine:
    """An engine for `url`, its tables made or brought up to date. A relative SQLite path counts from `root`.

    Raises StoreError where the store cannot be opened, MissingExtra where the driver is not installed.
    """
    resolved = _resolve(url, root)
    with told(resolved):
        engine = _engine(resolved)
        _bring_up_to_date(engine, resolved)
    return engine


def _resolve(url: str, root: Path) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        allowed = "write sqlite:///PATH or postgresql+psycopg://USER@HOST/DATABASE"
        raise StoreError(f"the store {url!r} is not a database URL; {allowed}") from error
    if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
        path = (root / parsed.database).resolve()
        _make_folder(path.parent)
        return parsed.set(database=str(path))
    return parsed


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if folder.name == ".peel" and not (folder / ".gitignore").exists():
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"the folder {folder} for the store cannot be made: {error.strerror}") from error


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": LOCK_TIMEOUT_S, "check_same_thread": False})
        event.listen(engine, "connect", _set_up_sqlite)
        return engine
    try:
        return create_engine(url, pool_pre_ping=True)
    except (NoSuchModuleError, ImportError) as error:
        raise MissingExtra(f"the store {url.render_as_string()}", extra="postgres") from error


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # A killed process loses nothing in WAL with NORMAL; only a power cut may lose the last commits, never the file.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _bring_up_to_date(engine: Engine, url: URL) -> None:
    with engine.connect() as connection:
        version = _version(connection)
    if version == schema.VERSION:
        return
    if version is None and not inspect(engine).has_table("runs"):
        _create(engine)
        return
    from peel.store.migrating import upgrade

    upgrade(engine, shown=url.render_as_string())


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _create(engine: Engine) -> None:
    """A new store: its tables at once, marked with the version that the migrations would have reached."""
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        schema.metadata.create_all(connection)
        connection.execute(text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)"))
        if connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 0:
            connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": schema.VERSION})


@contextmanager
def told(store: object) -> Iterator[None]:
    """Turn what the database raises into a StoreError of one sentence."""
    try:
        yield
    except DBAPIError as error:
        shown = store.render_as_string() if isinstance(store, URL) else store
        raise StoreError(f"the store {shown} {_told(str(error.orig))}") from error


def _told(message: str) -> str:
    """What to say of a driver's message."""
    told_of = {
        "locked": "is locked by another process; wait for it to end, or give each its own store",
        "disk is full": "cannot be written: the disk is full; what was stored stays readable, and the run can be "
        "resumed when there is room",
        "readonly": "cannot be written: the file or its folder is read-only",
        "not a database": "is not a SQLite database; name another file, or move this one away",
        "unable to open": "cannot be opened; check that the folder exists and may be written",
        "malformed": "is damaged; move it away, or restore a copy",
    }
    for sign, sentence in told_of.items():
        if sign in message:
            return sentence
    return f"cannot be used: {message.splitlines()[0]}"
