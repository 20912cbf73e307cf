"""Interactions and ratings in the store, on each kind of database: once, early, changed, counted, listed, deleted."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import fmean, variance
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from peel.errors import StoreError
from peel.records.feedback import Added, FeedbackFilter, Interaction, Rating, Removed
from peel.store.feedback import FeedbackStore
from peel.store.feedback_reading import PageRequest
from peel.store.store import Store

DAY = 86400.0
NOW = 20_000 * DAY
PROGRAM = Path(__file__).with_name("add_until_killed.py")


def asked(number: int, **changes: Any) -> Interaction:
    """An interaction, one a minute."""
    given = {"id": f"i{number}", "at": NOW + 60.0 * number, "input": f"How {number}?", "output": "Hold it. ☎"}
    return Interaction.model_validate(given | changes)


def stars(number: int, given: int, *, at: float | None = None, rating: str | None = None) -> Rating:
    """A rating of an interaction, an hour after it where nothing else is said."""
    return Rating(
        id=rating or f"r{number}-{given}",
        interaction=f"i{number}",
        kind="stars",
        original=given,
        value=(given - 1) / 4,
        comment=f"{given} stars",
        at=NOW + 60.0 * number + 3600 if at is None else at,
    )


@pytest.fixture
def feedback(store: Store) -> FeedbackStore:
    """An empty store's feedback."""
    return store.feedback()


def add(
    feedback: FeedbackStore, interactions: Sequence[Interaction] = (), ratings: Sequence[Rating] = ()
) -> dict[str, int]:
    """What adding them changed, without the zeros."""
    added = feedback.add(interactions, ratings, received=NOW + 5 * DAY)
    return {name: count for name, count in added.model_dump().items() if count}


def value(feedback: FeedbackStore, number: int) -> float | None:
    """The value that counts of an interaction that is stored."""
    found = feedback.reader.interaction(f"i{number}")
    assert found is not None
    return found.value


def test_what_was_sent_is_read_back_whole(feedback: FeedbackStore) -> None:
    """Every field, with its ratings."""
    sent = asked(
        1,
        input=None,
        messages=[{"role": "user", "content": "Grüße ☎"}, {"role": "assistant", "content": None, "tool_calls": [1]}],
        output={"text": ["a", None, 1.5]},
        steps=[{"step": "answer", "request": {"q": None}, "output": "x", "latency_s": 0.5}],
        scenario="telco",
        variant="cold",
        app_version="1.2",
        channel="web",
        language="de",
        user="ann",
        metadata={"plan": None, "tags": ["a"]},
    )
    assert add(feedback, [sent], [stars(1, 4)]) == {"new_interactions": 1, "new_ratings": 1}
    found = feedback.reader.interaction("i1")
    assert found is not None
    assert found.interaction.model_dump() == sent.model_dump()
    assert [one.rating for one in found.ratings] == [stars(1, 4)]
    assert (found.value, found.version, found.at, found.received) == (0.75, 1, sent.at, NOW + 5 * DAY)
    assert feedback.reader.interaction("i2") is None


def test_adding_the_same_again_changes_nothing(feedback: FeedbackStore) -> None:
    """A client that did not hear the answer sends again."""
    both = [asked(1), asked(2)], [stars(1, 4), stars(2, 1)]
    add(feedback, *both)
    assert add(feedback, *both) == {"same_interactions": 2, "same_ratings": 2}
    assert feedback.reader.tally().model_dump() == {
        "interactions": 2, "rated": 2, "total": 0.75, "squares": 0.5625, "low": 1,
    }  # fmt: skip


def test_twice_in_one_batch_counts_once(feedback: FeedbackStore) -> None:
    """Of two contents under one id the later one is kept, and the one that it replaced is known."""
    sent = [asked(1), asked(1), asked(1, output="Other."), asked(1)]
    added = add(feedback, sent, [stars(1, 2), stars(1, 2)])
    counts = {"new_interactions": 1, "changed_interactions": 1, "same_interactions": 2}
    assert added == {**counts, "new_ratings": 1, "same_ratings": 1}
    assert add(feedback, [asked(1)]) == {"same_interactions": 1}
    found = feedback.reader.interaction("i1")
    assert found is not None
    assert (found.interaction.output, found.version, found.value) == ("Other.", 2, 0.25)


def test_what_several_hand_in_at_once_is_told_to_each(feedback: FeedbackStore) -> None:
    """In one transaction, in their order; of two that send the same, the first is told that it was new."""
    add(feedback, [asked(1)], [stars(1, 2)])
    handed_in = [
        ([asked(2), asked(1)], [stars(1, 2), stars(2, 5)]),
        ([], []),
        ([asked(2), asked(1, output="Other.")], [stars(2, 5), stars(2, 3, at=NOW + DAY)]),
    ]
    first, second, third = feedback.add_each(handed_in, received=NOW + 5 * DAY)
    assert first == Added(new_interactions=1, same_interactions=1, new_ratings=1, same_ratings=1)
    assert second == Added()
    assert third == Added(changed_interactions=1, same_interactions=1, new_ratings=1, same_ratings=1)
    assert (value(feedback, 1), value(feedback, 2)) == (0.25, 0.5)


def test_an_empty_batch_is_nothing(feedback: FeedbackStore) -> None:
    """And an empty store has no numbers, not zeros that look like some."""
    assert feedback.add([], [], received=NOW) == Added()
    tally = feedback.reader.tally()
    assert (tally.interactions, tally.mean, tally.variance, tally.share_rated, tally.share_low) == (0, *[None] * 4)
    limits = feedback.reader.limits()
    assert (limits.interactions, limits.first, limits.last) == (0, None, None)
    assert feedback.reader.tallies(("day",)) == {}
    assert feedback.reader.page().entries == ()
    assert sum(feedback.reader.histogram()) == 0


def test_content_that_differs_replaces_what_was_there(feedback: FeedbackStore) -> None:
    """The rating stays; what was replaced does not come back when it is sent late."""
    first, second = asked(1, scenario="telco"), asked(1, scenario="billing", output="Other.")
    add(feedback, [first], [stars(1, 5)])
    assert add(feedback, [second]) == {"changed_interactions": 1}
    assert add(feedback, [first, second]) == {"same_interactions": 2}
    assert add(feedback, [first]) == {"same_interactions": 1}
    found = feedback.reader.interaction("i1")
    assert found is not None
    assert (found.interaction.output, found.version, found.value) == ("Other.", 2, 1.0)
    assert feedback.reader.tallies(("scenario",)).keys() == {("billing",)}


def test_a_rating_may_come_before_its_interaction(feedback: FeedbackStore) -> None:
    """It counts once the interaction is there; of several the last one."""
    assert add(feedback, [], [stars(1, 5), stars(1, 2, at=NOW + DAY), stars(2, 4)]) == {"new_ratings": 3}
    assert feedback.reader.tally().interactions == 0
    add(feedback, [asked(1)])
    assert value(feedback, 1) == 0.25
    assert feedback.reader.tally().rated == 1


def test_the_last_rating_counts_and_all_are_kept(feedback: FeedbackStore) -> None:
    """The last by its own time: one that arrives late does not win, and the sender's id may be the same."""
    add(feedback, [asked(1)], [stars(1, 5, at=NOW + 10, rating="mine")])
    add(feedback, [], [stars(1, 1, at=NOW + 30, rating="mine")])
    assert value(feedback, 1) == 0.0
    assert add(feedback, [], [stars(1, 3, at=NOW + 20)]) == {"new_ratings": 1}
    assert value(feedback, 1) == 0.0
    assert add(feedback, [], [stars(1, 5, at=NOW + 10, rating="mine")]) == {"same_ratings": 1}
    found = feedback.reader.interaction("i1")
    assert found is not None
    assert [one.rating.original for one in found.ratings] == [5, 3, 1]
    assert feedback.reader.tally().rated == 1


def test_of_ratings_at_one_moment_the_one_that_arrived_last_counts(feedback: FeedbackStore) -> None:
    """Within a batch, too."""
    add(feedback, [asked(1)], [stars(1, 5, at=NOW), stars(1, 2, at=NOW)])
    assert value(feedback, 1) == 0.25
    add(feedback, [], [stars(1, 4, at=NOW)])
    assert value(feedback, 1) == 0.75


def test_times_that_nobody_gave_are_those_of_arrival(feedback: FeedbackStore) -> None:
    """And a retry, which arrives later, is still the same."""
    sent, rating = asked(1, at=None), stars(1, 4).model_copy(update={"at": None})
    feedback.add([sent], [rating], received=NOW)
    assert feedback.add([sent], [rating], received=NOW + 60) == Added(same_interactions=1, same_ratings=1)
    found = feedback.reader.interaction("i1")
    assert found is not None
    assert (found.at, found.ratings[0].at) == (NOW, NOW)
    feedback.add([asked(1, at=None, output="Other.")], [], received=NOW + 60)
    assert feedback.reader.page().entries[0].at == NOW


@pytest.mark.parametrize("original", [0.0, 1.0, 0.1 + 0.2, 1e-300, 0.123456789])
def test_a_slider_keeps_what_it_was(feedback: FeedbackStore, original: float) -> None:
    """The original to the last digit, also where counts are made with five."""
    rating = Rating(id="r", interaction="i1", kind="slider", original=original, value=original, at=NOW)
    add(feedback, [asked(1)], [rating])
    found = feedback.reader.interaction("i1")
    assert found is not None
    assert found.ratings[0].rating == rating
    assert found.value == pytest.approx(original, abs=5e-6)
    assert feedback.reader.page().entries[0].original == original


def test_hostile_text_is_kept_as_it_is(feedback: FeedbackStore) -> None:
    """What would end a row, a statement or a path of the database is text like any other."""
    text = 'a\tb\\nc\\.\n\'); DROP TABLE ratings;-- \\N {1,2} "q" %s :x \x01 \U0001f600'
    sent = asked(1, input=text, metadata={text: text}, scenario="s'); --\\", user="\\N")
    add(feedback, [sent], [stars(1, 5).model_copy(update={"comment": text})])
    add(feedback, [sent.model_copy(update={"output": text})])
    found = feedback.reader.interaction("i1")
    assert found is not None
    assert found.interaction == sent.model_copy(update={"output": text})
    assert found.ratings[0].rating.comment == text
    assert feedback.forget(["\\N"]).interactions == 1


def filled(feedback: FeedbackStore, count: int = 400) -> list[tuple[Interaction, float | None]]:
    """Interactions over ten days, about half of them rated; each with the value that counts."""
    chosen = random.Random(5)
    made = []
    for number in range(count):
        one = asked(
            number,
            at=NOW + number * 10 * DAY / count,
            scenario=chosen.choice(["telco", "billing", None]),
            app_version=chosen.choice(["1.0", "1.1"]),
            channel=chosen.choice(["web", "mail"]),
            user=f"user {number % 7}",
        )
        made.append((one, stars(number, chosen.randint(1, 5)) if chosen.random() < 0.5 else None))
    add(feedback, [one for one, _ in made], [rating for _, rating in made if rating])
    return [(one, rating.value if rating else None) for one, rating in made]


def test_counts_are_those_of_the_interactions(feedback: FeedbackStore) -> None:
    """For every group and filter the same as counting by hand."""
    made = filled(feedback)
    values = [value for _, value in made if value is not None]
    tally = feedback.reader.tally(low=0.5)
    assert (tally.interactions, tally.rated, tally.low) == (400, len(values), sum(value < 0.5 for value in values))
    assert tally.mean == pytest.approx(fmean(values), abs=1e-12)
    assert tally.variance == pytest.approx(variance(values), abs=1e-9)
    for names in [("day",), ("scenario",), ("scenario", "app_version"), ("day", "channel")]:
        found = feedback.reader.tallies(names)  # type: ignore[arg-type]  # names of groups
        by_hand: dict[tuple[Any, ...], list[float | None]] = {}
        for one, rated in made:
            group = tuple(int((one.at or 0) // DAY) if name == "day" else getattr(one, name) for name in names)
            by_hand.setdefault(group, []).append(rated)
        assert found.keys() == by_hand.keys()
        for group, rated_ones in by_hand.items():
            counted = [one for one in rated_ones if one is not None]
            assert (found[group].interactions, found[group].rated) == (len(rated_ones), len(counted))
            assert found[group].total == sum(counted)
    assert feedback.reader.histogram(bins=4) == tuple(
        sum(min(int(value * 4), 3) == place for value in values) for place in range(4)
    )


@pytest.mark.parametrize(
    ("wanted", "is_wanted"),
    [
        (FeedbackFilter(scenario=("telco",)), lambda one, rated: one.scenario == "telco"),
        (FeedbackFilter(scenario=(None,)), lambda one, rated: one.scenario is None),
        (FeedbackFilter(scenario=(None, "billing")), lambda one, rated: one.scenario != "telco"),
        (FeedbackFilter(since=NOW + 2 * DAY, until=NOW + 3 * DAY), lambda one, rated: 2 <= (one.at - NOW) / DAY < 3),
        (
            FeedbackFilter(channel=("web",), app_version=("1.1",)),
            lambda one, rated: (one.channel, one.app_version) == ("web", "1.1"),
        ),
        (FeedbackFilter(rated=True), lambda one, rated: rated is not None),
        (FeedbackFilter(rated=False), lambda one, rated: rated is None),
        (FeedbackFilter(scenario=("x' OR 1=1 --",)), lambda one, rated: False),
    ],
)
def test_a_filter_takes_what_it_says(feedback: FeedbackStore, wanted: FeedbackFilter, is_wanted: Any) -> None:
    """In counts and in lists alike."""
    ids = [one.id for one, rated in filled(feedback) if is_wanted(one, rated)]
    assert feedback.reader.tally(wanted).interactions == len(ids)
    assert [entry.interaction.id for entry in feedback.reader.entries(wanted, at_once=7)] == ids


@pytest.mark.parametrize("sort", ["newest", "oldest", "lowest", "highest"])
def test_pages_lead_through_everything_once(feedback: FeedbackStore, sort: Any) -> None:
    """In the order that is asked for, unrated ones last where it is one of ratings."""
    made = filled(feedback, 120)
    seen: list[Any] = []
    behind = None
    while True:
        page = feedback.reader.page(request=PageRequest(sort, behind, 17))
        seen += page.entries
        behind = page.next
        if behind is None:
            break
        assert len(page.entries) == 17
    assert sorted(entry.interaction.id for entry in seen) == sorted(one.id for one, _ in made)
    if sort in ("newest", "oldest"):
        times = [entry.at for entry in seen]
        assert times == sorted(times, reverse=sort == "newest")
        return
    values = [entry.value for entry in seen]
    rated = [one for one in values if one is not None]
    assert rated == sorted(rated, reverse=sort == "highest")
    assert values[len(rated) :] == [None] * (len(values) - len(rated))


def test_what_there_is_to_choose_from(feedback: FeedbackStore) -> None:
    """The limits of the time and each label's values by name."""
    add(feedback, [asked(number, scenario=f"s{number % 2}" if number else None, channel="web") for number in range(4)])
    limits = feedback.reader.limits()
    assert (limits.interactions, limits.first, limits.last) == (4, NOW, NOW + 180)
    assert limits.labels["scenario"] == (None, "s0", "s1")
    assert limits.labels["channel"] == ("web",)
    assert limits.labels["language"] == (None,)


def test_a_user_is_forgotten_with_all_ratings(feedback: FeedbackStore) -> None:
    """And nobody else; a key is not given twice, whatever was deleted."""
    add(feedback, [asked(1, user="bob"), asked(2, user="ann"), asked(3, user="ann")], [stars(1, 5), stars(2, 1)])
    add(feedback, [], [stars(3, 2), stars(9, 2)])
    newest = feedback.reader.page().entries[0].key
    assert feedback.forget(["ann", "an%", "_"]) == Removed(interactions=2, ratings=2)
    assert feedback.forget(["ann"]) == Removed()
    assert [entry.interaction.user for entry in feedback.reader.entries()] == ["bob"]
    assert value(feedback, 1) == 1.0
    add(feedback, [asked(4)])
    assert feedback.reader.page().entries[0].key > newest


@pytest.mark.parametrize("way", ["forget", "expire"])
def test_nothing_that_was_deleted_is_left_in_a_file(open_store: Any, tmp_path: Path, way: str) -> None:
    """SQLite writes to a log first, and a server that has the store open keeps it."""
    feedback, server = open_store().feedback(), open_store().feedback()
    add(feedback, [asked(number, user="ann", input=f"SECRET {number}") for number in range(200)], [stars(3, 1)])
    add(server, [asked(300, user="bob", at=NOW + 9 * DAY)], [stars(300, 5)])
    assert server.reader.tally().interactions == 201
    removed = feedback.forget(["ann"]) if way == "forget" else feedback.expire(NOW + DAY)
    assert removed == Removed(interactions=200, ratings=1)
    files = {path.name: path.read_bytes() for path in (tmp_path / ".peel").iterdir()}
    assert "peel.db-wal" in files
    assert [name for name, content in files.items() if b"SECRET" in content or b"1 stars" in content] == []
    assert server.reader.tally().interactions == 1


def test_a_reader_that_keeps_the_log_is_told(open_store: Any, tmp_path: Path) -> None:
    """The rows are gone all the same, and the same call empties the log once the reader is done."""
    feedback = open_store().feedback()
    add(feedback, [asked(1, user="ann", input="SECRET")])
    with create_engine(f"sqlite:///{tmp_path}/.peel/peel.db").connect() as reader:
        reader.exec_driver_sql("BEGIN")
        assert reader.scalar(text("SELECT count(*) FROM interactions")) == 1
        assert feedback.forget(["ann"]) == Removed(interactions=1, left_in_log=True)
        reader.rollback()
        assert feedback.forget(["ann"]) == Removed()
    assert not any(b"SECRET" in path.read_bytes() for path in (tmp_path / ".peel").iterdir())


def test_what_is_too_old_goes(feedback: FeedbackStore) -> None:
    """Interactions by their own time with their ratings, and old ratings that never found their interaction."""
    add(feedback, [asked(number, at=NOW + number * DAY) for number in range(5)], [stars(0, 5), stars(4, 5)])
    add(feedback, [], [stars(8, 1, at=NOW), stars(9, 1, at=NOW + 4 * DAY)])
    assert feedback.expire(NOW + 2 * DAY) == Removed(interactions=2, ratings=2)
    assert [entry.interaction.id for entry in feedback.reader.entries()] == ["i2", "i3", "i4"]
    add(feedback, [asked(8), asked(9)])
    assert (value(feedback, 8), value(feedback, 9)) == (None, 0.0)


def test_a_batch_that_fails_is_not_stored_in_part(feedback: FeedbackStore) -> None:
    """All or nothing: whoever hears an error may send everything again."""
    broken = stars(1, 5).model_copy(update={"kind": None})
    with pytest.raises(StoreError):
        add(feedback, [asked(1)], [broken])
    assert feedback.reader.tally().interactions == 0
    assert add(feedback, [asked(1)], [stars(1, 5)]) == {"new_interactions": 1, "new_ratings": 1}


def test_many_may_add_at_once(open_store: Any, store_url: str) -> None:
    """Ratings and interactions that arrive at the same moment find each other."""
    feedback = open_store(store_url, lock_timeout_s=60).feedback()

    def adding(number: int) -> None:
        if number % 2:
            add(feedback, [asked(one) for one in range(number // 2, number // 2 + 5)])
        else:
            add(feedback, [], [stars(one, 4) for one in range(number // 2, number // 2 + 5)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(adding, range(20)))
    tally = feedback.reader.tally()
    assert (tally.interactions, tally.rated, tally.mean) == (14, 14, 0.75)


def test_nothing_that_was_acknowledged_is_lost_in_a_kill(store: Store, store_url: str, tmp_path: Path) -> None:
    """A killed process leaves whole batches, and the store takes new ones at once."""
    command = [sys.executable, str(PROGRAM), store_url, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(5)]
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().splitlines(keepends=True)
    acknowledged += [int(line) for line in rest if line.endswith("\n")]
    reader = store.feedback().reader
    found = {entry.interaction.id: entry.value for entry in reader.entries()}
    assert {f"i{number}-{place}" for number in acknowledged for place in range(20)} <= found.keys()
    assert len(found) % 20 == 0
    assert set(found.values()) == {0.75}
    assert add(store.feedback(), [asked(1)]) == {"new_interactions": 1}


def test_a_secret_is_made_once(store: Store, open_store: Any, store_url: str) -> None:
    """All processes hash with the same one."""
    assert store.feedback().secret() == open_store(store_url).feedback().secret()
    assert len(store.feedback().secret()) == 64
