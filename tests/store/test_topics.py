"""Topics in the store, on SQLite and PostgreSQL: replaced whole, counted as they are now, gone with the forgotten."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from peel.records.feedback import FeedbackFilter, Interaction, Rating
from peel.store.feedback import FeedbackStore
from peel.store.store import Store
from peel.store.topics import NewTopic


@pytest.fixture
def feedback(store: Store) -> FeedbackStore:
    """Six interactions without a scenario, of three users, with ratings 0, 0.25, 0.5, … and none for the last."""
    opened = store.feedback()
    interactions = [
        Interaction(id=f"i{n}", input=f"text {n}", user=f"user{n // 2}", at=1000.0 + n, channel="web" if n else "app")
        for n in range(6)
    ]
    ratings = [
        Rating(id=f"r{n}", interaction=f"i{n}", kind="stars", original=n + 1, value=n / 4, at=2000.0) for n in range(5)
    ]
    opened.add(interactions, ratings, received=3000.0)
    return opened


def keys_of(feedback: FeedbackStore) -> list[int]:
    """The numbers of the interactions, the oldest first."""
    return [one.key for one in feedback.reader.entries()]


def keep(feedback: FeedbackStore, *topics: Sequence[tuple[int, int]]) -> None:
    """Keep a discovery of topics with these members."""
    made = [NewTopic(f"topic {n}", {"terms": []}, members) for n, members in enumerate(topics)]
    feedback.topics.replace(made, details={"matching": 6}, found=5000.0)


def test_the_newest_unmatched_or_low_rated_are_looked_at(feedback: FeedbackStore) -> None:
    """What is rated below the threshold is looked at, newest first and no more than asked for; waiting is counted."""
    every = feedback.topics.candidates(FeedbackFilter(), low=0.6, most=10)
    assert [one.asked for one in every.found] == ["text 2", "text 1", "text 0"]
    assert (every.matching, every.waiting) == (3, 6)
    some = feedback.topics.candidates(FeedbackFilter(channel=("web",)), low=0.6, most=1)
    assert ([one.asked for one in some.found], some.matching) == (["text 2"], 2)
    key = keys_of(feedback)[5]
    feedback.mapping.write_by_hand("i5", None, by="ann", at=1.0)
    assert all(one.key != key for one in feedback.topics.candidates(FeedbackFilter(), low=0.6, most=10).found)


def test_a_topic_is_counted_from_its_members(feedback: FeedbackStore) -> None:
    """Sizes, texts, users and ratings are those of the members; the most typical of each text comes first."""
    keys = keys_of(feedback)
    keep(feedback, [(keys[3], 0), (keys[1], 1), (keys[0], 1), (keys[5], 2)])
    found = feedback.topics.last(typical=2)
    assert found is not None
    topic = found.topics[0]
    assert (topic.size, topic.texts, topic.users) == (4, 3, 3)
    assert topic.counted.values == {0.0: 1, 0.25: 1, 0.75: 1}
    assert topic.typical == (keys[3], keys[0])


def test_a_discovery_replaces_the_last_one(feedback: FeedbackStore) -> None:
    """Nothing of an earlier discovery stays, save the key and the draft of a topic that is found again."""
    keys = keys_of(feedback)
    keep(feedback, [(key, n) for n, key in enumerate(keys[:3])], [(keys[5], 0)])
    first = feedback.topics.last(typical=1)
    assert first is not None
    feedback.topics.made_draft(first.topics[0].key, "scenarios/bills.yaml")
    keep(feedback, [(keys[4], 0)], [(key, n) for n, key in enumerate(keys[:4])])
    again = feedback.topics.last(typical=1)
    assert again is not None
    assert [one.size for one in again.topics] == [4, 1]
    assert (again.topics[0].key, again.topics[0].draft) == (first.topics[0].key, "scenarios/bills.yaml")
    assert again.topics[1].key not in {one.key for one in first.topics}
    keep(feedback)
    empty = feedback.topics.last(typical=1)
    assert empty is not None
    assert not empty.topics


def test_who_is_forgotten_is_gone_from_topics(feedback: FeedbackStore) -> None:
    """Numbers and typical interactions no longer have them, and a topic without anybody is deleted."""
    keys = keys_of(feedback)
    keep(feedback, [(keys[0], 0), (keys[1], 1), (keys[2], 2)], [(keys[4], 0)])
    feedback.forget(["user0", "user2"])
    found = feedback.topics.last(typical=5)
    assert found is not None
    assert [(one.size, one.typical) for one in found.topics] == [(1, (keys[2],))]


def test_who_is_forgotten_while_topics_are_made_is_in_none(feedback: FeedbackStore) -> None:
    """A discovery that was under way does not bring back what was deleted meanwhile."""
    keys = keys_of(feedback)
    feedback.forget(["user0"])
    keep(feedback, [(keys[0], 0), (keys[2], 1)], [(keys[1], 0)])
    found = feedback.topics.last(typical=5)
    assert found is not None
    assert [one.typical for one in found.topics] == [(keys[2],)]


def test_there_is_nothing_before_the_first_discovery(feedback: FeedbackStore) -> None:
    """Neither a discovery nor a topic."""
    assert feedback.topics.last(typical=1) is None
    assert feedback.topics.topic(1, typical=1) is None
