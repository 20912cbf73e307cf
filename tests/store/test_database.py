"""Opening a store: what a URL may be, what a file may be, and how its tables come about."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from peel.errors import StoreError
from peel.store import schema
from peel.store.database import open_engine
from peel.store.migrating import upgrade
from peel.store.store import Store


def test_a_new_store_makes_its_folder_and_keeps_it_out_of_git(open_store: Any, tmp_path: Path) -> None:
    """A relative path counts from the workspace, not from where the command was typed."""
    open_store("sqlite:///.peel/peel.db")
    assert (tmp_path / ".peel/peel.db").is_file()
    assert (tmp_path / ".peel/.gitignore").read_text() == "*\n"


def test_an_absolute_path_is_taken_as_it_is(open_store: Any, tmp_path: Path) -> None:
    """And a folder that PEEL did not name gets no .gitignore."""
    open_store(f"sqlite:///{tmp_path}/elsewhere/runs.db")
    assert [file.name for file in (tmp_path / "elsewhere").iterdir() if not file.name.endswith(("-wal", "-shm"))] == [
        "runs.db"
    ]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("peel.db", "the store 'peel.db' is not a database URL; write sqlite:///PATH or postgresql"),
        ("", "is not a database URL"),
        ("mysql://host/runs", "of a kind PEEL does not know, mysql; write sqlite:///PATH"),
        ("sqlite://", "a store in memory would be lost"),
        ("sqlite:///:memory:", "a store in memory would be lost"),
    ],
)
def test_a_url_of_another_kind_is_refused_with_what_is_allowed(open_store: Any, url: str, message: str) -> None:
    """Before anything is made."""
    with pytest.raises(StoreError, match=message):
        open_store(url)


@pytest.mark.parametrize("url", ["mysql://ann:s3cret@host/runs", "ann:s3cret@host/runs", "x//ann:s3cret@host:port/r"])
def test_no_message_shows_a_password(open_store: Any, url: str) -> None:
    """Secrets are never printed, not even those in a URL that is wrong."""
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert "s3cret" not in str(caught.value)


def test_a_server_that_does_not_answer_is_a_sentence_without_the_password(open_store: Any) -> None:
    """The driver's own words say why; the URL is shown with the password hidden."""
    pytest.importorskip("psycopg", reason="needs the extra `postgres`")
    with pytest.raises(StoreError, match=r"the store postgresql\+psycopg://ann:.*cannot be used: ") as caught:
        open_store("postgresql://ann:s3cret@127.0.0.1:1/runs")
    assert "s3cret" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(open_store: Any, tmp_path: Path) -> None:
    """A spreadsheet named by mistake stays a spreadsheet."""
    file = tmp_path / "cases.csv"
    file.write_text("id,email\n" + "1,How do I reset my router?\n" * 100)
    before = file.read_bytes()
    with pytest.raises(StoreError, match=r"cases\.csv is not a SQLite database; name another file"):
        open_store("sqlite:///cases.csv")
    assert file.read_bytes() == before


def test_a_folder_in_place_of_the_file_is_refused(open_store: Any, tmp_path: Path) -> None:
    """With a sentence, not the driver's words alone."""
    (tmp_path / "runs.db").mkdir()
    with pytest.raises(StoreError, match="cannot be opened; check that it is a file"):
        open_store("sqlite:///runs.db")


def test_a_file_in_place_of_the_folder_is_refused(open_store: Any, tmp_path: Path) -> None:
    """The message names the folder that cannot be made."""
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match=r"the folder .*data for the store cannot be made"):
        open_store("sqlite:///data/runs.db")


def test_a_damaged_store_is_a_sentence(open_store: Any, make: Any, tmp_path: Path) -> None:
    """A file whose pages were overwritten gives an error that names it."""
    store = open_store("sqlite:///runs.db")
    store.create(make.run())
    store.close()
    file = tmp_path / "runs.db"
    content = file.read_bytes()
    file.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    with pytest.raises(StoreError, match=r"runs\.db is damaged; move it away, or restore a copy"):
        open_store("sqlite:///runs.db").run("last")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that a user without rights can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="peel-store-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_read_only_store_is_a_sentence_for_who_writes(open_folder: Path, make: Any) -> None:
    """Told by a process without rights to the file and its folder, as a mounted artefact is."""
    store = Store("sqlite:///runs.db", root=open_folder)
    store.create(make.run())
    store.close()
    (open_folder / "runs.db").chmod(0o444)
    open_folder.chmod(0o555)
    # Permissions do not bind root: there the process gives its rights up, once all its code is loaded.
    program = (
        "import os, sys, tempfile; from pathlib import Path; from peel.errors import StoreError\n"
        "from peel.store.store import Store\n"
        "with tempfile.TemporaryDirectory() as other: Store('sqlite:///other.db', root=Path(other)).close()\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: Store('sqlite:///runs.db', root=Path(sys.argv[1])).set_status('last', 'finished')\n"
        "except StoreError as error: sys.stdout.write(str(error))"
    )
    command = [sys.executable, "-c", program, str(open_folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "runs.db cannot be " in told.stdout, told.stderr
    assert "read-only" in told.stdout or "may be written" in told.stdout


def test_a_store_of_a_newer_peel_is_refused_and_left_as_it_is(
    store_url: str, open_store: Any, make: Any, tmp_path: Path
) -> None:
    """The message names both versions and what to do."""
    store = open_store(store_url)
    store.create(make.run())
    store.close()
    engine = open_engine(store_url, root=tmp_path)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="tables of version '9999', and this PEEL knows versions up to '0005'"):
        open_store(store_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM runs")).scalar() == 1
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
    engine.dispose()


def test_tables_of_another_program_are_refused_and_left_as_they_are(open_store: Any, tmp_path: Path) -> None:
    """A database that has a table `runs` of its own is not PEEL's to change."""
    with sqlite3.connect(tmp_path / "theirs.db") as theirs:
        theirs.execute("CREATE TABLE runs (marathon TEXT)")
    with pytest.raises(StoreError, match="has a table 'runs' that PEEL did not make; name another store"):
        open_store("sqlite:///theirs.db")
    with sqlite3.connect(tmp_path / "theirs.db") as theirs:
        assert [name for (name,) in theirs.execute("SELECT name FROM sqlite_master")] == ["runs"]


def test_migrations_make_exactly_the_tables_that_a_new_store_has(store_url: str, tmp_path: Path) -> None:
    """Columns, types, keys and indexes are the same, whichever way a store came about."""
    new = open_engine(store_url, root=tmp_path)
    created = _described(new)
    with new.begin() as connection:
        schema.metadata.drop_all(connection)
        connection.execute(text("DELETE FROM alembic_version"))
    with new.begin() as connection:
        upgrade(connection, version=None, shown="the store")
    assert _described(new) == created
    new.dispose()


def test_a_store_from_before_accounts_keeps_its_runs_and_gets_the_new_tables(
    store_url: str, open_store: Any, make: Any, tmp_path: Path
) -> None:
    """The third migration, on a store with a run: the same tables as a new store has, and the run."""
    run = make.run()
    store = open_store(store_url)
    store.create(run)
    asyncio.run(make.stored(store, run, range(3)))
    engine = open_engine(store_url, root=tmp_path)
    now = _described(engine)
    with engine.begin() as connection:
        first = {"runs", "executions", "steps", "scores"}
        for table in reversed(schema.metadata.sorted_tables):
            if table.name not in first:
                table.drop(connection)
        connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
    store.close()
    again = open_store(store_url)
    assert _described(engine) == now
    assert again.run("last").run == run
    assert len(again.run("last").finished_numbers()) == 3
    assert again.accounts().add("ann", "admin", password_hash="kept").name == "ann"
    engine.dispose()


def _index(index: Any) -> dict[str, Any]:
    """An index with its condition, if it has one, as text."""
    conditions = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return {**index, "dialect_options": conditions}


def _described(engine: Engine) -> dict[str, Any]:
    """Everything the database says of its tables, and the version they are marked with."""
    seen = inspect(engine)
    described: dict[str, Any] = {
        table: (
            [{**column, "type": str(column["type"])} for column in seen.get_columns(table)],
            seen.get_pk_constraint(table),
            sorted(seen.get_foreign_keys(table), key=str),
            sorted(map(_index, seen.get_indexes(table)), key=str),
            sorted(seen.get_unique_constraints(table), key=str),
            str(seen.get_table_options(table)),
        )
        for table in sorted(seen.get_table_names())
    }
    with engine.connect() as connection:
        described["version"] = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return described


def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Migrations run in one transaction: a store is of one version or the other, never between them."""
    engine = create_engine(f"sqlite:///{tmp_path}/half.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE scores (theirs TEXT)"))
    with pytest.raises(Exception, match="already exists"), engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        upgrade(connection, version=None, shown="the store")
    assert inspect(engine).get_table_names() == ["scores"]
    engine.dispose()


def test_many_processes_may_open_a_new_store_at_once(store_url: str, tmp_path: Path) -> None:
    """One makes the tables, the others wait for it and use them."""
    program = (
        "import sys; from pathlib import Path; from peel.store.store import Store\n"
        "Store(sys.argv[1], root=Path(sys.argv[2])).runs()"
    )
    command = [sys.executable, "-c", program, store_url, str(tmp_path)]

    def opening(_: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(opening, range(3)))
    assert [(outcome.returncode, outcome.stderr) for outcome in outcomes] == [(0, "")] * 3
