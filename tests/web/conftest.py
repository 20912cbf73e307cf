"""A workspace on a scripted model, and its server: in process for requests, on a real port for a real browser.

`client` needs no login, as on one's own machine; `client_as(role)` logs a user of that role in. A client's `change`
sends a form as the pages do, with the token of its session. `live` serves the same application on a free port;
`open_page` opens one of its pages in Chromium and keeps what must not happen there in `page.complaints`.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.responses import Response
from starlette.testclient import TestClient

from peel.records import Execution, Run
from peel.web.application import create_app
from peel.web.security.addresses import Address
from peel.web.security.passwords import Passwords
from peel.web.server import Server
from peel.web.serving import settings
from peel.workspace import RunRequest, Workspace

PASSWORD = "nobody guesses this"

PEEL_YAML = """models:
  default: {{base_url: "{url}", model: scripted, price: {{input_per_million: 1.0, output_per_million: 2.0}}}}
  judge: {{base_url: "{url}", model: scripted-judge, price: {{input_per_million: 1.0, output_per_million: 2.0}}}}
"""

ORCHESTRATION = """orchestration: reply
steps:
  - id: question
    use: llm
    prompt: [{user: "Question of {{ email }}"}]
  - id: answer
    use: llm
    prompt: [{user: "Answer {{ question }}"}]
    parameters: {temperature: 0.5}
"""

SCENARIO = """# What the support team answers.
scenario: support
description: A customer asks by email.
orchestration: reply
cases: support.csv
repetitions: 2
evaluators:
  - {id: core-terms, use: regex, all: "{{ expected.terms }}"}
  - {id: would-send, use: manual, ask: Would you send this email as it is?}
gates:
  - {evaluator: core-terms, at_least: 0.3}
"""

CASES = """id,tags,email,expected.terms
moving,demo,I move to a different apartment,"[""reset button"", ""3 seconds""]"
light,,A red light blinks,"[""reset""]"
"""


@dataclass
class ScriptedModel:
    """An OpenAI-compatible server whose replies a test chooses. While `gate` is not set, replies wait for it."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    reply: Callable[[dict[str, Any]], str] = lambda request: "Press the reset button for 3 seconds."
    gate: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    """A running scripted model that answers at once."""
    scripted = ScriptedModel()
    scripted.gate.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            scripted.requests.append(body)
            scripted.gate.wait(30)
            message = {"role": "assistant", "content": scripted.reply(body)}
            usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
            choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
            answer = json.dumps({"id": "1", "model": body["model"], "choices": choices, "usage": usage}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Listening(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that hung up, as a cancelled run does, is nothing to tell."""

    server = Listening(("127.0.0.1", 0), Handler)
    scripted.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield scripted
    scripted.gate.set()
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def root(tmp_path: Path, model: ScriptedModel) -> Path:
    """The workspace's folder: one scenario with two cases, two steps, a regex and a manual evaluator, a gate."""
    folder = tmp_path / "workspace"
    written = {
        "peel.yaml": PEEL_YAML.format(url=model.url),
        "orchestrations/reply.yaml": ORCHESTRATION,
        "scenarios/support.yaml": SCENARIO,
        "scenarios/support.csv": CASES,
    }
    for name, text in written.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def workspace(root: Path) -> Iterator[Workspace]:
    """The workspace, open."""
    with Workspace(root) as opened:
        yield opened


class Quiet:
    """The progress of a run that nobody watches."""

    def preparing(self, what: str) -> None:
        """Nothing to tell."""

    def started(self, run: Run, *, already: int) -> None:
        """Nothing to tell."""

    @property
    def executions(self) -> Quiet:
        return self

    def finished(self, execution: Execution, scores: Any) -> None:
        """Nothing to tell."""


@pytest.fixture
def carry_out(workspace: Workspace) -> Callable[..., Run]:
    """Carries a run of the workspace out to its end; takes what RunRequest takes."""

    def carried(**request: Any) -> Run:
        # In a thread of its own: a browser's test has an event loop running in this one.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: asyncio.run(workspace.run(RunRequest(**request), Quiet()))).result()

    return carried


class Client(TestClient):
    """A browser without a window: it keeps cookies, follows nothing by itself, and sends changes as the pages do."""

    @property
    def csrf(self) -> str:
        """The token that this client's pages carry."""
        found = re.search(r'data-csrf="([^"]+)"', self.get("/there-is-no-such-page").text)
        assert found is not None
        return found[1]

    def change(self, path: str, **fields: Any) -> Any:
        """Post a form of our own pages."""
        return self.post(path, data={"csrf": self.csrf, **fields})

    def log_in(self, name: str, password: str = PASSWORD) -> Any:
        """Log in by the form."""
        return self.change("/login", name=name, password=password)


@pytest.fixture
def app(workspace: Workspace) -> FastAPI:
    """The application of the workspace, as on 127.0.0.1:8000."""
    return create_app(workspace, Address("127.0.0.1", 8000))


@pytest.fixture
def server(app: FastAPI) -> Server:
    """What the application's pages share."""
    made: Server = app.state.server
    return made


@pytest.fixture
def new_client(app: FastAPI) -> Iterator[Callable[[], Client]]:
    """Makes clients that nobody has logged in with."""
    base = "http://127.0.0.1:8000"
    with Client(app, base_url=base, follow_redirects=False, raise_server_exceptions=False) as first:
        made = [first]

        def another() -> Client:
            made.append(Client(app, base_url=base, follow_redirects=False, raise_server_exceptions=False))
            return made[-1]

        yield another


@pytest.fixture
def client(new_client: Callable[[], Client]) -> Client:
    """A client of the open server: no users, no login, every right."""
    return new_client()


@pytest.fixture(scope="session")
def password_hash() -> str:
    """What is kept of PASSWORD, made once: it takes a tenth of a second by design."""
    return Passwords().hashed(PASSWORD)


@pytest.fixture
def client_as(server: Server, new_client: Callable[[], Client], password_hash: str) -> Callable[..., Client]:
    """A client with the session of a user of a role; the user is called like the role, or as is said."""

    def logged_in(role: Any, name: str = "") -> Client:
        server.accounts.add(name or role, role, password_hash=password_hash)
        made, session, answer = new_client(), server.sessions.new(), Response()
        # As the login does, without the tenth of a second that checking a password takes by design.
        server.accounts.open_session(session, name or role, expires=time.time() + 3600)
        server.sessions.write(answer, session, secure=False)
        cookie, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
        made.cookies.set(cookie, value, domain="127.0.0.1")
        return made

    return logged_in


@pytest.fixture
def token_client(server: Server, new_client: Callable[[], Client], password_hash: str) -> Callable[..., Client]:
    """A client that sends an API token of a scope; its user is called `program` and has the role admin."""

    def with_token(scope: Any) -> Client:
        if "program" not in {user.name for user in server.accounts.users()}:
            server.accounts.add("program", "admin", password_hash=password_hash)
        text, _ = server.accounts.add_token("program", scope)
        made = new_client()
        made.headers["authorization"] = f"Bearer {text}"
        return made

    return with_token


@dataclass(frozen=True)
class Live:
    """A server on a real port of loopback."""

    url: str
    server: Server


@pytest.fixture
def live(workspace: Workspace) -> Iterator[Live]:
    """The workspace's server on a free port, in a thread. Open, until a test adds a user."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        made = settings(workspace, Address("127.0.0.1", port))
        serving = uvicorn.Server(made)
        thread = threading.Thread(target=serving.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        # The socket listens already: what is asked before the server is up waits for it.
        yield Live(f"http://127.0.0.1:{port}", made.app.state.server)  # type: ignore[union-attr]  # a FastAPI
        serving.should_exit = True
        thread.join(20)


def _watch(page: Any, url: str) -> None:
    """Keep what must not happen on a page: dialogs, errors, complaints of the policy, requests to anybody else."""
    page.complaints = said = []
    page.leaves = False  # What is answered where a page warns before it is left, which is no complaint then.

    def answer(dialog: Any) -> None:
        if dialog.type == "beforeunload" and page.leaves:
            dialog.accept()
        else:
            said.append("dialog")
            dialog.dismiss()

    page.on("dialog", answer)
    page.on("pageerror", lambda error: said.append(f"error {error}"))
    # A refused request is the server's answer, which tests read; all else that a browser complains of is a fault.
    is_answer = "Failed to load resource"
    page.on(
        "console",
        lambda told: (
            said.append(f"console {told.text}")
            if told.type in ("error", "warning") and is_answer not in told.text
            else None
        ),
    )
    page.on("request", lambda sent: sent.url.startswith((url, "data:", "blob:")) or said.append(sent.url))


@pytest.fixture
def open_page(browser: Any, live: Live, password_hash: str) -> Iterator[Callable[..., Any]]:
    """Opens a page of the live server; with `role`, after logging a user of that role in (in a context of its own).
    Takes the options of a browser context, such as `color_scheme` and `viewport`."""
    contexts: list[Any] = []

    def opened(path: str = "/", *, role: Any = None, name: str = "", **options: Any) -> Any:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(30_000)
        _watch(page, live.url)
        if role is not None:
            who = name or role
            if who not in {user.name for user in live.server.accounts.users()}:
                live.server.accounts.add(who, role, password_hash=password_hash)
            page.goto(f"{live.url}/login")
            page.fill("input[name=name]", who)
            page.fill("input[name=password]", PASSWORD)
            page.click("main button")
        page.goto(live.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def accessible() -> Callable[[Any], None]:
    """Checks a page by axe against WCAG 2.2 AA; the message names every rule that is broken, and where."""
    axe_module = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

    def check(page: Any) -> None:
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        found = axe_module.Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
        broken = [
            f"{rule['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})"
            for rule in found.response["violations"]
            for node in rule["nodes"]
        ]
        assert broken == []

    return check
