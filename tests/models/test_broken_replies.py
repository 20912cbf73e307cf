"""Replies that are not what the protocol says: an error with a clear sentence, never a crash, never an empty answer."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from peel.errors import ProtocolError, TransportError
from peel.models.replies import parse_whole


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "not JSON"),
        (b"<html>502</html>", "begins with '<html>502</html>'"),
        (b'{"choices": [{"message": {"content": "cut o', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b"[]", "no JSON object"),
        (b"null", "no JSON object"),
        (b"{}", "no choices"),
        (b'{"choices": []}', "no choices"),
        (b'{"choices": {"a": 1}}', "no list"),
        (b'{"choices": ["x"]}', "first choice is no object"),
        (b'{"choices": [{}]}', "no message"),
        (b'{"choices": [{"message": "x"}]}', "no message"),
        (b'{"choices": [{"message": {}}]}', "no content, and nothing says why"),
        (b'{"choices": [{"message": {"content": null}, "finish_reason": "stop"}]}', "no content"),
        (b'{"choices": [{"message": {"content": 7}}]}', "neither text nor a list"),
        (b'{"choices": [{"message": {"content": [7]}}]}', "a part that is no object"),
        (b'{"choices": [{"message": {"content": [{"type": "text", "text": 7}]}}]}', "whose text is '7'"),
        (b'{"choices": [{"message": {"content": "x", "refusal": 1}}]}', "refusal is no text"),
        (b'{"choices": [{"message": {"content": "x"}, "finish_reason": 3}]}', "finish_reason is no text"),
        (b'{"error": {"message": "model is on fire"}}', "model is on fire"),
    ],
)
def test_a_broken_body_is_a_protocol_error_with_a_sentence(body: bytes, sentence: str) -> None:
    """Each says what was found instead; none is longer than a few lines."""
    with pytest.raises(ProtocolError, match=sentence) as raised:
        parse_whole(body)
    assert len(str(raised.value)) < 500


def test_a_protocol_error_is_not_tried_again(wire: Any) -> None:
    """A bad answer is an answer: only faults of transport are repeated."""
    with pytest.raises(ProtocolError):
        wire.ask(wire.http("no json"), wire.http(wire.completion("second")))


def test_content_as_a_list_of_parts_is_joined(wire: Any) -> None:
    """Some servers answer with parts; only their text counts."""
    parts = [{"type": "text", "text": "Hel"}, {"type": "reasoning", "text": "hm"}, {"type": "text", "text": "lo"}]
    assert wire.ask(wire.http(wire.completion(parts)))[0].text == "Hello"


@pytest.mark.parametrize(
    ("content", "choice", "marks"),
    [
        ("", {}, ("empty",)),
        (" \n", {}, ("empty",)),
        ("half a", {"finish_reason": "length"}, ("truncated",)),
        ("", {"finish_reason": "length"}, ("empty", "truncated")),
        (None, {"finish_reason": "length"}, ("empty", "truncated")),
        ("x", {"finish_reason": "content_filter"}, ("refused",)),
        (None, {"message": {"content": None, "refusal": "I cannot."}}, ("refused",)),
        (None, {"message": {"content": None, "tool_calls": [{}]}}, ("empty",)),
    ],
)
def test_what_is_no_full_answer_is_marked(wire: Any, content: Any, choice: dict[str, Any], marks: tuple[str]) -> None:
    """Empty, cut off and refused are told from wrong."""
    assert wire.ask(wire.http(wire.completion(content, **choice)))[0].marks == marks


def test_reasoning_is_never_the_answer(wire: Any) -> None:
    """A model that only thought has given no text."""
    reply, _ = wire.ask(wire.http(wire.completion(message={"content": "", "reasoning_content": "let me think"})))
    assert (reply.text, reply.marks) == ("", ("empty",))


@pytest.mark.parametrize("usage", ["x", [], {"prompt_tokens": "7"}, {"prompt_tokens": -1, "completion_tokens": True}])
def test_unreadable_usage_is_unknown(wire: Any, usage: Any) -> None:
    """Nonsense counts are no counts, and cost no answer."""
    reply, _ = wire.ask(wire.http(wire.completion() | {"usage": usage}))
    assert (reply.text, reply.usage.tokens_in, reply.usage.tokens_out) == ("hello", None, None)


def test_a_body_of_100_mb_is_an_error_in_bounded_memory(wire: Any) -> None:
    """Reading stops at the bound; the rest is never fetched."""
    huge = wire.http(b" " * 100_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError, match="larger than 16 MiB"):
            wire.ask(huge)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_a_body_cut_off_by_the_connection_is_a_fault_of_transport(wire: Any) -> None:
    """It is tried again like a reset, and the attempts are on the error."""
    cut = wire.http(wire.completion())[:-20]
    with pytest.raises(TransportError, match="in the middle of the answer") as raised:
        wire.ask(cut)
    assert len(raised.value.attempts) == 3


@pytest.mark.parametrize(
    ("events", "done", "sentence"),
    [
        ([], False, "without a single event"),
        ([{"choices": [{"delta": {"content": "Hel"}}]}], False, "cut off"),
        (["{not json"], True, "not JSON"),
        ([{"error": {"message": "overheated"}}], True, "overheated"),
        ([{"choices": [{"delta": {"content": 5}}]}], True, "neither text nor a list"),
    ],
)
def test_a_broken_stream_is_a_protocol_error(wire: Any, events: list[Any], done: bool, sentence: str) -> None:
    """A stream that ends early is not taken for a short answer."""
    with pytest.raises(ProtocolError, match=sentence):
        wire.ask(wire.stream(*events, done=done), stream=True)


def test_an_endless_line_in_a_stream_is_an_error(wire: Any) -> None:
    """An event is bounded, too."""
    with pytest.raises(ProtocolError, match="1 MiB"):
        wire.ask(wire.stream("x" * 3_000_000), stream=True)
