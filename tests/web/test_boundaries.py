"""What holds for every request and answer: names, sizes, headers, and that only PEEL's own files are served."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from peel.errors import ServerError
from peel.web.security.addresses import Address
from peel.web.security.boundaries import HEADERS, LONGEST_BODY, POLICY, Boundaries

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.0.0.2",
        "10.0.0.7",
        "",
        "127.0.0.1@evil.example",
        "evil.example#127.0.0.1",
        "127.0.0.1:x",
        "[::1",
        "localhost/../x",
    ],
)
def test_a_server_on_loopback_answers_to_no_other_name(client: Any, host: str) -> None:
    """A page elsewhere could point a name of its own at this machine (DNS rebinding)."""
    for path in ("/", "/health", "/static/peel.css", "/api/runs"):
        answer = client.get(path, headers={"host": host})
        assert answer.status_code == 421
        assert "`peel serve --name` tells it a name" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1", "127.0.0.1:1", "[::1]:8000"])
def test_a_server_answers_to_the_names_of_this_machine(client: Any, host: str) -> None:
    """On any port: another may be passed on to it."""
    assert client.get("/health", headers={"host": host}).status_code == 200


def test_further_names_are_those_that_were_told() -> None:
    """Whatever their case; a server that others reach answers to every address by number, which cannot be rebound."""
    told = Address("127.0.0.1", 8000, ("Peel.Example.com",))
    assert told.answers_to("peel.example.COM:443")
    assert not told.answers_to("www.peel.example.com")
    assert not told.answers_to("10.0.0.7")
    assert Address("0.0.0.0", 8000).answers_to("10.0.0.7:8000")  # noqa: S104  # what is tested
    assert not Address("0.0.0.0", 8000).answers_to("evil.example")  # noqa: S104  # likewise


@pytest.mark.parametrize(
    ("address", "is_private"),
    [
        (Address("127.0.0.1", 1), True),
        (Address("localhost", 1), True),
        (Address("::1", 1), True),
        (Address("0.0.0.0", 1), False),  # noqa: S104  # what is tested
        (Address("::", 1), False),
        (Address("10.0.0.7", 1), False),
        (Address("peel.example.com", 1), False),
        (Address("127.0.0.1", 1, names=("peel.example.com",)), False),
        (Address("127.0.0.1", 1, proxies=("127.0.0.1",)), False),
    ],
)
def test_only_a_server_that_nobody_else_is_to_reach_is_open(address: Address, is_private: bool) -> None:
    """A name or a proxy says that others are to come."""
    assert address.is_private is is_private


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (Address("", 1), "--host is empty, which would be every address"),
        (Address("127.0.0.1", 1, names=("https://x",)), "--name 'https://x' is not a host name"),
        (Address("127.0.0.1", 1, names=("x:443",)), "--name 'x:443' is not a host name"),
        (Address("127.0.0.1", 1, proxies=("*",)), r"--trusted-proxy '\*' is no address or network"),
    ],
)
def test_what_an_address_cannot_be_is_refused(address: Address, message: str) -> None:
    """Before anything listens."""
    with pytest.raises(ServerError, match=message):
        address.check()


def test_a_body_that_says_it_is_too_large_is_refused_unread(client: Any) -> None:
    """On any path, known or not."""
    for path in ("/login", "/api/runs", "/nothing"):
        answer = client.post(path, content=b"x", headers={**FORM, "content-length": str(LONGEST_BODY + 1)})
        assert answer.status_code == 413
        assert "larger than 1,048,576 bytes" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/login", "/admin/users"])
def test_a_body_that_does_not_say_its_size_is_cut_off(client: Any, path: str) -> None:
    """It is counted as it comes."""

    def endless() -> Iterator[bytes]:
        yield b"name="
        for _ in range(40):
            yield b"x" * 65_536

    answer = client.post(path, content=endless(), headers={**FORM, "x-csrf-token": client.csrf})
    assert answer.status_code == 413
    assert "larger than" in answer.text


def test_a_chunked_body_is_cut_off_by_the_real_server(live: Any) -> None:
    """Sent as no library would by itself: the answer comes while the body is still being sent."""
    port = urlsplit(live.url).port
    with socket.create_connection(("127.0.0.1", port or 0), timeout=30) as connection:
        head = f"POST /login HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        try:
            for _ in range(200):
                connection.sendall(chunk)
        except OSError:
            pass  # the server has hung up, as it should
        answer = _received(connection)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 413", b"HTTP/1.1 403"))
    assert b"HTTP/1.1 200" not in answer


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except OSError:
        return b""


def test_a_body_that_never_comes_is_not_waited_for() -> None:
    """What holds a request open must not hold its place for ever; an answer may take as long as it takes."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()

    async def carried(first: Message, more: asyncio.Event) -> None:
        messages = iter([first])

        async def receive() -> Message:
            for message in messages:
                return message
            await more.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        host = (b"host", b"127.0.0.1")
        scope = {"type": "http", "method": "POST", "path": "/", "scheme": "http", "headers": [host]}
        await Boundaries(app, address=Address("127.0.0.1", 8000), body_within_s=0.01)(scope, receive, send)

    with pytest.raises(HTTPException) as refused:
        asyncio.run(carried({"type": "http.request", "body": b"a", "more_body": True}, asyncio.Event()))
    assert refused.value.status_code == 408
    asyncio.run(carried({"type": "http.request", "body": b"a", "more_body": False}, asyncio.Event()))


def test_a_head_without_end_is_cut_off_by_the_real_server(live: Any) -> None:
    """Nobody who cannot log in may fill the memory."""
    port = urlsplit(live.url).port
    with socket.create_connection(("127.0.0.1", port or 0), timeout=30) as connection:
        connection.sendall(f"GET /login HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n".encode())
        with pytest.raises(OSError):  # whichever: the connection is gone
            for number in range(100_000):
                connection.sendall(f"x-{number}: {'x' * 1000}\r\n".encode())
    assert _status(live, "/health") == 200


def _status(live: Any, path: str, *, method: str = "GET") -> int:
    """A request as it is written here: no client tidies the path up."""
    connection = http.client.HTTPConnection(urlsplit(live.url).netloc, timeout=30)
    try:
        connection.putrequest(method, path)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        assert b"root:" not in body
        assert b"[project]" not in body
        assert b"base_url" not in body
        return answer.status
    finally:
        connection.close()


@pytest.mark.parametrize(
    "before", ["/static/", "/static/report/", "/static//", "/", "/scenarios/", "/runs/", "/api/runs/"]
)
@pytest.mark.parametrize(
    "path",
    [
        "../../../../../../../../etc/passwd",
        "..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "..%5c..%5cpeel.yaml",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "..%252f..%252fpeel.yaml",
        "../peel.yaml",
        "peel.css/../../login.py",
        "peel.css%00.py",
    ],
)
def test_no_path_leads_out_of_the_files_that_are_served(live: Any, before: str, path: str) -> None:
    """Neither by dots, encoded once or twice, nor by an absolute path; there are names, not folders."""
    assert _status(live, before + path) in (303, 404, 405, 422)


def test_files_are_kept_for_ever_only_by_their_mark(client: Any) -> None:
    """An address without the mark is asked for again each time."""
    page = client.get("/there-is-no-such-page").text
    found = re.search(r'href="(/static/peel\.css\?v=\w+)"', page)
    assert found is not None
    assert client.get(found[1]).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert client.get("/static/peel.css").headers["cache-control"] == "no-cache"
    assert client.get("/static/peel.css?v=0").headers["cache-control"] == "no-cache"


def _answers(client: Any, client_as: Callable[..., Any], app: Any) -> Iterator[tuple[int, Any]]:
    """Answers of every kind, with the status that each should have."""

    def broken(request: Request) -> None:
        raise RuntimeError("<script>alert(1)</script>")

    app.add_route("/broken", broken)
    yield 500, client.get("/broken")
    yield 200, client.get("/admin")
    yield 200, client.get("/health")
    yield 200, client.get("/static/peel.js")
    yield 404, client.get("/static/none.js")
    yield 404, client.get("/nothing")
    yield 404, client.get("/api/nothing")
    yield 405, client.put("/login")
    yield 421, client.get("/", headers={"host": "evil.example"})
    yield 413, client.post("/login", content=b"", headers={"content-length": "9999999"})
    yield 403, client.post("/admin/users", content=b"", headers=FORM)
    yield 422, client.get("/admin?before=x")
    viewer = client_as("viewer")
    yield 403, viewer.get("/admin")
    yield 303, client.get("/admin")
    yield 401, client.get("/admin", headers={"authorization": "Bearer none"})


def test_every_answer_binds_the_browser(client: Any, client_as: Callable[..., Any], app: Any) -> None:
    """Pages, files, refusals and faults alike."""
    for status, answer in _answers(client, client_as, app):
        assert answer.status_code == status, answer.text
        assert answer.headers["content-security-policy"] == POLICY
        missing = {name for name in HEADERS if name not in answer.headers}
        assert missing == set()
        assert "server" not in answer.headers


def test_the_policy_allows_no_script_in_a_page_and_nobody_else() -> None:
    """Neither eval nor inline, neither frames nor forms to elsewhere."""
    allowed = dict(part.split(" ", 1) for part in POLICY.split("; "))
    assert allowed["default-src"] == "'none'"
    assert allowed["script-src"] == allowed["style-src"] == allowed["connect-src"] == "'self'"
    assert allowed["form-action"] == "'self'"
    assert allowed["frame-ancestors"] == allowed["base-uri"] == "'none'"
    assert "unsafe" not in POLICY
    assert "http" not in POLICY


def test_a_fault_tells_nobody_of_its_trace(client: Any, app: Any) -> None:
    """It is in the log."""

    def broken(request: Request) -> None:
        raise RuntimeError("the secret of the trace")

    app.add_route("/broken", broken)
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert "PEEL made a mistake here" in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_health_says_ok_only_when_the_store_answers(client: Any, workspace: Any, root: Any) -> None:
    """To anybody, without a login, and without the store's place."""
    assert client.get("/health").json() == {"status": "ok"}
    workspace.store.close()
    for file in (root / ".peel").glob("peel.db*"):
        file.unlink()
    (root / ".peel/peel.db").mkdir()
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (503, {"status": "the store does not answer"})
    failing = client.get("/login")
    assert failing.status_code == 503
    assert "the store cannot be used just now" in failing.text
    assert str(root) not in failing.text


def test_what_the_store_complains_of_is_for_admins(client_as: Callable[..., Any], root: Any) -> None:
    """It names files or hosts of the server; who is logged in with less is sent to the log."""
    viewer, admin = client_as("viewer"), client_as("admin")
    with closing(sqlite3.connect(root / ".peel/peel.db")) as store:
        store.execute("DROP TABLE scores")
    told = {one: one.get("/api/runs?limit=1").status_code for one in (viewer, admin)}
    assert set(told.values()) == {200}
    for path in ("/agreement", "/api/agreement"):
        failing = viewer.get(path)
        assert failing.status_code == 503
        assert "the server&#39;s log says why" in failing.text or "the server's log says why" in failing.text
        assert str(root) not in failing.text
        assert "scores" in admin.get(path).text
