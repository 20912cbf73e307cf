"""Mappings in the store, on each kind of database: what waits, what is written, and what must not be overwritten."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select, table

from peel.records.feedback import FeedbackFilter, Interaction, Mapping
from peel.store.feedback import FeedbackStore
from peel.store.mapping import BY_MEANING, Embedding, MappingStore, NewMapping
from peel.store.store import Store

NOW = 1_700_000_000.0
MODEL = "counting (1.0)"
EMBEDDING = Embedding(MODEL, 2)


def asked(number: int, **changes: Any) -> Interaction:
    given = {"id": f"i{number}", "at": NOW + number, "input": f"How {number}?", "user": "ann"}
    return Interaction.model_validate(given | changes)


@pytest.fixture
def feedback(store: Store) -> FeedbackStore:
    """An empty store's feedback."""
    return store.feedback()


@pytest.fixture
def mapping(feedback: FeedbackStore) -> MappingStore:
    """Its mappings."""
    return feedback.mapping


def add(feedback: FeedbackStore, *interactions: Interaction) -> None:
    feedback.add(interactions, [], received=NOW)


def to(scenario: str | None, one: Any, **changes: Any) -> NewMapping:
    """An interaction that was read, mapped."""
    given = {"nearest": "router", "case": "reset", "similarity": 0.5, "threshold": 0.25, "vector": b"\x00\x3c"}
    return NewMapping(one.key, one.version, scenario, **given | changes)


def map_all(mapping: MappingStore, scenario: str | None = "router") -> int:
    """Map everything that waits; how many were written."""
    batch = mapping.batch(["waiting"], behind=0, embedding=EMBEDDING, most=100)
    return mapping.write([to(scenario, one) for one in batch], model=MODEL, at=NOW)


def mapped(feedback: FeedbackStore, number: int) -> Mapping:
    found = feedback.reader.interaction(f"i{number}")
    assert found is not None
    return found.mapping


def rows(store_url: str, tmp_path: Any, tables: Iterable[str]) -> dict[str, int]:
    """How many rows tables have."""
    url = f"sqlite:///{tmp_path}/.peel/peel.db" if store_url.startswith("sqlite") else store_url
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {name: connection.scalar(select(func.count()).select_from(table(name))) or 0 for name in tables}
    engine.dispose()
    return found


def test_what_waits_is_read_in_batches_behind_the_last(feedback: FeedbackStore, mapping: MappingStore) -> None:
    """In the order it came; what is named is not among it; of messages the last of the user."""
    assert not mapping.is_waiting()
    chat = [{"role": "user", "content": "And then?"}, {"role": "assistant", "content": "Hold it."}]
    add(feedback, asked(1), asked(2, scenario="bill"), asked(3, input=None, messages=chat), asked(4, input="a" * 9000))
    assert mapping.is_waiting()
    first = mapping.batch(["waiting"], behind=0, embedding=EMBEDDING, most=2)
    assert [(one.asked, one.version, one.vector) for one in first] == [("How 1?", 1, None), ("And then?", 1, None)]
    second = mapping.batch(["waiting"], behind=first[-1].key, embedding=EMBEDDING, most=2)
    assert [one.asked for one in second] == ["a" * 4000]
    assert mapping.batch(["waiting"], behind=second[-1].key, embedding=EMBEDDING, most=2) == []


def test_a_mapping_is_kept_with_its_score(feedback: FeedbackStore, mapping: MappingStore) -> None:
    """The interaction counts for the scenario, and says how that was found; one that fits none counts for none."""
    add(feedback, asked(1), asked(2))
    first, second = mapping.batch(["waiting"], behind=0, embedding=EMBEDDING, most=10)
    assert mapping.write([to("router", first), to(None, second, similarity=0.125)], model=MODEL, at=NOW + 5) == 2
    kept = {"nearest": "router", "case": "reset", "threshold": 0.25, "by": None, "at": NOW + 5}
    assert mapped(feedback, 1).model_dump() == {"state": "meaning", "scenario": "router", "similarity": 0.5, **kept}
    assert mapped(feedback, 2).model_dump() == {"state": "unmatched", "scenario": None, "similarity": 0.125, **kept}
    assert mapping.counts() == {"waiting": 0, "named": 0, "meaning": 1, "hand": 0, "unmatched": 1}
    assert feedback.reader.tally(FeedbackFilter(scenario=("router",))).interactions == 1
    assert not mapping.is_waiting()


def test_mapping_again_finds_the_vectors_of_the_same_model(feedback: FeedbackStore, mapping: MappingStore) -> None:
    """So that nothing is embedded twice; another model has to embed anew, and its vectors replace the first."""
    add(feedback, asked(1))
    map_all(mapping)
    (again,) = mapping.batch(BY_MEANING, behind=0, embedding=EMBEDDING, most=10)
    assert (again.vector, again.asked) == (b"\x00\x3c", "")
    (longer,) = mapping.batch(BY_MEANING, behind=0, embedding=Embedding(MODEL, 4), most=10)
    assert (longer.vector, longer.asked) == (None, "How 1?")
    (other,) = mapping.batch(BY_MEANING, behind=0, embedding=Embedding("another", 2), most=10)
    assert (other.vector, other.asked) == (None, "How 1?")
    mapping.write([to(None, other, vector=b"\x00\x00")], model="another", at=NOW + 9)
    assert mapped(feedback, 1).state == "unmatched"
    assert mapping.batch(BY_MEANING, behind=0, embedding=Embedding("another", 2), most=10)[0].vector == b"\x00\x00"
    assert mapping.batch(BY_MEANING, behind=0, embedding=EMBEDDING, most=10)[0].vector is None


def test_what_was_changed_meanwhile_is_not_overwritten(feedback: FeedbackStore, mapping: MappingStore) -> None:
    """Between reading and writing one was changed, one named, one forgotten, one mapped by hand: only the rest is
    written, and what changed waits still."""
    add(feedback, *(asked(number) for number in range(1, 6)), asked(6, user="bob"))
    batch = mapping.batch(["waiting"], behind=0, embedding=EMBEDDING, most=10)
    add(feedback, asked(1, input="Other."), asked(2, scenario="bill"))
    feedback.forget(["bob"])
    mapping.write_by_hand("i3", "bill", by="eve", at=NOW)
    assert mapping.write([to("router", one) for one in batch], model=MODEL, at=NOW) == 2
    states = [(mapped(feedback, number).state, mapped(feedback, number).scenario) for number in range(1, 6)]
    assert states == [
        ("waiting", None),
        ("named", "bill"),
        ("hand", "bill"),
        ("meaning", "router"),
        ("meaning", "router"),
    ]
    assert feedback.reader.interaction("i6") is None


def test_new_content_is_mapped_anew(
    feedback: FeedbackStore, mapping: MappingStore, store_url: str, tmp_path: Any
) -> None:
    """What was made of the old content is gone; the same content again changes nothing."""
    add(feedback, asked(1))
    map_all(mapping)
    add(feedback, asked(1))
    assert mapped(feedback, 1).state == "meaning"
    add(feedback, asked(1, input="Why is it red?"))
    assert mapped(feedback, 1) == Mapping(state="waiting")
    assert rows(store_url, tmp_path, ["mappings", "interaction_vectors"]) == {"mappings": 0, "interaction_vectors": 0}
    (one,) = mapping.batch(["waiting"], behind=0, embedding=EMBEDDING, most=10)
    assert (one.asked, one.version, one.vector) == ("Why is it red?", 2, None)


def test_what_was_mapped_by_hand_stays(feedback: FeedbackStore, mapping: MappingStore) -> None:
    """When everything is mapped again, when its content changes, and when that names a scenario."""
    add(feedback, asked(1), asked(2, scenario="bill"))
    map_all(mapping)
    assert mapping.write_by_hand("i1", "bill", by="eve", at=NOW + 1)
    assert mapping.write_by_hand("i2", None, by="eve", at=NOW + 2)
    by_hand = mapped(feedback, 1)
    assert (by_hand.state, by_hand.scenario, by_hand.by, by_hand.at) == ("hand", "bill", "eve", NOW + 1)
    assert (by_hand.nearest, by_hand.similarity) == ("router", 0.5)
    assert mapping.batch(BY_MEANING, behind=0, embedding=EMBEDDING, most=10) == []
    add(feedback, asked(1, input="Why is it red?", channel="web"), asked(2, scenario="router", input="New."))
    kept = mapped(feedback, 1)
    assert (kept.state, kept.scenario, kept.by, kept.nearest, kept.similarity) == ("hand", "bill", "eve", None, None)
    assert (mapped(feedback, 2).state, mapped(feedback, 2).scenario) == ("hand", None)
    assert feedback.reader.tally(FeedbackFilter(channel=("web",))).interactions == 1
    assert not mapping.is_waiting()


def test_what_was_said_by_hand_can_be_taken_back(feedback: FeedbackStore, mapping: MappingStore) -> None:
    """To the scenario that was named, or to be mapped by meaning; whatever was not by hand is left alone."""
    add(feedback, asked(1), asked(2, scenario="bill"), asked(3))
    mapping.write_by_hand("i1", "bill", by="eve", at=NOW)
    mapping.write_by_hand("i2", "router", by="eve", at=NOW)
    assert [mapping.take_back(f"i{number}") for number in (1, 2, 3, 4)] == [True, True, False, False]
    assert mapped(feedback, 1) == Mapping(state="waiting")
    assert mapped(feedback, 2) == Mapping(state="named", scenario="bill")
    assert not mapping.write_by_hand("i4", "bill", by="eve", at=NOW)


def test_a_mapping_goes_with_its_interaction(
    feedback: FeedbackStore, mapping: MappingStore, store_url: str, tmp_path: Any
) -> None:
    """A vector tells something of what was asked: it is forgotten, too."""
    add(feedback, asked(1), asked(2, user="bob"))
    map_all(mapping)
    feedback.forget(["ann"])
    assert rows(store_url, tmp_path, ["mappings", "interaction_vectors"]) == {"mappings": 1, "interaction_vectors": 1}


def test_which_scenarios_are_in_use(feedback: FeedbackStore, mapping: MappingStore) -> None:
    """Those that interactions count for, however that was found."""
    add(feedback, asked(1), asked(2, scenario="bill"))
    map_all(mapping)
    assert [mapping.counts_for(name) for name in ("router", "bill", "other")] == [True, True, False]
    assert [mapping.has(name) for name in ("i1", "i9")] == [True, False]


def test_one_maps_in_the_background_at_a_time(mapping: MappingStore) -> None:
    """Whoever comes second is told so, and may have it afterwards."""
    with mapping.claiming() as first, mapping.claiming() as second:
        assert (first, second) == (True, False)
    with mapping.claiming() as third:
        assert third


def test_long_names_of_cases_and_models_are_cut(feedback: FeedbackStore, mapping: MappingStore) -> None:
    """A column has its width, and a mapping is found again under the name that was cut."""
    add(feedback, asked(1))
    (one,) = mapping.batch(["waiting"], behind=0, embedding=Embedding(MODEL * 50, 2), most=10)
    mapping.write([to("router", one, case="c" * 500)], model=MODEL * 50, at=NOW)
    assert mapped(feedback, 1).case == "c" * 200
    assert mapping.batch(BY_MEANING, behind=0, embedding=Embedding(MODEL * 50, 2), most=10)[0].vector is not None
