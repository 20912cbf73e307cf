"""Mapping what is stored with an embedding model that a test can follow: in batches, each text embedded once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from peel.errors import ModelError
from peel.feedback.mapping import Mapper
from peel.records import Case, Scenario
from peel.records.feedback import Interaction
from peel.records.mapping import Mapped
from peel.store.feedback import FeedbackStore
from peel.store.store import Store

WORDS = ("router", "reset", "light", "bill", "invoice", "charged")
ROUTER = ("my router", "router reset", "router light", "reset light")
BILL = ("my bill", "bill invoice", "charged bill", "invoice charged")


class Counting:
    """An embedding model that counts words; any other word lies in a dimension of its own. It keeps what it was given,
    and fails at a text that a test names."""

    def __init__(self, name: str = "counting (1.0)", *, dimensions: int = len(WORDS) + 1) -> None:
        self.name = name
        self.texts: list[str] = []
        self.fails_at: str | None = None
        self._dimensions = dimensions

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.fails_at in texts:
            raise ModelError("the model is gone")
        self.texts += texts
        made = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.split():
                made[row, WORDS.index(word) if word in WORDS else -1] += 1 if word in WORDS else 0.3
        lengths: NDArray[np.float32] = np.linalg.norm(made, axis=1, keepdims=True)
        return made / lengths


def scenario(name: str, *texts: str, **inputs: Any) -> Scenario:
    """A scenario with a case for each text; further inputs are the same in each."""
    cases = [Case(id=f"{name}-{place}", inputs={"email": text, **inputs}) for place, text in enumerate(texts, 1)]
    return Scenario(scenario=name, orchestration="reply", cases=tuple(cases))


BOTH = (scenario("router", *ROUTER), scenario("bill", *BILL))


@pytest.fixture
def feedback(store: Store) -> FeedbackStore:
    """An empty store's feedback."""
    return store.feedback()


def add(feedback: FeedbackStore, *texts: str, first: int = 1, **changes: Any) -> None:
    made = [
        Interaction.model_validate({"id": f"i{number}", "input": text, **changes})
        for number, text in enumerate(texts, first)
    ]
    feedback.add(made, [], received=1_700_000_000.0)


def run(mapper: Mapper, scenarios: Sequence[Scenario] = BOTH, **given: Any) -> Mapped:
    return asyncio.run(mapper.map(scenarios, **given))


def scenarios_of(feedback: FeedbackStore) -> list[str | None]:
    return [one.mapping.scenario for one in feedback.reader.entries()]


def test_what_waits_is_mapped_by_meaning(feedback: FeedbackStore) -> None:
    """Each to the scenario whose cases it is like; what fits nowhere to none; a blank one is compared with nothing."""
    add(feedback, "router reset", "charged bill twice", "pizza with mushrooms", "  ")
    add(feedback, "router", first=5, scenario="named")
    done = run(Mapper(feedback.mapping, Counting()))
    assert scenarios_of(feedback) == ["router", "bill", None, None, "named"]
    assert (done.mapped, done.unmatched, done.embedding) == (2, 2, "counting (1.0)")
    assert done.counts == {"waiting": 0, "named": 1, "meaning": 2, "hand": 0, "unmatched": 2}
    assert [(one.scenario, one.cases, one.basis) for one in done.thresholds] == [
        ("bill", 4, "own"),
        ("router", 4, "own"),
    ]
    pizza, blank = feedback.reader.interaction("i3"), feedback.reader.interaction("i4")
    assert pizza is not None
    assert blank is not None
    assert pizza.mapping.similarity is not None
    assert pizza.mapping.threshold is not None
    assert pizza.mapping.similarity < pizza.mapping.threshold
    assert (blank.mapping.state, blank.mapping.nearest, blank.mapping.threshold) == ("unmatched", None, None)


def test_mapping_again_after_scenarios_changed_embeds_no_interaction(feedback: FeedbackStore) -> None:
    """A new scenario takes what fitted none before; what waits no more is left alone without `again`."""
    add(feedback, "router reset", "pizza with mushrooms", "pizza")
    run(Mapper(feedback.mapping, Counting()))
    model = Counting()
    mapper = Mapper(feedback.mapping, model)
    three = (*BOTH, scenario("food", "pizza", "pizza today", "some food"))
    assert run(mapper, three).mapped == 0
    assert scenarios_of(feedback) == ["router", None, None]
    done = run(mapper, three, again=True)
    assert scenarios_of(feedback) == ["router", "food", "food"]
    assert (done.mapped, done.unmatched) == (3, 0)
    assert sorted(model.texts) == sorted({*ROUTER, *BILL, "pizza", "pizza today", "some food"})


def test_what_is_compared_with_stays_while_the_cases_say_the_same(feedback: FeedbackStore) -> None:
    """Thresholds of many cases take long; one more case, or another id of one, sets them anew."""
    mapper = Mapper(feedback.mapping, Counting())
    reference = asyncio.run(mapper.reference(BOTH))
    assert asyncio.run(mapper.reference(BOTH[::-1])) is reference
    more = asyncio.run(mapper.reference((scenario("router", *ROUTER, "light"), BOTH[1])))
    assert [one.cases for one in more.thresholds] == [4, 5]
    renamed = scenario("router", *ROUTER).model_copy(update={"cases": (Case(id="new", inputs={"email": "my router"}),)})
    assert [one.cases for one in asyncio.run(mapper.reference((renamed, BOTH[1]))).thresholds] == [4, 1]


def test_a_kept_vector_maps_as_a_new_one(feedback: FeedbackStore) -> None:
    """What is read back is what was compared: the scores are the same to the last digit."""
    add(feedback, "router reset light bill", "charged")
    run(Mapper(feedback.mapping, Counting()))
    first = [(one.mapping.similarity, one.mapping.threshold) for one in feedback.reader.entries()]
    run(Mapper(feedback.mapping, Counting()), again=True)
    assert [(one.mapping.similarity, one.mapping.threshold) for one in feedback.reader.entries()] == first


def test_another_length_of_vectors_is_embedded_anew(feedback: FeedbackStore) -> None:
    """A model may be replaced under the same name."""
    add(feedback, "router reset")
    run(Mapper(feedback.mapping, Counting()))
    other = Counting(dimensions=20)
    assert run(Mapper(feedback.mapping, other), again=True).mapped == 1
    assert other.texts.count("router reset") == 2


def test_what_was_done_before_a_fault_is_kept(feedback: FeedbackStore) -> None:
    """Batches before it are mapped; the next call goes on behind them."""
    add(feedback, "router", "bill", "light", "invoice", "router light")
    model = Counting()
    mapper = Mapper(feedback.mapping, model)

    async def in_twos() -> None:
        reference = await mapper.reference(BOTH)
        model.fails_at = "router light"
        while await mapper.step(reference, most=2):
            pass

    with pytest.raises(ModelError, match="the model is gone"):
        asyncio.run(in_twos())
    assert scenarios_of(feedback) == ["router", "bill", "router", "bill", None]
    assert feedback.mapping.counts()["waiting"] == 1
    model.fails_at, model.texts = None, []
    assert run(mapper).mapped == 1
    assert model.texts == ["router light"]


def test_without_cases_nothing_is_mapped(feedback: FeedbackStore) -> None:
    """What waits goes on waiting, and what was mapped stays as it is."""
    add(feedback, "router reset")
    mapper = Mapper(feedback.mapping, Counting())
    numbers = Scenario(scenario="sums", orchestration="reply", cases=(Case(id="one", inputs={"a": 1, "b": [2]}),))
    for nothing in ((), (numbers,)):
        done = run(mapper, nothing)
        assert (done.mapped, done.counts["waiting"]) == (0, 1)
    assert [(one.basis, one.threshold) for one in done.thresholds] == [("none", None)]
    run(mapper)
    run(mapper, (), again=True)
    assert scenarios_of(feedback) == ["router"]


def test_a_case_is_all_its_text(feedback: FeedbackStore) -> None:
    """Inputs that are text, joined; drafts as well; cases with the same text count once."""
    model = Counting()
    draft = Case(id="draft", inputs={"email": "router", "subject": "reset", "tries": 3}, draft=True)
    same = [Case(id=name, inputs={"email": "router light"}) for name in ("first", "second")]
    made = Scenario(scenario="router", orchestration="reply", cases=(draft, *same))
    reference = asyncio.run(Mapper(feedback.mapping, model).reference([made]))
    assert sorted(model.texts) == ["router\nreset", "router light"]
    assert reference.thresholds[0].cases == 2


def test_progress_is_told(feedback: FeedbackStore) -> None:
    """How many of how many, batch by batch."""
    add(feedback, *(f"router {number}" for number in range(300)))
    told: list[tuple[int, int]] = []
    run(Mapper(feedback.mapping, Counting()), progress=lambda done, of: told.append((done, of)))
    assert told == [(256, 300), (300, 300)]
