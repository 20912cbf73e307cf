"""The questions of runs and what people answered, kept between two calls: reading them all takes longer than a rater
should wait for the next output.

What is kept goes by the store: each call reads the rows that are new, and everything again where their number does not
fit or the run's definitions changed. So several tabs, processes and raters work side by side.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from peel.errors import UnknownRun
from peel.records import Case, EvaluatorDefinition, Scenario
from peel.records.manual import BY_PEOPLE, raters_asked
from peel.store.people import People, PeopleRow
from peel.store.store import Store
from peel.store.stored import SqlStoredRun

MOST_RUNS, MOST_ORDERS, MOST_SESSIONS = 16, 50, 1_000
"""The questions of how many runs, for each the orders of how many raters, and which run how many sessions are on, are
kept."""

_NAME_BYTES = 10
"""80 bits: no two questions of a run have the same name."""

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Values by key, of which the least used one goes where there are too many. Safe to use from several threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()
        self._guard = threading.Lock()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key, made where it is not kept; two threads may make it at once."""
        with self._guard:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        made = make()
        with self._guard:
            self._values[key] = made
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return made


@dataclass(slots=True, eq=False)
class Asked:
    """One question, before anybody in particular is asked it: `id` says nothing about what it stands for; `answers` is
    the latest of each rater, `raters` how many are asked."""

    id: str
    definition: EvaluatorDefinition
    execution: int
    raters: int
    answers: dict[str, PeopleRow] = field(default_factory=dict)

    def is_full(self, rater: str) -> bool:
        """Whether as many others as are asked have answered it."""
        return rater not in self.answers and len(self.answers) >= self.raters

    def is_open(self, rater: str) -> bool:
        """Whether it waits for this rater."""
        own = self.answers.get(rater)
        return len(self.answers) < self.raters if own is None else own.value is None


@dataclass(frozen=True, slots=True)
class Order:
    """Questions in a rater's order, and the place of each by its id."""

    asked: Sequence[Asked]
    places: Mapping[str, int]


class Questions:
    """The questions of one stored run. Safe to use from several threads."""

    def __init__(self, stored: SqlStoredRun, people: People) -> None:
        self.stored, self.people = stored, people
        self.key = bytes.fromhex(people.blinding())
        self._guard = threading.Lock()
        self._forget()

    @property
    def evaluators(self) -> list[str]:
        """The ids of the evaluators that ask people."""
        return list(dict.fromkeys(one.id for place in range(len(self._variants)) for one in self._asking(place)))

    def ordered(self, rater: str) -> Order:
        """The questions of the store as it is now, in an order that is random, the rater's own, and always the same."""
        with self._guard:
            self._read_on()
            return self._orders.get(rater, lambda: self._order(rater))

    def answered(self, rater: str) -> tuple[int, list[PeopleRow]]:
        """How many questions the rater is asked, those they answered among them, and what they answered; as of the last
        call of `ordered`."""
        with self._guard:
            full = sum(one.is_full(rater) for one in self._touched.values())
            rows = (one.answers.get(rater) for one in self._touched.values())
            own = [row for row in rows if row is not None and row.value is not None]
            return self._size - full, own

    def named(self, *parts: str) -> str:
        """A name that says nothing about `parts` to who does not know the run's secret."""
        return named(self.key, *parts)

    def cases(self, scenario: str) -> Mapping[str, Case]:
        """The cases of a scenario by their id."""
        return self._cases.get(scenario, lambda: {case.id: case for case in self.stored.run.cases[scenario]})

    def _forget(self) -> None:
        self._asked: dict[tuple[str, int], Asked | None] = {}
        self._orders: Kept[str, Order] = Kept(MOST_ORDERS)
        self._cases: Kept[str, Mapping[str, Case]] = Kept(MOST_ORDERS)
        self._variants = self.stored.run.scenario_variants
        self._touched: dict[str, Asked] = {}
        self._last = self._rows = self._size = 0

    def _read_on(self) -> None:
        rows, count = self.people.since(self._last)
        if self._rows + len(rows) != count:
            self._forget()
            rows, count = self.people.since(0)
        known = len(self._asked)
        for row in rows:
            self._take(row)
        self._last, self._rows = rows[-1].key if rows else self._last, self._rows + len(rows)
        if len(self._asked) != known:
            self._orders = Kept(MOST_ORDERS)
            self._size = sum(one is not None for one in self._asked.values())

    def _take(self, row: PeopleRow) -> None:
        key = row.evaluator, row.execution
        if key not in self._asked:
            self._asked[key] = self._made(row)
        asked = self._asked[key]
        if asked is not None and row.rater is not None and row.status != "pending":
            asked.answers[row.rater] = row
            self._touched[asked.id] = asked

    def _made(self, row: PeopleRow) -> Asked | None:
        """None where the evaluator asks nobody any more."""
        definition = next((one for one in self._asking(row.scenario_variant) if one.id == row.evaluator), None)
        if definition is None:
            return None
        name = self.named(row.evaluator, str(row.execution))
        return Asked(name, definition, row.execution, raters_asked(definition))

    def _asking(self, place: int) -> Iterator[EvaluatorDefinition]:
        yield from (one for one in self._variants[place].scenario.evaluators if one.use == BY_PEOPLE)

    def _order(self, rater: str) -> Order:
        places = {evaluator: place for place, evaluator in enumerate(self.evaluators)}
        asked = [one for one in self._asked.values() if one is not None]
        asked.sort(key=lambda one: (places[one.definition.id], self.named(rater, one.id)))
        return Order(asked, {one.id: place for place, one in enumerate(asked)})


@dataclass(frozen=True, slots=True)
class AskedOf:
    """What a scenario asks people: by evaluator the question, and how many raters are to answer it."""

    scenario: str
    questions: dict[str, str]
    raters: dict[str, int]


def _definitions(stored: SqlStoredRun) -> tuple[AskedOf, ...]:
    return tuple(_asked_of(item.scenario) for item in stored.run.scenario_variants)


def _asked_of(scenario: Scenario) -> AskedOf:
    asking = [one for one in scenario.evaluators if one.use == BY_PEOPLE]
    questions = {one.id: str(one.settings.get("ask", "")) for one in asking}
    return AskedOf(scenario.scenario, questions, {one.id: raters_asked(one) for one in asking})


class StoreQuestions:
    """The questions of the runs of one store. Safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: Kept[tuple[str, str], Questions] = Kept(MOST_RUNS)
        self._definitions: Kept[tuple[str, str], tuple[AskedOf, ...]] = Kept(MOST_SESSIONS)
        self._keys: Kept[str, bytes] = Kept(MOST_SESSIONS)
        self._sessions: Kept[tuple[str, str], str] = Kept(MOST_SESSIONS)

    def of(self, run_id: str) -> Questions:
        """The questions of a run, given as to `Store.run`. Raises StoreError where there is no such run."""
        found = self._store.edition(run_id)
        return self._kept.get(found, lambda: self._opened(found[0]))

    def definitions(self, run_id: str, mark: str) -> tuple[AskedOf, ...]:
        """What each scenario variant of a run asks people, by its place; `mark` is that of the run's definitions."""
        return self._definitions.get((run_id, mark), lambda: _definitions(self._store.run(run_id)))

    def session(self, run_id: str, *, rater: str) -> str:
        """A name for a rater's scoring of a run that tells neither."""
        key = self._keys.get(run_id, lambda: bytes.fromhex(self._store.people(run_id).blinding()))
        return session_name(key, rater)

    def run_of_session(self, session: str, *, rater: str) -> str:
        """The id of the run that a rater's session is on. Raises UnknownRun where there is none."""
        return self._sessions.get((session, rater), lambda: self._found(session, rater))

    def _opened(self, run_id: str) -> Questions:
        return Questions(self._store.run(run_id), self._store.people(run_id))

    def _found(self, session: str, rater: str) -> str:
        for run_id, blinding in self._store.blindings():
            if session_name(bytes.fromhex(blinding), rater) == session:
                return run_id
        raise UnknownRun("no such outputs wait for your scores; choose some under Scoring")


def named(key: bytes, *parts: str) -> str:
    """A name that says nothing about `parts` to who does not know the key."""
    return hashlib.blake2b("\0".join(parts).encode(errors="replace"), key=key, digest_size=_NAME_BYTES).hexdigest()


def session_name(key: bytes, rater: str) -> str:
    """What a rater's session on one run is called, where the run is not to be told."""
    return named(key, "", "session", rater)
