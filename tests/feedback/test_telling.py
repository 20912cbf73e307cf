"""The webhook: each alarm once, kept while nobody takes it, and never a secret in what is said."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from peel.feedback.telling import Webhook
from peel.records.feedback import Interaction, Rating
from peel.records.production import Alarm
from peel.store.alarms import AlarmStore
from peel.store.store import Store

SECRET = "s3cr3t-token"


class Listening(ThreadingHTTPServer):
    """Keeps what it is sent and answers with a status; at `/elsewhere` with a redirect to itself."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 204
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{SECRET}"


class _Handler(BaseHTTPRequestHandler):
    server: Listening

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(self.server.status)
        self.send_header("location", self.server.url + "/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Listening]:
    """A running server on loopback."""
    listening = Listening()
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield listening
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.fixture
def alarms(store: Store) -> AlarmStore:
    """The alarms of a store in which two were raised just now."""
    feedback, now = store.feedback(), time.time()
    given = {"kind": "slider", "original": 0.0, "value": 0.0, "at": now}
    ratings = [Rating.model_validate({"id": f"r{n}", "interaction": f"i{n}", **given}) for n in range(2)]
    feedback.add([Interaction(id=f"i{n}", input="q", scenario=f"s{n}") for n in range(2)], ratings, received=now)
    feedback.alarms.watch(lambda arrived, _: ("", [alarm(arrived.scenario)]))
    return feedback.alarms


def alarm(scenario: str | None) -> Alarm:
    """A drop."""
    given = {"baseline": 0.6, "before": 0.7, "n_before": 100, "after": 0.2, "n_after": 9}
    return Alarm.model_validate(
        {"key": 0, "scenario": scenario, "direction": "drop", "at": 1e9, "raised": 0, **given, "evidence": 1200,
         "run_length": 1000}
    )  # fmt: skip


def tell(alarms: AlarmStore, url: str) -> str | None:
    """What telling a webhook says."""
    return Webhook("${PEEL_WEBHOOK}", {"PEEL_WEBHOOK": url}).tell(alarms)


def test_each_alarm_is_told_once(alarms: AlarmStore, server: Listening) -> None:
    """In order, as JSON that names it; the next call has nothing to tell."""
    assert tell(alarms, server.url) is None
    first, second = (json.loads(body) for body in server.bodies)
    assert (first["schema"], first["event"]) == (1, "ratings-shifted")
    assert first["text"].startswith("Ratings of s0 dropped: their mean is 0.20 over 9")
    told = first["alarm"]
    assert (told["key"], told["scenario"], told["direction"], told["after"]) == (1, "s0", "drop", 0.2)
    assert second["alarm"]["key"] == 2
    assert tell(alarms, server.url) is None
    assert len(server.bodies) == 2
    assert all(one.told is not None for one in alarms.alarms())


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_alarm_that_is_not_taken_is_kept_for_the_next_time(
    alarms: AlarmStore, server: Listening, status: int
) -> None:
    """A redirect is not followed: it is no taking."""
    server.status = status
    problem = tell(alarms, server.url)
    assert problem == f"the webhook answered with status {status}; the alarm is kept, and sent again the next time"
    assert len(server.bodies) == 1
    server.status = 200
    assert tell(alarms, server.url) is None
    assert [json.loads(body)["alarm"]["key"] for body in server.bodies] == [1, 1, 2]


@pytest.mark.parametrize("url", [f"http://127.0.0.1:1/{SECRET}", f"not an address {SECRET}", f"ftp://x/{SECRET}"])
def test_what_is_said_never_holds_the_address(alarms: AlarmStore, url: str) -> None:
    """It may hold a secret."""
    problem = tell(alarms, url)
    assert problem is not None
    assert problem.startswith("the webhook cannot be reached (")
    assert SECRET not in problem
    assert len(alarms.untold(since=0, limit=5)) == 2


def test_a_variable_that_is_not_set_is_named(alarms: AlarmStore) -> None:
    """And nothing is lost."""
    problem = Webhook("https://example.com/${PEEL_WEBHOOK}", {}).tell(alarms)
    assert problem is not None
    assert problem.startswith("'webhook' names the environment variable 'PEEL_WEBHOOK', which is not set;")
    assert len(alarms.untold(since=0, limit=5)) == 2
