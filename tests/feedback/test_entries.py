"""What may be sent: interactions and ratings, their bounds, and the sentence that each wrong one gets."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic_core import from_json

from peel.errors import FeedbackError
from peel.feedback.entries import interaction_of, rating_of
from peel.feedback.values import read_text, value_of

NOW = 1_767_225_600.0
ASKED = {"id": "i1", "input": "How do I reset my router?"}


def nested(depth: int) -> list[Any]:
    """A list in a list in a list."""
    made: list[Any] = []
    for _ in range(depth):
        made = [made]
    return made


@pytest.mark.parametrize(
    ("kind", "original", "value"),
    [
        *(("stars", stars, (stars - 1) / 4) for stars in range(1, 6)),
        ("slider", 0, 0.0),
        ("slider", 0.37, 0.37),
        ("slider", 1, 1.0),
        ("smiley", "sad", 0.0),
        ("smiley", "neutral", 0.5),
        ("smiley", "happy", 1.0),
        ("thumbs", "down", 0.0),
        ("thumbs", "up", 1.0),
    ],
)
def test_each_rating_is_a_value_and_keeps_what_it_was(kind: str, original: Any, value: float) -> None:
    """The value is what reports count; the original stays beside it."""
    rating = rating_of({"interaction": "i1", kind: original})
    assert (rating.kind, rating.original, rating.value) == (kind, original, value)


@pytest.mark.parametrize(
    ("kind", "original", "message"),
    [
        ("stars", 0, "'stars' must be a whole number from 1 to 5, not 0"),
        ("stars", 6, "not 6"),
        ("stars", 4.5, r"not 4\.5"),
        ("stars", "5", "not '5'"),
        ("stars", True, "not True"),
        ("stars", 10**400, "'stars' must be a whole number"),
        ("stars", [5], r"not \[5\]"),
        ("slider", 1.01, "'slider' must be a number from 0 to 1"),
        ("slider", float("nan"), "not nan"),
        ("slider", float("inf"), "not inf"),
        ("smiley", "angry", "'smiley' must be 'sad', 'neutral' or 'happy', not 'angry'"),
        ("smiley", 1, "not 1"),
        ("thumbs", "x" * 10_000, "'thumbs' must be 'up' or 'down', not 'xxx"),
    ],
)
def test_no_other_rating_is_taken(kind: str, original: Any, message: str) -> None:
    """What is almost right is not guessed at, and a message stays short."""
    with pytest.raises(FeedbackError, match=message) as caught:
        rating_of({"interaction": "i1", kind: original})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"stars": 5}, "has no 'interaction'"),
        ({"interaction": "i1"}, "a rating is one of stars, slider, smiley, thumbs; this one has none of them"),
        ({"interaction": "i1", "stars": 5, "thumbs": "up"}, "this one has stars and thumbs"),
        ({"interaction": "i1", "stars": 5, "comment": "a\x00"}, "'comment' must be text of at most 10,000"),
        ({"interaction": "i1", "stars": 5, "comment": "\ud800"}, "'comment' must be text"),
        ({"interaction": "i1", "stars": 5, "comment": "x" * 10_001}, "'comment' must be text of at most 10,000"),
        ({"interaction": "i" * 201, "stars": 5}, "'interaction' must be text of 1 to 200 characters"),
        ({"interaction": "i1", "stras": 5}, "unknown field 'stras' of a rating; did you mean 'stars'"),
        ("stars", "a rating must be a mapping of its fields, not 'stars'"),
    ],
)
def test_a_wrong_rating_is_a_sentence(sent: Any, message: str) -> None:
    """It names the field, what is allowed and what was found."""
    with pytest.raises(FeedbackError, match=message):
        rating_of(sent)


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"input": "x"}, "the interaction has no 'id'"),
        ({"id": "i1"}, "it has neither input nor messages"),
        ({**ASKED, "messages": [{"role": "user", "content": "x"}]}, "it has both input and messages"),
        ({**ASKED, "id": "i\n1"}, "'id' must be text of 1 to 200 characters without control characters"),
        ({**ASKED, "id": 7}, "'id' must be text"),
        ({**ASKED, "input": "a\x00b"}, "'input' must be text of at most 1,000,000 characters without U"),
        ({**ASKED, "input": "\udfff"}, "'input' must be text"),
        ({**ASKED, "input": "x" * 1_000_001}, r"'input' .* \(1,000,001 characters\)"),
        ({**ASKED, "output": "x" * 1_000_001}, "it is larger than 1,000,000 bytes"),
        ({**ASKED, "output": {"text": "\x00"}}, r"text may not hold the character U\+0000"),
        ({**ASKED, "metadata": {"k": float("nan")}}, "a number without a value"),
        ({**ASKED, "metadata": {"k": "\ud800"}}, "it holds what JSON cannot"),
        ({**ASKED, "metadata": {"k": nested(900)}}, "'metadata' must be a mapping of what JSON can hold"),
        ({**ASKED, "metadata": [1]}, "'metadata' must be a mapping of what JSON can hold, not a list of 1"),
        ({**ASKED, "scenario": "s" * 101}, "'scenario' must be text of 1 to 100 characters"),
        ({**ASKED, "channel": ""}, "'channel' must be text of 1 to 100 characters"),
        ({"id": "i1", "messages": []}, "'messages' must be a list of 1 to 1000 messages"),
        ({"id": "i1", "messages": [{"content": "x"}]}, r"messages\.0\.role: field required"),
        ({**ASKED, "steps": [{"name": "answer"}]}, "'steps' must be a list of at most 1000 steps"),
        ({**ASKED, "senario": "telco"}, "unknown field 'senario' of an interaction; did you mean 'scenario'"),
        ({**ASKED, "at": NOW, "time": NOW}, "'at' of an interaction is given twice"),
        ({**ASKED, "at": "yesterday"}, "'at' must be seconds since 1970 or a time such as 2026-01-31T12:00:00Z"),
        ({**ASKED, "at": -1}, "'at' must be seconds since 1970"),
        ({**ASKED, "at": True}, "'at' must be seconds since 1970"),
        ({**ASKED, "at": 10**400}, "'at' must be seconds since 1970"),
        ({**ASKED, "at": float("nan")}, "'at' must be seconds since 1970"),
        ({**ASKED, "at": NOW * 1000}, "looks like milliseconds: divide it by 1000"),
        ({**ASKED, "at": NOW + 2 * 86400}, "'at' must not be in the future"),
    ],
)
def test_a_wrong_interaction_is_a_sentence(sent: dict[str, Any], message: str) -> None:
    """Whatever is in it, nothing but a FeedbackError comes of it, and the message can be shown in a terminal."""
    with pytest.raises(FeedbackError, match=message) as caught:
        interaction_of(sent, now=NOW)
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("written", ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2026-01-01", NOW, int(NOW)])
def test_a_time_may_be_written_in_several_ways(written: Any) -> None:
    """Without an offset it is UTC."""
    assert interaction_of({**ASKED, "time": written}, now=NOW).at == NOW


def test_text_that_only_looks_dangerous_is_taken_as_it_is() -> None:
    """Data is data: markup, templates, formulas, escapes written out and words such as NaN."""
    text = '<script>alert(1)</script> {{ 7 * 7 }} =HYPERLINK("x") \\u0000 NaN Infinity \x1b[2J ☎'
    made = interaction_of({**ASKED, "input": text, "metadata": {"said": text, "nothing": None}}, now=NOW)
    assert made.input == text
    assert made.metadata == {"said": text, "nothing": None}


def test_a_conversation_asks_what_its_user_said_last() -> None:
    """Messages keep the keys that only the application knows."""
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "t1"}]},
        {"role": "user", "content": "And my router?"},
        {"role": "assistant", "content": "Reset it."},
    ]
    made = interaction_of({"id": "i1", "messages": messages})
    assert made.asked == "And my router?"
    assert b'"tool_calls":[{"id":"t1"}]' in made.content()


def test_a_rating_without_an_id_has_the_same_one_whenever_it_is_sent() -> None:
    """And another one if it says anything else."""
    sent = {"interaction": "i1", "stars": 4, "comment": "fine", "at": NOW}
    same, other = rating_of(sent, now=NOW), rating_of({**sent, "stars": 5}, now=NOW)
    assert rating_of(sent, now=NOW + 5).id == same.id != other.id
    assert rating_of({**sent, "id": "r1"}, now=NOW).id == "r1"


@pytest.mark.parametrize(
    ("kind", "text", "value"), [("stars", " 4 ", 0.75), ("slider", "0,5", 0.5), ("smiley", "Happy", 1.0)]
)
def test_a_cell_is_read_as_people_write_it(kind: Any, text: str, value: float) -> None:
    """Blanks, a decimal comma and capitals come from sheets."""
    assert value_of(kind, read_text(kind, text)) == value


def test_whatever_is_taken_can_be_read_again() -> None:
    """Lists can be written that are nested too deep to be read: they are refused, and flat ones are not."""
    refused = 0
    for depth in range(150, 260):
        try:
            taken = interaction_of({**ASKED, "metadata": {"k": nested(depth)}}, now=NOW)
        except FeedbackError:
            refused += 1
        else:
            assert from_json(taken.content())["metadata"] == taken.metadata
    assert 0 < refused < 110
    assert interaction_of({**ASKED, "metadata": {"k": [[] for _ in range(5000)]}}).metadata


def test_an_id_that_is_derived_does_not_tell_the_comment() -> None:
    """Which may be redacted: who guesses it finds nothing to try it on."""
    one, other = (rating_of({"interaction": "i1", "stars": 1, "comment": said, "at": 5}) for said in ("a", "b"))
    assert one.id == other.id
    assert one.id != rating_of({"interaction": "i1", "stars": 2, "comment": "a", "at": 5}).id
