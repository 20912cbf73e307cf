"""Personal data: what peel.yaml names never reaches the store, and a user is found although only a hash is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from peel.errors import FeedbackError
from peel.feedback.entries import interaction_of, rating_of
from peel.feedback.intake import Feedback
from peel.feedback.redaction import REDACTED
from peel.records.feedback import StoredInteraction

SENT: dict[str, Any] = {
    "id": "i1",
    "messages": [
        {"role": "user", "content": "I am Ann Lee", "name": "ann"},
        {"role": "assistant", "content": "Hello"},
    ],
    "output": {"answer": "Dear Ann Lee", "draft": {"to": "ann@example.com"}},
    "steps": [{"step": "look_up", "request": {"customer": "Ann Lee"}, "output": ["Ann Lee", 5]}],
    "user": "ann@example.com",
    "metadata": {"email": "ann@example.com", "deep": {"phone": "+49 170 1234567"}, "a.b": "Ann Lee", "plan": "gold"},
}


def stored(feedback: Feedback, sent: dict[str, Any] = SENT, comment: str = "") -> StoredInteraction:
    """What the store has of an interaction and its rating."""
    feedback.add([interaction_of(sent)], [rating_of({"interaction": sent["id"], "stars": 4, "comment": comment})])
    found = feedback.reader.interaction(sent["id"])
    assert found is not None
    return found


def test_named_fields_are_gone_before_anything_is_stored(
    opened: Callable[..., Feedback], stored_bytes: Callable[[], bytes]
) -> None:
    """In every message and step, at any depth, also where a key has dots of its own; the rest stays."""
    paths = ["messages.content", "messages.name", "output.answer", "output.draft.to", "steps.request.customer"]
    paths += ["steps.output", "user", "metadata.email", "metadata.deep", "metadata.a.b", "metadata.missing", "comment"]
    found = stored(opened(redact=paths), comment="Ann Lee was here")
    one = found.interaction
    assert [message.model_dump() for message in one.messages or ()] == [
        {"role": "user", "content": REDACTED, "name": REDACTED},
        {"role": "assistant", "content": REDACTED},
    ]
    assert one.output == {"answer": REDACTED, "draft": {"to": REDACTED}}
    assert one.metadata == {"email": REDACTED, "deep": REDACTED, "a.b": REDACTED, "plan": "gold"}
    assert one.user is None
    assert found.ratings[0].rating.comment == REDACTED
    kept = stored_bytes()
    assert b"gold" in kept
    for personal in (b"Ann Lee", b"ann@", b"1234567"):
        assert personal not in kept


def test_a_hashed_user_is_the_same_user_and_can_be_forgotten(
    opened: Callable[..., Feedback], stored_bytes: Callable[[], bytes]
) -> None:
    """By the name that the application knows; nobody else is forgotten."""
    feedback = opened(hash=["user", "metadata.email"])
    users = [
        stored(feedback, {**SENT, "id": name, "user": user, "output": None, "metadata": {"email": user}}).interaction
        for name, user in [("i1", "ann@example.com"), ("i2", "ann@example.com"), ("i3", "bob@example.com")]
    ]
    assert users[0].user == users[1].user != users[2].user
    assert users[0].user == users[0].metadata["email"]
    assert users[0].user is not None
    assert users[0].user.startswith("hash:")
    assert feedback.forget("ann@example.com").interactions == 2
    assert feedback.forget("nobody").interactions == 0
    assert feedback.reader.tally().interactions == 1
    assert b"@example.com" not in stored_bytes()


def test_who_was_stored_by_name_is_forgotten_too(opened: Callable[..., Feedback]) -> None:
    """Hashing may have been asked for later."""
    stored(opened())
    assert opened(hash=["user"]).forget("ann@example.com").interactions == 1


def test_the_key_of_the_hashes_is_the_environments(
    opened: Callable[..., Feedback], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another key gives other hashes; one that is not set is an error before anything is stored."""
    monkeypatch.setenv("PEEL_TEST_HASH_KEY", "one")
    first = stored(opened(hash=["user"], hash_key="${PEEL_TEST_HASH_KEY}")).interaction.user
    monkeypatch.setenv("PEEL_TEST_HASH_KEY", "two")
    second = stored(opened(hash=["user"], hash_key="${PEEL_TEST_HASH_KEY}"), {**SENT, "id": "i2"}).interaction.user
    assert first != second
    monkeypatch.delenv("PEEL_TEST_HASH_KEY")
    with pytest.raises(
        FeedbackError, match=r"'hash_key' of 'feedback' in peel\.yaml .*'PEEL_TEST_HASH_KEY', .* not set"
    ):
        opened(hash_key="${PEEL_TEST_HASH_KEY}")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("write to ann.lee+x@mail.example.co.uk, please", f"write to {REDACTED}, please"),
        ("mailto:a@b.de?x", f"mailto:{REDACTED}?x"),
        ("call +49 (170) 123-4567 or 0170/1234567.", f"call {REDACTED} or {REDACTED}."),
        ("tel:+491701234567", f"tel:{REDACTED}"),
        ("hold it 3 seconds, 10 times; model AR83 costs 1299.00", None),
        ("on 2026-01-05 at 10:30, order 4711-0815", None),
        ("me @ home, 5 @ 3", None),
    ],
)
def test_addresses_and_numbers_are_blacked_out_where_that_is_asked_for(
    opened: Callable[..., Feedback], text: str, kept: str | None
) -> None:
    """In every text, in comments too; what only resembles them stays."""
    feedback = opened(patterns=["email", "phone"])
    sent = {"id": "i1", "input": text, "output": [text], "steps": [{"step": "s", "output": {"x": text}}]}
    found = stored(feedback, {**sent, "metadata": {"note": text, "n": 5}}, comment=text)
    expected = text if kept is None else kept
    assert found.interaction.input == expected
    assert found.interaction.output == [expected]
    assert found.interaction.steps[0].output == {"x": expected}
    assert found.interaction.metadata == {"note": expected, "n": 5}
    assert found.ratings[0].rating.comment == expected


def test_nothing_is_changed_that_nobody_named(opened: Callable[..., Feedback]) -> None:
    """Without a section `feedback` what was sent is what is stored."""
    assert stored(opened(), comment="ann@example.com").interaction.metadata == SENT["metadata"]


def test_hostile_text_does_not_hold_up_the_patterns(opened: Callable[..., Feedback]) -> None:
    """A megabyte of what almost matches takes seconds at most."""
    feedback = opened(patterns=["email", "phone"])
    began = time.process_time()
    for number, text in enumerate(("a" * 900_000 + "@", "0" * 900_000, "a@b" * 300_000, "a@" + "b." * 400_000)):
        stored(feedback, {"id": f"i{number}", "input": text})
    assert time.process_time() - began < 30


def test_a_comment_that_grows_by_redaction_is_cut_and_can_be_read(opened: Callable[..., Feedback]) -> None:
    """What stands for an address is longer than a short one."""
    feedback = opened(patterns=["email"])
    found = stored(feedback, {"id": "i1", "input": "y"}, "a@b.cc " * 1400)
    assert len(found.ratings[0].rating.comment) == 10_000
    assert found.ratings[0].rating.comment.startswith(REDACTED)


def test_what_grows_too_large_by_redaction_is_refused(opened: Callable[..., Feedback]) -> None:
    """With a sentence, and nothing of it is stored."""
    feedback = opened(redact=["output.x"])
    sent = {"id": "i1", "input": "y", "output": [{"x": 1}] * 120_000}
    with pytest.raises(FeedbackError, match="does not fit once it is redacted; send less of it"):
        stored(feedback, sent)
    assert feedback.reader.tally().interactions == 0


def test_what_is_redacted_otherwise_today_is_replaced_when_it_is_sent_again(opened: Callable[..., Feedback]) -> None:
    """Stored content follows a stricter peel.yaml once its sender repeats it."""
    stored(opened())
    found = stored(opened(redact=["metadata.email"]))
    assert found.interaction.metadata["email"] == REDACTED
    assert found.version == 2
