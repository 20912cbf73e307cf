"""The API asked by its own OpenAPI document: whatever is sent, it answers as it says it does, without a fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

schemathesis = pytest.importorskip("schemathesis", reason="the package schemathesis is not installed")

EXAMPLES = 3
"""How many requests are made of each operation and kind: the same ones each time."""

HOSTILE = (
    "",
    "a\x00b",
    "\ud800",
    "../../etc/passwd",
    "x" * 5_000,
    "<script>alert(1)</script>",
    "-1",
    str(2**63),
    "9" * 5_000,
    "1e999",
    "NaN",
    "\u202e\u2028\U0010ffff",
)
"""What is put in place of every parameter and of every text in a body."""

OTHER = (10**30, -(10**30), 2**31, 1e308, -0.5, True, None, [], {}, [["x"]], {"\x00": "\ud800"})
"""What is put in place of every field of a body as well."""

RAW = (
    b"",
    b"\xff\xfe",
    b"{",
    b"null",
    b"[" * 50_000,
    b'{"fields": ' * 20_000,
    b'{"value": NaN, "submission": "abcdefgh"}',
    b'{"repetitions": 1' + b"0" * 9_000 + b"}",
    b'"\\ud800"',
    b'{"\\ud800": "\\udfff"}',
    b'{"__proto__": 1, "fields": {"scenario": "\\u0000"}}',
)
"""Whole bodies."""

ONCE = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Asking:
    """A live server with a token that may do everything, and things in it that requests may be about."""

    def __init__(self, live: Any, token: str, known: dict[str, str]) -> None:
        self.live, self.known = live, known
        self.session = requests.Session()
        self.session.headers["authorization"] = f"Bearer {token}"
        self.answered: set[str] = set()
        self.schema = schemathesis.openapi.from_dict(document_of(live))

    def send(self, case: Any, *, real: bool) -> None:
        """Send a request, about something that is there where `real`, and hold the answer against the description."""
        if real:
            there = {name: value for name, value in self.known.items() if name in case.path_parameters}
            case.path_parameters = {**case.path_parameters, **there}
            if isinstance(case.body, dict) and "seen" in case.body:
                case.body = {**case.body, "seen": self.seen(case.operation.path)}
        checks = schemathesis.checks
        wanted = [
            checks.not_a_server_error,
            checks.status_code_conformance,
            checks.content_type_conformance,
            checks.response_schema_conformance,
        ]
        response = case.call(base_url=self.live.url, session=self.session, timeout=30)
        self.answered.add(f"{case.method} {case.operation.path} {response.status_code}")
        case.validate_response(response, checks=wanted)

    def has_found(self, what: str) -> bool:
        """Whether a request about something that is there was answered with it."""
        return any(what in one and one.endswith(" 200") for one in self.answered)

    def seen(self, path: str) -> str:
        """The hash of what the file that an operation changes holds now."""
        place = "/cases" if "cases" in path else ""
        found: str = self.session.get(f"{self.live.url}/api/scenarios/support{place}", timeout=10).json()["seen"]
        return found

    def parameters(self, operation: Any) -> Iterator[dict[str, Any]]:
        """Requests with a hostile text in place of each parameter of an operation."""
        own = [one for one in operation.definition.raw.get("parameters", ()) if one["in"] in ("path", "query")]
        for one in own:
            for text in HOSTILE:
                yield self.request(operation, {one["name"]: text}, body={})

    def fields(self, operation: Any) -> Iterator[dict[str, Any]]:
        """Requests with a hostile value in place of each field of the body."""
        body = BODIES.get(operation.definition.raw["operationId"], {})
        for name in body:
            for value in (*HOSTILE, *OTHER, deep(40), deep(900)):
                inside = {"fields": "evaluators", "change": "added"}.get(name)
                put = value if inside is None else {inside: value}
                yield self.request(operation, {}, body={**body, name: put})

    def bodies(self, operation: Any) -> Iterator[dict[str, Any]]:
        """Requests with bodies that are hostile as a whole."""
        if operation.method != "get":
            for raw in RAW:
                yield {**self.request(operation, {}, body={}), "data": raw}

    def request(self, operation: Any, given: dict[str, str], *, body: dict[str, Any]) -> dict[str, Any]:
        """A request about what is there, save for what is given."""
        path = operation.path
        for name, value in {**self.known, **given}.items():
            path = path.replace(f"{{{name}}}", quote(str(value), safe="", errors="surrogatepass") or "%20")
        params = {name: value.encode(errors="surrogatepass") for name, value in given.items() if name not in self.known}
        if "base" in str(operation.definition.raw.get("parameters")):
            params = {"base": self.known["run"], "candidate": self.known["run"], **params}
        data = None if operation.method == "get" else json.dumps(body)
        headers = {} if data is None else {"content-type": "application/json"}
        return {"url": self.live.url + path, "params": params, "data": data, "headers": headers}


SEEN = "0" * 64
BODIES: dict[str, dict[str, Any]] = {
    "create_scenario": {"fields": {"scenario": "another", "orchestration": "reply"}},
    "write_scenario": {"text": "scenario: support", "seen": SEEN},
    "change_scenario": {"fields": {"description": "Another."}, "seen": SEEN},
    "check_scenario": {"text": "scenario: support", "fields": {}},
    "undo_scenario": {"seen": SEEN},
    "change_cases": {"change": {"removed": [0]}, "seen": SEEN},
    "check_cases": {"change": {"removed": [0]}, "seen": SEEN},
    "undo_cases": {"seen": SEEN},
    "foresee_run": {
        "scenarios": ["support"],
        "repetitions": 1,
        "cases": [],
        "tags": [],
        "variants": [],
        "models": {},
        "until": "decided",
        "concurrency": 1,
        "budget_usd": 1.0,
    },
    "resume_run": {"concurrency": 1, "budget_usd": 1.0},
    "add_interactions": {"id": "i1", "input": "How?", "output": "Hold it.", "metadata": {}, "at": 1000.0},
    "add_ratings": {"interaction": "i1", "stars": 4, "comment": "fine", "at": 1000.0, "id": "r1"},
    "draft_cases": {"scenario": "support", "interactions": ["i1"]},
    "draft_scenario": {"name": "drafted", "like": "support"},
    "map_interactions": {"again": False},
    "write_mapping": {"scenario": "support", "again": False},
    "submit": {"value": 0.5, "comment": "fine", "submission": "abcdefgh"},
}
"""A body that is right, of each operation that takes one. A run is started as it is foreseen."""


def deep(depth: int) -> Any:
    """Lists in lists."""
    made: Any = []
    for _ in range(depth):
        made = [made]
    return made


def document_of(live: Any) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{live.url}/api/openapi.json", timeout=10).json()
    return found


@pytest.fixture
def asking(live: Any, model: Any, carry_out: Callable[..., Any], password_hash: str) -> Iterator[Asking]:
    """A finished run to ask about; what is started meanwhile waits for the model."""
    run = carry_out().id
    live.server.accounts.add("program", "admin", password_hash=password_hash)
    token, _ = live.server.accounts.add_token("program", "admin")
    scoring = live.server.workspace.scoring(run, rater="program")
    item = scoring.next()
    model.gate.clear()
    known = {"run": run, "scenario": "support", "number": 0, "session": scoring.session, "item": item.id}
    known["interaction"] = "i1"
    made = Asking(live, token, known)
    yield made
    made.session.close()


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
def test_whatever_is_sent_is_answered_as_the_description_says(asking, mode):
    """Requests that fit the description and requests that do not, about things that are there and that are not."""
    generated = schemathesis.GenerationMode[mode]
    for operation in operations(asking):
        if mode == "NEGATIVE" and not (operation.body or operation.query or operation.path_parameters):
            continue

        @ONCE
        @given(case=operation.as_strategy(generation_mode=generated), real=st.booleans())
        def ask(case: Any, real: bool) -> None:
            asking.send(case, real=real)

        ask()
    assert mode == "NEGATIVE" or (asking.has_found("{run}") and asking.has_found("{scenario}"))


@pytest.mark.parametrize("place", ["parameters", "fields", "bodies"])
def test_hostile_values_are_answered_with_a_sentence(asking, place):
    """Huge numbers, NUL, halves of pairs, depth, paths to elsewhere: no fault, and what is refused is told."""
    for operation in operations(asking):
        for request in getattr(asking, place)(operation):
            told = asking.session.request(operation.method, timeout=30, **request)
            assert told.status_code < 500, (operation.label, request, told.text[:300])
            assert str(told.status_code) in {*operation.definition.raw["responses"], "404", "405"}, (request, told.text)
            assert told.status_code < 400 or told.json()["detail"], request
    assert asking.live.server.workspace.store.entry(asking.known["run"]).status == "finished"


def operations(asking: Asking) -> list[Any]:
    found = [result.ok() for result in asking.schema.get_all_operations()]
    assert len(found) > 20
    return found
