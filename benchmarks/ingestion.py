"""How many interactions and ratings come in a second, over HTTP and from files, beside plain writing of the same rows.

    python benchmarks/ingestion.py [--rows N]                        # SQLite in a temporary folder
    python benchmarks/ingestion.py --store postgresql+psycopg://…    # an empty database; its tables are emptied

Each row is an interaction with its rating: two entries. The floor is what the database takes without PEEL: the rows
that an import stored, read back and written into the emptied tables, with all their indexes, in one transaction, by
COPY (PostgreSQL) or executemany (SQLite). All else is measured in the same run: `Workspace.import_ratings` of a CSV and
a JSON Lines file, which is what `peel ratings import` calls; and HTTP against a `peel serve` process of its own with an
ingest token: single entries by one client and by several at once, each on a connection that stays open, and batches of
JSON Lines. A client waits for the 202 before it sends the next. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import Connection, create_engine, select, text

from peel.store import schema
from peel.store.bulk import insert
from peel.workspace import Workspace

TABLES = (schema.interactions, schema.interaction_facts, schema.ratings)
LINES = 1_000
"""How many lines a batch has."""

START = 1_767_225_600.0
_ASKED = "How do I reset my router when I move to a different apartment? It is the {} in the hall, since {} days."
_SAID = (
    "Hold the reset button for 3 seconds until the power light blinks, then plug the router in at the new flat. " * 3
)


@dataclass(frozen=True)
class Measured:
    """How many entries went in, in how many seconds."""

    what: str
    entries: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.entries / self.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the files and the floor")
    parser.add_argument("--singles", type=int, default=2_000, help="single requests of each number of clients")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16, 64], help="how many clients send at once")
    parser.add_argument("--store", default=None, help="an empty database; SQLite in a temporary folder where left out")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="peel-ingestion-") as folder:
        bench = Bench(Path(folder), given.store or f"sqlite:///{folder}/peel.db")
        floor, others = bench.measure(list(rows(given.rows)), singles=given.singles, clients=given.clients)
    print(f"| {given.rows:,} rows | entries a second | of the floor |\n|---|--:|--:|")
    for one in (floor, *others):
        print(f"| {one.what} | {one.rate:,.0f} | {100 * one.rate / floor.rate:.1f} % |")
    cores, load = os.cpu_count(), os.getloadavg()[0]
    print(f"\n{bench.database}; {cores} cores, Python {platform.python_version()}, load at the end: {load:.1f}.")


def rows(count: int) -> Iterator[dict[str, Any]]:
    """Interactions with their ratings, as an application might export them; the same ones each time."""
    chance = random.Random(1)
    for number in range(count):
        yield {
            "id": f"c-{number:09d}",
            "at": START + 20.0 * number,
            "input": _ASKED.format(chance.choice(["AR83", "AR93", "AR94", "BD77"]), number % 30),
            "output": _SAID,
            "scenario": f"support-{number % 7}",
            "app_version": f"1.{number % 5}",
            "channel": chance.choice(["web", "email", "phone"]),
            "language": chance.choice(["en", "de"]),
            "user": f"u-{number % 5_000}",
            "stars": chance.randint(1, 5),
            "comment": "It took three steps." if number % 3 == 0 else "",
        }


class Bench:
    """Measures on one database."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self._url = folder, url
        self._root = folder / "workspace"
        (self._root / "scenarios").mkdir(parents=True)
        limit = "feedback: {rate_limit: 1000000000}\n"
        (self._root / "peel.yaml").write_text(limit, encoding="utf-8")
        with Workspace(self._root, store=url) as workspace:
            accounts = workspace.store.accounts()
            if "bench" not in {user.name for user in accounts.users()}:
                accounts.add("bench", "editor", password_hash="none that fits")  # noqa: S106  # nobody logs in by it
            self._token, _ = accounts.add_token("bench", "ingest")
        self._engine = create_engine(url)
        self.database = self._engine.dialect.name

    def measure(
        self, given: Sequence[dict[str, Any]], *, singles: int, clients: Sequence[int]
    ) -> tuple[Measured, list[Measured]]:
        """The floor, and everything else."""
        found = [self._import(given, ".csv"), self._import(given, ".jsonl")]
        floor = self._floor()
        with self._served() as url:
            found += [self._over_http(url, given[:singles], at_once=count) for count in clients]
            found += [self._over_http(url, given, at_once=count, lines=LINES) for count in (1, 4)]
        return floor, found

    def _import(self, given: Sequence[dict[str, Any]], ending: str) -> Measured:
        path = self._folder / f"ratings{ending}"
        _write(path, given)
        self._empty()
        with Workspace(self._root, store=self._url) as workspace:
            began = time.perf_counter()
            done = workspace.import_ratings(path)
            took = time.perf_counter() - began
        assert done.added.new_interactions == done.added.new_ratings == len(given)  # noqa: S101  # a benchmark that lies
        return Measured(f"`peel ratings import`, {path.suffix}", 2 * len(given), took)

    def _floor(self) -> Measured:
        """The rows that are stored, written again into the emptied tables."""
        with self._engine.connect() as connection:
            stored = {table: [tuple(row) for row in connection.execute(select(table))] for table in TABLES}
        self._empty()
        with self._engine.connect() as connection, connection.begin():
            began = time.perf_counter()
            for table, some in stored.items():
                insert(connection, table, some)
            connection.commit()
            took = time.perf_counter() - began
        how = "COPY" if self.database == "postgresql" else "executemany"
        return Measured(f"floor: {how} of the same rows", 2 * len(stored[schema.interactions]), took)

    def _over_http(
        self, url: str, given: Sequence[dict[str, Any]], *, at_once: int, lines: int | None = None
    ) -> Measured:
        self._empty()
        bodies = list(_bodies(given, lines))
        took = asyncio.run(_sent(url, self._token, bodies, at_once=at_once, is_batch=lines is not None))
        what = f"batches of {lines:,} lines" if lines else "single entries"
        return Measured(f"HTTP, {what}, {at_once} at once", 2 * len(given), took)

    def _empty(self) -> None:
        with self._engine.begin() as connection:
            _clear(connection)

    @contextmanager
    def _served(self) -> Iterator[str]:
        command = [sys.executable, "-m", "peel.cli", "serve", "--port", "0", "--store", self._url]
        with subprocess.Popen(command, cwd=self._root, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None  # noqa: S101  # it was asked for
            found = re.search(r"at (http://\S+)/", process.stdout.readline())
            assert found is not None, "the server did not start"  # noqa: S101  # nothing could be measured
            yield found[1]
            process.terminate()


def _clear(connection: Connection) -> None:
    tables = reversed([table for table in schema.metadata.sorted_tables if table.name not in _KEPT])
    for table in tables:
        connection.execute(text(f"DELETE FROM {table.name}"))  # noqa: S608  # names of the schema
    if connection.dialect.name == "postgresql":
        names = ", ".join(table.name for table in TABLES)
        connection.execute(text(f"TRUNCATE {names} CASCADE"))


_KEPT = frozenset({"users", "tokens", "sessions", "server", "audit"})


def _write(path: Path, given: Sequence[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            writer = csv.DictWriter(file, list(given[0]))
            writer.writeheader()
            writer.writerows(given)
        else:
            file.writelines(json.dumps(row) + "\n" for row in given)


def _bodies(given: Sequence[dict[str, Any]], lines: int | None) -> Iterator[tuple[str, bytes]]:
    """Where each body goes, and what it holds."""
    for start in range(0, len(given), lines or 1):
        some = given[start : start + (lines or 1)]
        interactions = [{name: row[name] for name in row if name not in ("stars", "comment")} for row in some]
        ratings = [{"interaction": row["id"], "stars": row["stars"], "comment": row["comment"]} for row in some]
        for what, sent in (("interactions", interactions), ("ratings", ratings)):
            yield f"/api/{what}", "\n".join(map(json.dumps, sent)).encode()


async def _sent(url: str, token: str, bodies: list[tuple[str, bytes]], *, at_once: int, is_batch: bool) -> float:
    """How long it takes until all bodies are acknowledged, in seconds."""
    kind = "application/x-ndjson" if is_batch else "application/json"
    headers = {"authorization": f"Bearer {token}", "content-type": kind}
    left = iter(bodies)

    async def client(session: aiohttp.ClientSession) -> None:
        for path, body in left:
            async with session.post(url + path, data=body) as answer:
                assert answer.status == 202, await answer.text()  # noqa: S101  # else nothing is measured
                await answer.read()

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        began = time.perf_counter()
        await asyncio.gather(*(client(session) for _ in range(at_once)))
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
