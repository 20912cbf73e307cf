"""Watching ratings in the store, on each kind of database: each rating once, whenever it is ready."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from peel.records.feedback import Interaction, Rating
from peel.records.production import Alarm
from peel.store.alarms import HELD_BACK_S, Arrived, Watched
from peel.store.feedback import FeedbackStore
from peel.store.store import Store

NOW = 20_000 * 86400.0


@pytest.fixture
def feedback(store: Store) -> FeedbackStore:
    """An empty store's feedback."""
    return store.feedback()


def asked(number: int, scenario: str | None = "telco") -> Interaction:
    """An interaction."""
    return Interaction(id=f"i{number}", at=NOW + number, input="How?", scenario=scenario)


def rated(number: int, value: float, *, rating: str = "", at: float | None = None) -> Rating:
    """A rating of an interaction."""
    given = {"id": rating or f"r{number}", "interaction": f"i{number}", "kind": "slider", "original": value}
    return Rating.model_validate({**given, "value": value, "at": NOW + number if at is None else at})


class Seeing:
    """Watches by writing down what it is given; raises an alarm at each rating of 0."""

    def __init__(self) -> None:
        self.seen: list[tuple[str | None, float]] = []

    def __call__(self, arrived: Arrived, state: str | None) -> Watched:
        values = arrived.values.tolist()
        self.seen += [(arrived.scenario, value) for value in values]
        zeros = [at for at, value in zip(arrived.at.tolist(), values, strict=True) if value == 0]
        return f"{state or ''}{len(values)};", [alarm(arrived.scenario, at) for at in zeros]


def alarm(scenario: str | None, at: float) -> Alarm:
    """An alarm on a rating given at a moment."""
    return Alarm(
        key=0,
        scenario=scenario,
        direction="drop",
        at=at,
        raised=0,
        baseline=0.6,
        before=0.7,
        n_before=100,
        after=0.2,
        n_after=9,
        evidence=1200,
        run_length=1000,
    )


def look(feedback: FeedbackStore, *, later: float = 60.0, at_once: int = 100) -> list[tuple[str | None, float]]:
    """What one look sees, so many seconds after everything arrived."""
    seeing = Seeing()
    feedback.alarms.watch(seeing, now=NOW + later, at_once=at_once)
    return seeing.seen


def test_each_rating_is_seen_once_in_the_order_it_arrived(feedback: FeedbackStore) -> None:
    """By scenario, in as many transactions as it takes; the next look sees what came since."""
    feedback.add([asked(n, "a" if n % 2 else None) for n in range(5)], [rated(n, n / 10) for n in (4, 3, 2, 1, 0)],
                 received=NOW)  # fmt: skip
    assert [one for one in look(feedback, at_once=2) if one[0] == "a"] == [("a", 0.3), ("a", 0.1)]
    assert look(feedback) == []
    feedback.add([asked(6, "a")], [rated(6, 0.6)], received=NOW)
    assert look(feedback) == [("a", 0.6)]


def test_a_changed_rating_is_no_second_user(feedback: FeedbackStore) -> None:
    """The first rating that arrived counts, whether the change comes before the look or after it."""
    feedback.add([asked(1)], [rated(1, 0.9)], received=NOW)
    feedback.add([], [rated(1, 0.1, rating="again", at=NOW + 50)], received=NOW)
    assert look(feedback) == [("telco", 0.9)]
    feedback.add([], [rated(1, 0.2, rating="and again", at=NOW + 55)], received=NOW)
    assert look(feedback) == []


def test_a_rating_waits_for_its_interaction_and_does_not_hold_up_others(feedback: FeedbackStore) -> None:
    """It is seen once the interaction is there; without one for an hour it counts for nothing."""
    feedback.add([asked(2)], [rated(1, 0.1), rated(2, 0.2), rated(3, 0.3)], received=NOW)
    assert look(feedback) == [("telco", 0.2)]
    feedback.add([asked(1)], [], received=NOW + 30)
    assert look(feedback) == [("telco", 0.1)]
    assert look(feedback, later=HELD_BACK_S + 1) == []
    feedback.add([asked(3)], [], received=NOW + HELD_BACK_S + 2)
    assert look(feedback, later=HELD_BACK_S + 60) == []


def test_an_interaction_that_is_not_mapped_waits_an_hour_and_then_has_no_scenario(feedback: FeedbackStore) -> None:
    """What is mapped later is not seen again."""
    feedback.add([asked(1, None), asked(2, None)], [rated(1, 0.1), rated(2, 0.2)], received=NOW)
    assert look(feedback) == []
    assert look(feedback, later=HELD_BACK_S + 1) == [(None, 0.1), (None, 0.2)]
    assert look(feedback, later=HELD_BACK_S + 2) == []


def test_what_was_forgotten_meanwhile_is_not_seen(feedback: FeedbackStore) -> None:
    """Held back or new, a rating that is gone counts for nothing, and is not waited for."""
    person = asked(1, None).model_copy(update={"user": "ann"})
    feedback.add([person, asked(2)], [rated(1, 0.1), rated(2, 0.2)], received=NOW)
    assert look(feedback) == [("telco", 0.2)]
    feedback.forget(["ann"])
    assert look(feedback, later=HELD_BACK_S + 1) == []


def test_a_look_that_was_killed_leaves_nothing_behind(feedback: FeedbackStore) -> None:
    """Neither state nor alarm: the next one begins where the last whole one ended."""
    feedback.add([asked(n) for n in range(4)], [rated(n, float(n)) for n in (1, 0)], received=NOW)

    def dying(arrived: Arrived, state: str | None) -> Watched:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        feedback.alarms.watch(dying, now=NOW + 60)
    assert feedback.alarms.alarms() == ()
    assert look(feedback) == [("telco", 1.0), ("telco", 0.0)]
    assert [one.at for one in feedback.alarms.alarms()] == [NOW]


def test_of_two_looks_at_once_one_raises_the_alarm(feedback: FeedbackStore) -> None:
    """Whoever comes second finds it seen."""
    feedback.add([asked(n) for n in range(20)], [rated(n, 0.0) for n in range(20)], received=NOW)
    raised: list[Sequence[Alarm]] = []
    threads = [
        threading.Thread(target=lambda: raised.append(feedback.alarms.watch(Seeing(), now=NOW + 60, at_once=5)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(feedback.alarms.alarms()) == 20
    assert sorted(one.key for some in raised for one in some) == sorted(one.key for one in feedback.alarms.alarms())


def test_alarms_are_found_by_time_and_scenario_told_once_and_acknowledged(feedback: FeedbackStore) -> None:
    """Newest first; what was told or seen stays as it was."""
    feedback.add([asked(1), asked(2, "b"), asked(3)], [rated(n, 0.0) for n in (1, 2, 3)], received=NOW)
    look(feedback)
    alarms = feedback.alarms
    assert [one.scenario for one in alarms.alarms()] == ["telco", "b", "telco"]
    assert [one.at - NOW for one in alarms.alarms(since=NOW + 2, until=NOW + 3)] == [2]
    assert [one.at - NOW for one in alarms.alarms(scenarios=("telco",), limit=1)] == [3]
    assert len(alarms.alarms(since=NOW + 60, until=NOW + 61)) == 3, "raised then, however long ago they were rated"
    first, *rest = alarms.untold(since=NOW, limit=5)
    alarms.set_told(first.key, NOW + 70)
    alarms.set_told(first.key, NOW + 80)
    assert alarms.untold(since=NOW, limit=5) == tuple(rest)
    assert alarms.untold(since=NOW + 61, limit=5) == ()
    alarms.acknowledge([first.key], NOW + 90)
    assert alarms.alarms()[-1].key == first.key, "what nobody saw comes first"
    assert alarms.alarms(limit=2) == alarms.alarms()[:2]
    alarms.acknowledge([one.key for one in alarms.alarms()], NOW + 95)
    found = {one.key: (one.told, one.acknowledged) for one in alarms.alarms()}
    assert found.pop(first.key) == (NOW + 70, NOW + 90)
    assert set(found.values()) == {(None, NOW + 95)}
