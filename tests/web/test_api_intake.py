"""What comes in by the API, on each kind of database: one or many, again, early, changed, wrong, too much."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from peel.web.server import Server
from peel.web.taking import Taking
from peel.workspace import Workspace

JSON, LINES = "application/json", "application/x-ndjson"
NOW = time.time()


def asked(number: int, **changes: Any) -> dict[str, Any]:
    """An interaction as an application sends it; it names its scenario, so that nothing has to be mapped."""
    named = {"id": f"i{number}", "scenario": "support"}
    return {**named, "time": NOW - 60, "input": f"How {number}?", "output": "Hold it.", **changes}


def lines(*entries: Any) -> bytes:
    return b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in entries)


@pytest.fixture
def workspace(root: Path, store_url: str) -> Iterator[Workspace]:
    """The workspace on each kind of database."""
    with Workspace(root, store=store_url) as opened:
        yield opened


@pytest.fixture
def program(token_client: Callable[..., Any]) -> Any:
    """A client with a token that is for handing in."""
    return token_client("ingest")


def send(client: Any, what: str, sent: Any, *, kind: str = JSON) -> tuple[int, dict[str, Any]]:
    """The status of handing in to `/api/WHAT`, and its counts without zeros, or its sentence."""
    body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    answer = client.post(f"/api/{what}", content=body, headers={"content-type": kind})
    return answer.status_code, {name: value for name, value in answer.json().items() if value}


def value(server: Server, number: int) -> float | None:
    """The value that counts of a stored interaction."""
    found = server.workspace.feedback.reader.interaction(f"i{number}")
    assert found is not None
    return found.value


def test_an_interaction_and_its_rating_are_handed_in_once(program: Any, server: Server) -> None:
    """Sent again they change nothing; what differs replaces an interaction, and a rating that differs counts."""
    assert send(program, "interactions", asked(1)) == (202, {"new": 1})
    assert send(program, "interactions", asked(1)) == (202, {"same": 1})
    assert send(program, "interactions", asked(1, output="Other.")) == (202, {"changed": 1})
    rating = {"interaction": "i1", "stars": 4, "id": "a", "at": NOW - 30}
    assert send(program, "ratings", rating) == (202, {"new": 1})
    assert send(program, "ratings", rating) == (202, {"same": 1})
    assert value(server, 1) == 0.75
    assert send(program, "ratings", {"interaction_id": "i1", "thumbs": "down", "time": NOW - 20}) == (202, {"new": 1})
    assert send(program, "ratings", {"interaction": "i1", "smiley": "happy", "at": NOW - 40}) == (202, {"new": 1})
    assert value(server, 1) == 0.0
    found = server.workspace.feedback.reader.interaction("i1")
    assert found is not None
    assert (found.version, [one.rating.kind for one in found.ratings]) == (2, ["smiley", "stars", "thumbs"])
    assert server.audit.entries(limit=10) == []


def test_a_batch_takes_what_is_right(program: Any, server: Server) -> None:
    """Each wrong line is told with its number and why; ratings may come before their interactions."""
    early = lines({"interaction": "i1", "slider": 0.25}, {"interaction": "i2", "stars": 9}, b"{", b"", b"[]")
    status, told = send(program, "ratings", early, kind=LINES)
    assert (status, told["new"], told["wrong"]) == (202, 1, 3)
    assert [one["line"] for one in told["rejected"]] == [2, 3, 5]
    assert told["rejected"][0]["reason"] == "'stars' must be a whole number from 1 to 5, not 9"
    sent = lines(asked(1), asked(2), asked(1), asked(2, output="Other.")) + b"\r\n"
    assert send(program, "interactions", sent, kind="application/jsonl") == (202, {"new": 2, "changed": 1, "same": 1})
    assert (value(server, 1), value(server, 2)) == (0.25, None)


def test_nothing_right_is_refused_with_every_reason_that_fits(program: Any, server: Server) -> None:
    """Of a thousand wrong lines all are counted and some are told; an empty batch is no batch."""
    status, told = send(program, "interactions", lines(*[{"input": "x"}] * 1000), kind=LINES)
    assert (status, told["wrong"], len(told["rejected"])) == (422, 1000, 100)
    assert told["detail"].startswith("no line of the batch can be taken; line 1: the interaction has no 'id'")
    for empty in (b"", b"\n\n  \n"):
        assert send(program, "ratings", empty, kind=LINES) == (
            422,
            {"detail": "the batch is empty; send one entry a line"},
        )
    assert server.workspace.feedback.reader.tally().interactions == 0


WRONG = (
    (b"", 400, "the body is no JSON"),
    (b"{", 400, "the body is no JSON"),
    (b'{"id": "i1", "input": "x", "at": NaN}', 400, "the body is no JSON"),
    (b'{"id": "i1", "input": "\\ud800"}', 400, "the body is no JSON"),
    (b"[" * 100_000, 400, "the body is no JSON"),
    (b'{"id": "i1", "input": "x", "output": ' + b"[" * 900 + b"]" * 900 + b"}", 422, "output"),
    (b"[]", 422, "must be a mapping"),
    (b"null", 422, "must be a mapping"),
    (b"{}", 422, "the interaction has no 'id'"),
    (b'{"id": "i1"}', 422, "neither input nor messages"),
    (b'{"id": "i1", "input": "x", "tip": 1}', 422, "unknown field 'tip'"),
    (b'{"id": "a\\u0000b", "input": "x"}', 422, "'id' must be"),
    (b'{"id": "i1", "input": "a\\u0000b"}', 422, "'input' must be"),
    (b'{"id": "i1", "input": "x", "output": {"a": "\\u0000"}}', 422, "U+0000"),
    (b'{"id": "i1", "input": "x", "at": 1e300}', 422, "'at' must be seconds since 1970"),
    (b'{"id": "i1", "input": "x", "at": 1' + b"0" * 400 + b"}", 400, "the body is no JSON"),
    (b'{"id": ' + b'"' + b"x" * 300 + b'", "input": "x"}', 422, "'id' must be"),
    (b'{"id": "i1", "input": "' + b"x" * 1_000_100 + b'"}', 422, "'input' must be"),
    (b'{"id": "i1", "input": "x", "metadata": {"a": "' + b"x" * 1_000_100 + b'"}}', 422, "larger than 1,000,000"),
)
"""Bodies, how each is answered, and a part of what is said."""


def test_what_is_wrong_is_told_and_not_stored(program: Any, server: Server) -> None:
    """Alone and as a line of a batch, whose other line is taken."""
    for number, (body, status, part) in enumerate(WRONG, 10):
        told_status, told = send(program, "interactions", body)
        assert (told_status, part in told["detail"]) == (status, True), (body[:100], told)
        told_status, told = send(program, "interactions", body + b"\n" + lines(asked(number)), kind=LINES)
        assert (told_status, told["new"], told.get("wrong", 0)) == (202, 1, int(bool(body))), body[:100]
    assert server.workspace.feedback.reader.interaction("i1") is None


def test_hostile_text_is_stored_as_it_is(program: Any, server: Server) -> None:
    """It is text; what shows it escapes it."""
    hostile = "<script>alert(1)</script>'); DROP TABLE ratings;-- \u202e\u2028 {{ 7 * 7 }} \U0001f600 =1+1"
    sent = asked(1, input=hostile, output={hostile: 10**30}, scenario=hostile.replace("\u2028", " ")[:90])
    assert send(program, "interactions", sent) == (202, {"new": 1})
    assert send(program, "ratings", {"interaction": "i1", "stars": 1, "comment": hostile}) == (202, {"new": 1})
    found = server.workspace.feedback.reader.interaction("i1")
    assert found is not None
    assert (found.interaction.input, found.ratings[0].rating.comment) == (hostile, hostile)


def test_only_json_and_json_lines_are_taken_and_not_compressed(program: Any) -> None:
    """A form, text or nothing is told what to send instead."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"):
        assert send(program, "interactions", asked(1), kind=kind)[0] == 415
    headers = {"content-type": JSON, "content-encoding": "gzip"}
    answer = program.post("/api/interactions", content=b"\x1f\x8b", headers=headers)
    assert (answer.status_code, "compressed" in answer.json()["detail"]) == (415, True)


def test_what_is_too_large_is_refused(program: Any, server: Server) -> None:
    """Bytes by what was said and by what comes, lines by their number; a batch just below both is taken."""
    too_many = lines(*[{"interaction": "i1", "stars": 1}] * 10_001)
    status, told = send(program, "ratings", too_many, kind=LINES)
    assert (status, told["detail"]) == (413, "the batch has 10,001 lines; send at most 10,000 at once")
    large = lines(*(asked(number, input="x" * 900_000) for number in range(10)))
    for body in (large, iter([large])):
        answer = program.post("/api/interactions", content=body, headers={"content-type": LINES})
        assert (answer.status_code, "8,388,608" in answer.json()["detail"]) == (413, True)
    assert send(program, "interactions", lines(*(asked(n, input="x" * 900_000) for n in range(9))), kind=LINES) == (
        202,
        {"new": 9},
    )
    assert server.workspace.feedback.reader.tally().interactions == 9


def test_who_hands_in_too_much_waits(app: Any, server: Server, program: Any, client_as: Any) -> None:
    """A user's tokens and sessions are counted together, other users by themselves; the clock lets go on."""
    clock = Clock()
    limits = server.workspace.definition.feedback
    assert limits.rate_limit == 600_000
    app.state.server = replace(server, taking=Taking(_with_limit(server.workspace, 60), clock=clock))
    batch = lines(*(asked(number) for number in range(59)))
    assert send(program, "interactions", batch, kind=LINES) == (202, {"new": 59})
    assert send(program, "interactions", b"{")[0] == 400
    answer = program.post("/api/ratings", json={"interaction": "i1", "stars": 1})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert "more than 60 a minute were handed in; go on in 1 s" in answer.json()["detail"]
    editor = client_as("editor")
    editor.headers["x-csrf-token"] = editor.csrf
    assert send(editor, "ratings", {"interaction": "i1", "stars": 1})[0] == 202
    clock.now += 1
    assert send(program, "ratings", {"interaction": "i1", "stars": 1, "id": "b"})[0] == 202
    too_many = lines(*[{"interaction": "i1", "stars": 1}] * 61)
    clock.now += 60
    assert send(program, "ratings", too_many, kind=LINES)[1]["detail"].endswith("send at most 60 at once")
    app.state.server.taking.close()


class Clock:
    """A clock that stands until it is turned."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def _with_limit(workspace: Workspace, limit: int) -> Workspace:
    """The same workspace, as its `peel.yaml` would have it with another limit."""
    path = workspace.root / "peel.yaml"
    path.write_text(path.read_text() + f"feedback: {{rate_limit: {limit}}}\n")
    return Workspace(workspace.root, store=workspace.store_url)


def test_a_store_that_fails_is_told_and_nothing_is_stored_in_part(
    program: Any, server: Server, store_url: str, root: Path
) -> None:
    """503 with when to try again, also to those who wait for the same group; afterwards all of it is new."""
    url = store_url if "postgres" in store_url else f"sqlite:///{root}/.peel/peel.db"
    engine = create_engine(url)
    assert send(program, "interactions", asked(0)) == (202, {"new": 1})
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE interaction_facts RENAME TO hidden"))
    bodies = [lines(asked(number), asked(number + 100)) for number in range(1, 5)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(
                lambda body: program.post("/api/interactions", content=body, headers={"content-type": LINES}), bodies
            )
        )
    assert [one.status_code for one in answers] == [503] * 4
    assert all(one.headers["retry-after"] and one.json()["detail"] for one in answers)
    assert "hidden" not in answers[0].text
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM interactions")) == 1
        connection.execute(text("ALTER TABLE hidden RENAME TO interaction_facts"))
    engine.dispose()
    assert send(program, "interactions", bodies[0], kind=LINES) == (202, {"new": 2})


def test_a_key_that_is_not_set_is_told_to_the_log_and_nothing_is_taken(
    root: Path, store_url: str, app: Any, program: Any, server: Server, caplog: Any
) -> None:
    """Hashing with another key would be worse than waiting."""
    path = root / "peel.yaml"
    path.write_text(path.read_text() + 'feedback: {hash: [user], hash_key: "${PEEL_TEST_NO_SUCH_KEY}"}\n')
    with Workspace(root, store=store_url) as lacking:
        app.state.server = replace(server, taking=Taking(lacking))
        status, told = send(program, "interactions", asked(1))
        assert (status, told["detail"]) == (503, "nothing can be taken in just now; the server's log says why")
        assert "PEEL_TEST_NO_SUCH_KEY" in caplog.text
        app.state.server.taking.close()


def test_what_is_personal_is_redacted_on_this_way_in(
    root: Path, store_url: str, app: Any, program: Any, server: Server
):
    """As `peel.yaml` says, before anything is stored."""
    path = root / "peel.yaml"
    path.write_text(path.read_text() + "feedback: {hash: [user], redact: [metadata.mail], patterns: [email]}\n")
    with Workspace(root, store=store_url) as careful:
        app.state.server = replace(server, taking=Taking(careful))
        sent = asked(1, user="susan", metadata={"mail": "susan@x.org"}, input="I am susan@x.org")
        assert send(program, "interactions", sent) == (202, {"new": 1})
        assert send(program, "ratings", {"interaction": "i1", "stars": 1, "comment": "ask susan@x.org"})[0] == 202
        app.state.server.taking.close()
        found = careful.feedback.reader.interaction("i1")
    assert found is not None
    assert "susan" not in found.model_dump_json()
