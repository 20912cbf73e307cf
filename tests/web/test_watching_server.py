"""A server watches ratings by itself, and tells the webhook."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from peel.records.feedback import Interaction, Rating
from peel.web.application import create_app
from peel.web.security.addresses import Address
from peel.workspace import Workspace

NOW = 20_000 * 86400.0


class Hook(ThreadingHTTPServer):
    """Keeps what it is sent, and says when something came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.came = threading.Event()
        self.bodies: list[bytes] = []


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(204)
        self.end_headers()
        self.server.came.set()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A webhook on loopback."""
    listening = Hook()
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield listening
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_a_server_raises_alarms_by_itself_and_tells_them_once(
    tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its start to its end, without anybody asking for a page."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "peel.yaml").write_text('feedback:\n  alerts: {webhook: "${PEEL_WEBHOOK}"}\n')
    monkeypatch.setenv("PEEL_WEBHOOK", f"http://127.0.0.1:{hook.server_address[1]}/")
    values = [1.0, 0.5, 1.0, 0.75] * 40 + [0.0] * 60
    asked = [Interaction(id=f"i{n}", at=NOW + n, input="How?", scenario="telco") for n in range(len(values))]
    ratings = [
        Rating(id=f"r{n}", interaction=f"i{n}", kind="slider", original=value, value=value, at=NOW + n)
        for n, value in enumerate(values)
    ]
    with Workspace(tmp_path) as workspace:
        workspace.store.feedback().add(asked, ratings, received=NOW + 1000)
        with TestClient(create_app(workspace, Address("127.0.0.1", 8000))):
            assert hook.came.wait(20)
        (alarm,) = workspace.alarms()
        assert (alarm.scenario, alarm.direction) == ("telco", "drop")
        assert alarm.told is not None
        assert [json.loads(body)["alarm"]["key"] for body in hook.bodies] == [alarm.key]
        assert workspace.tell_alarms() is None
        assert len(hook.bodies) == 1
