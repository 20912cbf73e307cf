"""Real parts that tests of several folders need: a private PostgreSQL server, a browser without a window; and a server
of embeddings whose meaning a test can tell."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store of each kind."""
    if request.param == "sqlite":
        return "sqlite:///.peel/peel.db"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_database()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real browser without a window; the tests that need one are skipped where there is none.

    For one module only: while it is open an event loop runs in the tests' thread, where others could start none.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as started:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        opened = started.chromium.launch(executable_path=found, args=[*flags, "--disable-sync", "--no-first-run"])
        yield opened
        opened.close()


class PostgresServer:
    """A private server in a temporary folder, on a free port of loopback."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._programs = programs
        self._data = folder / "data"
        self._as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self._folder = folder
        self._databases = 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def start(self) -> None:
        """Make the cluster and start it; durable writing is off, for speed."""
        if self._as_postgres:
            shutil.chown(self._folder, "postgres")
        self._call("initdb", "-D", self._data, "-U", "peel", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._call("pg_ctl", "-D", self._data, "-l", self._folder / "log", "-o", options, "-w", "start")

    def stop(self) -> None:
        """Stop it at once."""
        self._call("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        self._databases += 1
        name = f"peel{self._databases}"
        self._call("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", "peel", name)
        return f"postgresql+psycopg://peel@127.0.0.1:{self.port}/{name}"

    def _call(self, program: str, *arguments: object) -> None:
        command = [*self._as_postgres, str(self._programs / program), *map(str, arguments)]
        subprocess.run(
            command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=self._folder, timeout=60
        )


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running server; the test is skipped where there is none to run, or no driver."""
    pytest.importorskip("psycopg", reason="PostgreSQL needs the extra `postgres` (psycopg)")
    found = shutil.which("pg_ctl")
    places = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not places:
        pytest.skip("PostgreSQL's programs (initdb, pg_ctl) are not on this machine")
    if os.geteuid() == 0 and not shutil.which("runuser"):
        pytest.skip("PostgreSQL refuses to run as root, and there is no `runuser`")
    folder = Path(tempfile.mkdtemp(prefix="peel-postgres-"))
    server = PostgresServer(folder, places[-1])
    try:
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class EmbeddingServer:
    """An OpenAI-compatible server of embeddings on loopback: a text's vector counts words, one dimension a word of
    `WORDS`, and any other word in the last. It keeps all texts that it was sent."""

    WORDS = ("router", "reset", "light", "bill", "invoice", "charged")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.url = ""

    def vector(self, text: str) -> list[float]:
        """What a text means here."""
        said = [word.strip("?.,").lower() for word in text.split()]
        counts = [float(said.count(word)) for word in self.WORDS]
        return [*counts, 0.1 + float(sum(word not in self.WORDS for word in said) > 0 and not any(counts))]

    def answer(self, texts: list[str]) -> bytes:
        """The reply to a request."""
        self.texts += texts
        data = [{"index": place, "embedding": self.vector(text)} for place, text in enumerate(texts)]
        return json.dumps({"data": data, "model": "scripted", "usage": {"prompt_tokens": 1}}).encode()


@pytest.fixture
def embeddings() -> Iterator[EmbeddingServer]:
    """A running server of embeddings."""
    scripted = EmbeddingServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            answer = scripted.answer(body["input"])
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Listening(ThreadingHTTPServer):
        daemon_threads = True

    listening = Listening(("127.0.0.1", 0), Handler)
    scripted.url = f"http://127.0.0.1:{listening.server_port}/v1"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield scripted
    listening.shutdown()
    listening.server_close()
