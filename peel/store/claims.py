"""Who carries a run out: one process and one thread of it at a time, told by a lock that goes with who holds it.

A run that stands as `running` may be one whose process was killed. The lock says which: the system takes it away when
its process ends, however it ends. PostgreSQL has locks by number for this; beside a SQLite file it is a file's lock,
which all processes on the file's machine see.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Engine, text

from peel.errors import ResumeError, StoreError
from peel.store.database import told

_TRIES, _PAUSE_S = 10, 0.02
"""Who only looks whether a file is locked holds it for a moment: who wants it tries again."""

_IS_HELD = text(
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
    "WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND datname = current_database() "
    "AND classid::bigint = :high AND objid::bigint = :low"
)


def claiming(engine: Engine, name: str) -> AbstractContextManager[bool]:
    """Hold the claim of a name, where nobody else does: whether it is ours. Raises StoreError."""
    claim = _claimed_by_file if engine.dialect.name == "sqlite" else _claimed_by_number
    return claim(engine, name)


@contextmanager
def claimed(engine: Engine, run_id: str) -> Iterator[None]:
    """Hold the claim to carry a run out. Raises ResumeError where somebody else holds it, StoreError."""
    with ExitStack() as held:
        if not held.enter_context(claiming(engine, run_id)):
            raise ResumeError(
                f"the run {run_id} is being carried out by another process or server; wait for its end, or end it there"
            )
        yield


def is_claimed(engine: Engine, run_id: str) -> bool:
    """Whether somebody carries a run out just now. Raises StoreError."""
    if engine.dialect.name == "sqlite":
        return _is_locked(_file(engine, run_id))
    key = _number(run_id) % 2**64
    with told(engine.url), engine.connect() as connection:
        return bool(connection.scalar(_IS_HELD, {"high": key >> 32, "low": key % 2**32}))


@contextmanager
def _claimed_by_number(engine: Engine, run_id: str) -> Iterator[bool]:
    """PostgreSQL keeps the lock as long as this connection: no transaction is open on it meanwhile."""
    with told(engine.url):
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        is_ours = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _number(run_id)}))
    try:
        yield is_ours
    finally:
        # Not given back to the pool, where it would keep what it holds.
        with suppress(Exception):
            connection.invalidate()
        connection.close()


@contextmanager
def _claimed_by_file(engine: Engine, run_id: str) -> Iterator[bool]:
    path = _file(engine, run_id)
    file = _locked(path)
    try:
        yield file is not None
    finally:
        if file is not None:
            # Removed before it is let go: who opened it meanwhile sees that it is not the file of that name any more.
            with suppress(OSError):
                path.unlink()
            file.close()


def _locked(path: Path) -> BinaryIO | None:
    """The file, locked; None where somebody else has it."""
    for attempt in range(_TRIES):
        time.sleep(_PAUSE_S if attempt else 0.0)
        file = _opened(path)
        if _lock(file, shared=False) and _is_still(file, path):
            return file
        file.close()
    return None


def _is_locked(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return not _lock(file, shared=True)
    except OSError:
        return False


def _file(engine: Engine, run_id: str) -> Path:
    """The file whose lock is the claim: beside the database, with a name that any file system takes."""
    return Path(f"{engine.url.database}-{hashlib.sha256(run_id.encode()).hexdigest()[:24]}.lock")


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("ab")
    except OSError as error:
        raise StoreError(f"the store's lock file {path} cannot be written: {error.strerror or error}") from error


def _lock(file: BinaryIO, *, shared: bool) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows has none; there the store's keys alone keep two processes from storing a result twice
        return True
    try:
        fcntl.flock(file.fileno(), (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_still(file: BinaryIO, path: Path) -> bool:
    """Whether the opened file is still the one of that name, and not one that was removed meanwhile."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def _number(run_id: str) -> int:
    """A run's number among PostgreSQL's locks, which are signed 64-bit integers."""
    digest = hashlib.sha256(f"peel run {run_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
