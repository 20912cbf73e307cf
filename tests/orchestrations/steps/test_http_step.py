"""The step kind `http` against a server on loopback."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from peel.orchestrations.steps.http import LARGEST_RESPONSE, HttpStep

JSON = {"content-type": "application/json"}
SECRET = "sk-very-secret-value"


@pytest.fixture
def ask(compile_step: Any, execute: Any, server: Any) -> Any:
    """Sends one request to the server; `names` are the values of templates, `request` is below the server's address."""

    def run(path: str = "/", *, names: dict[str, Any] | None = None, parameters: Any = None, **request: Any) -> Any:
        names = names or {}
        step = compile_step(
            HttpStep, request={"url": server.url + path, **request}, parameters=parameters or {}, names=list(names)
        )
        return execute(step, **names)

    return run


def test_json_is_the_output_as_a_value(ask: Any, server: Any, answer: Any) -> None:
    """GET, where nothing is to be sent."""
    server.answers(answer(b'{"plan": "gold", "years": 3}', headers={"content-type": "application/json; charset=utf-8"}))
    result = ask("/customers/7")
    assert result.output == {"plan": "gold", "years": 3}
    assert result.details == {"status": 200}
    assert (server.asked[0].method, server.asked[0].path) == ("GET", "/customers/7")
    assert result.request == {"method": "GET", "url": server.url + "/customers/7"}


def test_what_is_not_json_is_text(ask: Any, server: Any, answer: Any) -> None:
    """In the encoding the response names; bytes that are none are replaced."""
    server.answers(answer("Grüße".encode("latin-1"), headers={"content-type": "text/plain; charset=latin-1"}))
    assert ask().output == "Grüße"
    server.answers(answer(b"a\xffb", headers={"content-type": "text/plain; charset=no-such"}))
    assert ask().output == "a�b"


def test_json_that_is_sent_keeps_its_types(ask: Any, server: Any, answer: Any) -> None:
    """A template that is one expression gives its value, not its text."""
    server.answers(answer(b"{}", headers=JSON))
    body = {"name": "Mr {{ name }}", "age": "{{ age }}", "tags": "{{ tags }}", "fixed": True}
    result = ask(json=body, names={"name": "Ames", "age": 41, "tags": ["new"]})
    sent = server.asked[0]
    assert (sent.method, sent.headers["content-type"]) == ("POST", "application/json")
    assert json.loads(sent.body) == {"name": "Mr Ames", "age": 41, "tags": ["new"], "fixed": True}
    assert result.request["json"] == json.loads(sent.body)


def test_a_form_and_a_body_are_sent_as_what_they_are(ask: Any, server: Any, answer: Any) -> None:
    """The form is encoded; the body is sent as text."""
    server.answers(answer())
    ask(form={"q": "{{ q }}", "n": 2, "tag": ["a", "b"]}, names={"q": "a&b=c"})
    ask(body="Hello {{ q }}", method="PUT", headers={"Content-Type": "text/x-own"}, names={"q": "you"})
    assert parse_qs(server.asked[0].body.decode()) == {"q": ["a&b=c"], "n": ["2"], "tag": ["a", "b"]}
    assert (server.asked[1].method, server.asked[1].body) == ("PUT", b"Hello you")
    assert server.asked[1].headers["content-type"] == "text/x-own"


def test_a_query_is_encoded_and_joins_the_urls_own(ask: Any, server: Any, answer: Any) -> None:
    """A value cannot add a parameter of its own."""
    server.answers(answer())
    ask("/search?lang=en", query={"q": "{{ q }}", "top": 3}, names={"q": "reset & move?admin=1#x"})
    assert parse_qs(urlsplit(server.asked[0].path).query) == {
        "lang": ["en"],
        "q": ["reset & move?admin=1#x"],
        "top": ["3"],
    }


@pytest.mark.parametrize(
    ("extract", "output"),
    [("$.items[0].name", "AR83"), ("$.items[*].name", ["AR83", "AR93"]), ("$..price", [9]), ("$", None)],
)
def test_extract_takes_a_part_of_the_json(ask: Any, server: Any, answer: Any, extract: str, output: Any) -> None:
    """A path to one place gives one value, any other a list."""
    document = {"items": [{"name": "AR83", "price": 9}, {"name": "AR93"}]}
    server.answers(answer(json.dumps(document).encode(), headers={"content-type": "text/plain"}))
    result = ask(parameters={"extract": extract})
    assert result.output == (document if output is None else output)


def test_extract_that_finds_nothing_is_an_error(ask: Any, server: Any, answer: Any) -> None:
    """It says where it looked."""
    server.answers(answer(b'{"error": "no such customer"}', headers=JSON))
    fault = ask(parameters={"extract": "$.name"}).fault
    assert fault.type == "StepError"
    assert fault.message == 'extract \'$.name\' finds nothing in the response: {"error": "no such customer"}'


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": NaN}', b'{"a"'])
def test_json_that_is_none_is_an_error(ask: Any, server: Any, answer: Any, body: bytes) -> None:
    """A response that says it is JSON is held to it."""
    server.answers(answer(body, headers=JSON))
    assert ask().fault.message.startswith("the response is not JSON")


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_a_refusal_is_an_error_with_an_excerpt_and_is_not_tried_again(
    ask: Any, server: Any, answer: Any, status: int
) -> None:
    """The excerpt is bounded, whatever the server sends."""
    server.answers(answer(b"no such thing " * 100_000, status=status))
    result = ask()
    assert result.fault.type == "StepError"
    assert result.fault.message.startswith(f"the server answered {status}: no such thing no such")
    assert len(result.fault.message) < 400
    assert result.details == {"status": status}
    assert len(server.asked) == 1


def test_a_redirect_is_told_and_not_followed(ask: Any, server: Any, answer: Any) -> None:
    """A header with a key goes only where the definition sends it."""
    server.answers(answer(status=302, headers={"location": "http://127.0.0.1:1/other"}))
    message = ask().fault.message
    assert message == "the server answered 302 (redirected to http://127.0.0.1:1/other; name that address)"
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_faults_of_transport_are_tried_again_and_recorded(ask: Any, server: Any, answer: Any, status: int) -> None:
    """The wait the server asks for is kept to."""
    busy = answer(b"busy", status=status, headers={"retry-after": "0"})
    server.answers(busy, busy, answer(b'"at last"', headers=JSON))
    result = ask()
    assert result.output == "at last"
    assert [(a.status, a.problem, a.waited_s) for a in result.attempts] == [(status, f"status {status}: busy", 0.0)] * 2


def test_when_all_retries_fail_the_attempts_are_recorded(ask: Any, server: Any, answer: Any) -> None:
    """The fault tells the last problem; `retries` counts the tries after the first."""
    server.answers(answer(status=503, headers={"retry-after": "0"}))
    result = ask(parameters={"retries": 2})
    assert result.fault.type == "TransportError"
    assert result.fault.message == f"{server.url} gave no answer after 3 attempts: status 503"
    assert len(result.attempts) == len(server.asked) == 3


def test_a_server_that_hangs_is_left_after_the_time_out(ask: Any, server: Any, answer: Any) -> None:
    """It ends the attempt, not the run."""
    server.answers(answer(hangs=True))
    result = ask(parameters={"timeout_s": 0.05, "retries": 0})
    assert result.fault.message == f"{server.url} gave no answer after 1 attempt: no complete answer within 0.05 s"


def test_a_connection_that_is_dropped_is_a_fault_of_transport(ask: Any, server: Any, answer: Any) -> None:
    """Without an answer, and in the middle of one."""
    server.answers(answer(drops=True))
    assert ask(parameters={"retries": 0}).fault.type == "TransportError"
    server.answers(answer(b"short", headers={"content-length": "100", "connection": "close"}))
    assert ask(parameters={"retries": 0, "timeout_s": 5}).fault.type == "TransportError"


def test_nobody_listening_is_a_fault_of_transport(compile_step: Any, execute: Any) -> None:
    """The message names the address."""
    step = compile_step(HttpStep, request={"url": "http://127.0.0.1:1/x"}, parameters={"retries": 0})
    message = execute(step).fault.message
    assert message.startswith("http://127.0.0.1:1 gave no answer after 1 attempt: cannot connect")


@pytest.mark.parametrize("compressed", [False, True])
def test_a_response_too_large_is_not_read_to_its_end(ask: Any, server: Any, answer: Any, compressed: bool) -> None:
    """Nor unpacked, where it is small only on the wire."""
    body = b"x" * (LARGEST_RESPONSE + 1)
    server.answers(answer(gzip.compress(body), headers={"content-encoding": "gzip"}) if compressed else answer(body))
    result = ask(parameters={"retries": 0})
    assert result.fault.message == "the reply is larger than 8 MiB; it was not read to its end"
    assert result.fault.type == "StepError"


def test_a_compressed_response_is_unpacked(ask: Any, server: Any, answer: Any) -> None:
    """Also where nobody asked for compression."""
    server.answers(answer(gzip.compress(b"hello"), headers={"content-encoding": "gzip"}))
    assert ask().output == "hello"
    server.answers(answer(b"not gzip at all", headers={"content-encoding": "gzip"}))
    assert "not encoded as it says" in ask(parameters={"retries": 0}).fault.message


def test_a_secret_is_sent_and_recorded_by_its_name(
    ask: Any, server: Any, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In headers, URL and query; what the server echoes is not recorded either."""
    monkeypatch.setenv("CRM_KEY", SECRET)
    server.answers(answer(json.dumps({"you sent": f"Bearer {SECRET}"}).encode(), headers=JSON))
    result = ask("/${CRM_KEY}", headers={"Authorization": "Bearer ${CRM_KEY}"}, query={"key": "${CRM_KEY}"})
    assert server.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    assert server.asked[0].path == f"/{SECRET}?key={SECRET}"
    assert result.request["headers"] == {"Authorization": "Bearer ${CRM_KEY}"}
    assert result.output == {"you sent": "Bearer ${CRM_KEY}"}
    assert SECRET not in result.model_dump_json()


def test_a_secret_shows_in_no_fault(ask: Any, server: Any, answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers like to repeat a key they refuse."""
    monkeypatch.setenv("CRM_KEY", SECRET)
    for status in (401, 503):
        server.answers(answer(f"bad key {SECRET}".encode(), status=status))
        result = ask("/${CRM_KEY}", headers={"X-Key": "${CRM_KEY}"}, parameters={"retries": 0})
        assert "bad key ${CRM_KEY}" in result.fault.message
        assert SECRET not in result.model_dump_json()


def test_a_value_cannot_ask_for_a_secret(ask: Any, server: Any, answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the definition says is filled; a `${NAME}` in a case or a model's output is data."""
    monkeypatch.setenv("CRM_KEY", SECRET)
    server.answers(answer())
    names = {"answer": "${CRM_KEY}"}
    ask(headers={"X-Key": "${CRM_KEY}", "X-Said": "{{ answer }}"}, query={"q": "{{ answer }}"}, names=names)
    assert server.asked[0].headers["x-said"] == "${CRM_KEY}"
    assert parse_qs(urlsplit(server.asked[0].path).query) == {"q": ["${CRM_KEY}"]}


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.com", "javascript:alert(1)", "", "//x", "http://"]
)
def test_a_url_from_a_template_is_http_or_nothing(compile_step: Any, execute: Any, url: str) -> None:
    """Whatever a case or a model says."""
    result = execute(compile_step(HttpStep, request={"url": "{{ url }}"}, names=["url"]), url=url)
    assert result.fault.type == "StepError"
    assert result.fault.message.startswith("the request cannot be sent: ")


@pytest.mark.parametrize("value", ["a\r\nX-Admin: 1", "a\nb", "a\0b", "é"])
def test_a_value_cannot_add_a_header(ask: Any, server: Any, answer: Any, value: str) -> None:
    """Line ends and what no header can hold are refused before anything is sent."""
    server.answers(answer())
    fault = ask(headers={"X-Name": "{{ name }}"}, names={"name": value}).fault
    assert fault.message == "the request cannot be sent: the header 'x-name' holds characters that no header can hold"
    assert server.asked == []


def test_no_cookie_goes_from_one_execution_to_the_next(
    compile_step: Any, execute: Any, server: Any, answer: Any
) -> None:
    """Repetitions are independent."""
    server.answers(answer(headers={"set-cookie": "session=1"}))
    step = compile_step(HttpStep, request={"url": server.url})
    for repetition in (1, 2):
        execute(step, repetition)
    assert all("cookie" not in asked.headers for asked in server.asked)


@pytest.mark.parametrize(
    ("definition", "path"),
    [
        ({"request": {}}, ("request", "url")),
        ({"request": {"url": "ftp://x"}}, ("request", "url")),
        ({"request": {"url": "file://{{ x }}"}, "names": ["x"]}, ("request", "url")),
        ({"request": {"url": "http://x", "method": "FETCH"}}, ("request", "method")),
        ({"request": {"url": "http://x", "json": {}, "body": "x"}}, ("request",)),
        ({"request": {"url": "http://x", "heades": {}}}, ("request", "heades")),
        ({"request": {"url": "http://x", "json": {"a": ["{{ no }}"]}}}, ("request", "json", "a", 0)),
        ({"request": {"url": "http://x", "headers": {"a": "${PEEL_TEST_NOT_SET}"}}}, ("request", "headers")),
        ({"request": {"url": "http://x"}, "parameters": {"extract": "$.a["}}, ("parameters", "extract")),
        ({"request": {"url": "http://x"}, "parameters": {"extract": ""}}, ("parameters", "extract")),
        ({"request": {"url": "http://x"}, "parameters": {"extract": "a.b"}}, ("parameters", "extract")),
        ({"request": {"url": "http://x"}, "parameters": {"timeout_s": 0}}, ("parameters", "timeout_s")),
        ({"request": {"url": "http://x"}, "parameters": {"retries": -1}}, ("parameters", "retries")),
    ],
    ids=str,
)
def test_a_wrong_definition_is_a_problem_at_its_place(problems_of: Any, definition: Any, path: Any) -> None:
    """Addresses, methods, templates, secrets that are not set and JSONPaths are checked before anything is sent."""
    assert [problem[0] for problem in problems_of(HttpStep, **definition)] == [path]


def test_a_secret_that_is_not_set_is_named(problems_of: Any) -> None:
    """The problem says which variable to set."""
    found = problems_of(HttpStep, request={"url": "http://x/${PEEL_TEST_NOT_SET}"})
    assert "the environment variable PEEL_TEST_NOT_SET is not set" in found[0][1]
