"""Interactions to scenarios on vectors made by hand: what is nearest, and from where on that is near enough."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest

from peel.feedback.matching import Reference, ScenarioCases
from peel.feedback.thresholds import FIXED, LEAST, Vectors, cut, thresholds

DIMENSIONS = 8


def turned(axis: int, degrees: float = 0.0, towards: int = DIMENSIONS - 1) -> list[float]:
    """A unit vector along an axis, turned towards another one by an angle."""
    made = [0.0] * DIMENSIONS
    made[axis] = math.cos(math.radians(degrees))
    made[towards] += math.sin(math.radians(degrees))
    return made


def vectors(*rows: list[float]) -> Vectors:
    return np.array(rows, dtype=np.float32).reshape(-1, DIMENSIONS)


def cases(scenario: str, *rows: list[float]) -> ScenarioCases:
    """The cases of a scenario, called after it: `bill-1`, `bill-2`, …"""
    return ScenarioCases(scenario, tuple(f"{scenario}-{place + 1}" for place in range(len(rows))), vectors(*rows))


def around(scenario: str, axis: int, *, towards: tuple[int, ...] = (4, 5, 6, 7), degrees: float = 30) -> ScenarioCases:
    """Cases about one thing, each turned a little to a side of its own."""
    return cases(scenario, *(turned(axis, degrees, side) for side in towards))


def found(reference: Reference, *rows: list[float]) -> list[str | None]:
    return [one.scenario for one in reference.match(vectors(*rows))]


def test_an_interaction_goes_to_the_scenario_it_is_nearest_to() -> None:
    """With the nearest case, and the mean similarity to the three nearest."""
    reference = Reference([around("router", 0), around("bill", 1)])
    match = reference.match(vectors(turned(1, 20, 5)))[0]
    assert (match.scenario, match.nearest, match.case) == ("bill", "bill", "bill-2")
    to_others = math.cos(math.radians(20)) * math.cos(math.radians(30))
    assert match.similarity == pytest.approx((math.cos(math.radians(10)) + 2 * to_others) / 3, abs=1e-6)
    assert match.threshold < match.similarity


def test_what_fits_nowhere_stays_unmatched() -> None:
    """It keeps what it is nearest to, and by how much it falls short."""
    reference = Reference([around("router", 0), around("bill", 1)])
    match = reference.match(vectors(turned(2)))[0]
    assert match.scenario is None
    assert match.nearest in ("router", "bill")
    assert match.similarity < match.threshold


def test_a_threshold_lies_between_the_own_cases_and_the_rest() -> None:
    """Each case reaches it among the others of its scenario, and no case of another one does."""
    both = [around("router", 0), around("bill", 1)]
    reference = Reference(both)
    own = math.cos(math.radians(30)) ** 2
    for threshold in reference.thresholds:
        assert threshold.basis == "own"
        assert threshold.cases == 4
        assert threshold.threshold is not None
        assert math.sin(math.radians(30)) ** 2 < threshold.threshold < own


def test_scenarios_much_alike_ask_for_more_than_those_far_apart() -> None:
    """The rest sets thresholds, too."""
    apart = Reference([around("router", 0), around("bill", 1)])
    alike = Reference([around("router", 0), cases("switch", *(turned(0, 60, side) for side in (1, 2, 3)))])
    first = {one.scenario: one.threshold for one in apart.thresholds}
    second = {one.scenario: one.threshold for one in alike.thresholds}
    assert first["router"] is not None
    assert second["router"] is not None
    assert second["router"] > first["router"]


def test_a_lone_scenario_takes_what_is_like_its_cases_and_nothing_else() -> None:
    """There is no rest to tell it from: not everything is its own for that."""
    reference = Reference([around("router", 0)])
    assert found(reference, turned(0, 10, 4), turned(2), turned(0, 85, 2)) == ["router", None, None]
    assert reference.thresholds[0].threshold == FIXED


def test_cases_that_have_nothing_in_common_do_not_take_everything() -> None:
    """A threshold has a least value."""
    reference = Reference([cases("mixed", turned(0), turned(1), turned(2))])
    assert reference.thresholds[0].threshold == LEAST
    assert found(reference, turned(5)) == [None]


def test_a_lone_case_asks_for_a_fixed_similarity() -> None:
    """Nothing is known of how far its like may be."""
    reference = Reference([cases("router", turned(0))])
    assert [(one.basis, one.cases, one.threshold) for one in reference.thresholds] == [("fixed", 1, FIXED)]
    assert found(reference, turned(0, 55), turned(0, 65)) == ["router", None]


def test_scenarios_of_one_case_each_ask_for_more_than_they_are_like_each_other() -> None:
    """Else what lies between two scenarios would count for one of them."""
    reference = Reference([cases("router", turned(0)), cases("switch", turned(0, 30))])
    assert {one.basis for one in reference.thresholds} == {"fixed"}
    assert reference.thresholds[0].threshold == pytest.approx(math.cos(math.radians(30)), abs=1e-6)
    assert found(reference, turned(0, 15, 3), turned(0, 40, 3)) == ["router", None]


def test_a_scenario_of_one_case_shares_the_threshold_of_the_others() -> None:
    """What those with more cases show holds for it until it has some."""
    reference = Reference([around("router", 0), around("bill", 1), cases("new", turned(2))])
    bases = {one.scenario: one.basis for one in reference.thresholds}
    assert bases == {"router": "own", "bill": "own", "new": "shared"}
    assert found(reference, turned(2, 20), turned(3)) == ["new", None]


def test_the_same_case_twice_counts_once() -> None:
    """Copies would make a scenario look closer together than it is."""
    once = Reference([around("router", 0), around("bill", 1)])
    router = around("router", 0)
    copied = ScenarioCases("router", (*router.ids, "copy"), np.concatenate([router.vectors, router.vectors[:1]]))
    twice = Reference([copied, around("bill", 1)])
    assert twice.thresholds == once.thresholds
    only_copies = Reference([cases("router", turned(0), turned(0), turned(0))])
    assert [(one.basis, one.cases) for one in only_copies.thresholds] == [("fixed", 1)]


def test_the_order_of_the_scenarios_changes_nothing() -> None:
    """Thresholds and matches are the same."""
    three = [around("router", 0), around("bill", 1, degrees=40), cases("new", turned(2))]
    there, back = Reference(three), Reference(three[::-1])
    assert there.thresholds == back.thresholds
    asked = vectors(turned(0, 20, 1), turned(1, 50, 4), turned(2, 40, 5))
    assert there.match(asked) == back.match(asked)


def test_without_a_case_nothing_can_be_compared() -> None:
    """A scenario without text is told as such, and takes nothing from the others."""
    assert Reference([]).is_empty
    without = ScenarioCases("silent", (), np.zeros((0, 0), dtype=np.float32))
    assert Reference([without]).is_empty
    with pytest.raises(ValueError, match="no case to compare with"):
        Reference([without]).match(vectors(turned(0)))
    beside = Reference([without, around("router", 0)])
    assert [(one.scenario, one.basis, one.threshold is None) for one in beside.thresholds] == [
        ("router", "own", False),
        ("silent", "none", True),
    ]
    assert found(beside, turned(0, 10, 4)) == ["router"]


def test_no_interactions_match_nothing() -> None:
    """An empty batch is an empty list."""
    assert Reference([around("router", 0), around("bill", 1)]).match(vectors()) == []


@pytest.mark.parametrize(
    ("own", "rest", "at"),
    [
        ([0.8, 0.9], [0.1, 0.4], 0.7),
        ([0.3, 0.7, 0.8, 0.9], [0.1, 0.2, 0.5], 0.65),
        ([0.6, 0.7, 0.8], [0.1, 0.2, 0.9], 0.5),
        ([0.2, 0.3], [0.6, 0.7], 0.7),
        ([0.5], [0.5], 0.5),
    ],
)
def test_the_cut_misses_the_fewest_and_takes_in_the_fewest(own: list[float], rest: list[float], at: float) -> None:
    """Both count by their share; where own cases are not nearer than the rest, it is as high as it can be."""
    assert cut(np.array(own), np.array(rest)) == pytest.approx(at)


def by_definition(cases: list[Vectors]) -> list[float]:
    """The thresholds of several scenarios, each similarity sorted whole."""
    units = [np.array(one, np.float64) / np.linalg.norm(one.astype(np.float64), axis=1, keepdims=True) for one in cases]
    made = []
    for place, some in enumerate(units):
        count = min(3, len(some))
        own: list[float] = []
        own_of, rest, rest_to = [], [], []
        for its, one in enumerate(units):
            among = one @ one.T
            for row in range(len(one) if len(one) > 1 else 0):
                own.append(np.sort(np.delete(among[row], row))[-count:].mean())
                own_of.append(its)
            to = [np.sort(one @ other.T, axis=1)[:, -count:].mean(axis=1) for other in units]
            to[its][:] = -np.inf
            rest += list(np.max(to, axis=0))
            rest_to += list(np.argmax(to, axis=0))
        shared = cut(np.array(own), np.array(rest))
        its_own = np.array(own)[np.array(own_of) == place]
        its_rest = np.array(rest)[np.array(rest_to) == place]
        if its_own.size < 2 or not its_rest.size:
            made.append(max(LEAST, shared))
        else:
            size = its_own.size
            made.append(max(LEAST, (size * cut(its_own, its_rest) + 3 * shared) / (size + 3)))
    return made


@pytest.mark.parametrize("sizes", [(1, 2, 3, 4, 9), (600, 7, 600), (2, 1)])
def test_thresholds_are_those_of_their_definition(sizes: tuple[int, ...]) -> None:
    """However many cases there are, and however few some scenarios have."""
    random = np.random.default_rng(7)
    centres = random.normal(size=(len(sizes), 1, DIMENSIONS))
    made = [
        (centre + random.normal(size=(size, DIMENSIONS))).astype(np.float32)
        for centre, size in zip(centres, sizes, strict=True)
    ]
    assert [one.value for one in thresholds(made)] == pytest.approx(by_definition(made), abs=1e-6)


def test_many_cases_take_little_memory() -> None:
    """What is held grows with the cases, not with their pairs."""
    random = np.random.default_rng(7)
    made = [random.normal(size=(500, DIMENSIONS)).astype(np.float32) for _ in range(12)]
    tracemalloc.start()
    try:
        thresholds(made)
        assert tracemalloc.get_traced_memory()[1] < 12e6
    finally:
        tracemalloc.stop()
