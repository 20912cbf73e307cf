"""How long the server takes for the pages of production, with a million interactions in the store.

    python benchmarks/feedback_pages.py --store postgresql+psycopg://…    # an empty database
    python benchmarks/feedback_pages.py --interactions 10000              # SQLite in a temporary folder

Fills the store with interactions over 400 days, of 20 scenarios, 8 versions, 4 channels and 3 languages, a third of
them rated, by the store's own bulk insert. Then each view of the page is asked of the whole application in this process
(routing, session, template and all, without the network): cold is the first request for a view that nobody asked for
before, warm the median of the next ones, whose numbers the server has kept. The same views follow for the reader alone,
where nothing is kept. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from peel.records.feedback import MAPPING_STATES, FeedbackFilter, Interaction
from peel.store import schema
from peel.store.bulk import Row, insert, next_keys, writing
from peel.store.feedback import FeedbackStore
from peel.store.feedback_reading import TICKS, FeedbackReader, PageRequest, Sort
from peel.web.application import create_app
from peel.web.security.addresses import Address
from peel.workspace import Workspace

DAYS, SCENARIOS, VERSIONS = 400, 20, 8
AT_ONCE = 20_000
DAY_S = 86_400
BASE = "http://127.0.0.1:8000"
END = 20_600 * DAY_S
"""The end of the last day, in seconds since the epoch."""

_QUESTION = "How do I reset my router when I move to a different apartment? The red lamp blinks since yesterday. "
_ANSWER = "Hold the reset button for three seconds, then wait until the lamp is steady. " * 4
_SCENARIO = """scenario: support-{place:02d}
orchestration: reply
cases: [{{id: a, inputs: {{email: How do I reset it?}}}}]
evaluators: [{{id: terms, use: regex, all: reset}}]
"""
_ORCHESTRATION = "orchestration: reply\nsteps: [{id: answer, use: llm, prompt: [{user: '{{ email }}'}]}]\n"


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--interactions", type=int, default=1_000_000)
    parser.add_argument("--store", help="the URL of an empty store; SQLite in a temporary folder by default")
    parser.add_argument("--warm", type=int, default=5, help="requests behind each median")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_workspace(root)
        with Workspace(root, store=given.store) as workspace:
            fill(workspace.store.feedback(), count=given.interactions)
            measure_reader(workspace.store.feedback().reader, warm=given.warm)
        measure_pages(root, given.store, warm=given.warm)


def write_workspace(root: Path) -> None:
    """The scenarios that interactions count for."""
    for name in ("scenarios", "orchestrations"):
        (root / name).mkdir()
    (root / "peel.yaml").write_text("models:\n  default: {base_url: http://127.0.0.1:9/v1, model: none}\n")
    (root / "orchestrations" / "reply.yaml").write_text(_ORCHESTRATION)
    for place in range(SCENARIOS):
        (root / "scenarios" / f"support-{place:02d}.yaml").write_text(_SCENARIO.format(place=place))


def fill(store: FeedbackStore, *, count: int) -> None:
    """Store so many interactions, unless there are some."""
    if store.reader.limits().interactions:
        return
    began, chance = time.perf_counter(), random.Random(1)
    for first in range(0, count, AT_ONCE):
        made = [_made(number, count, chance) for number in range(first, min(count, first + AT_ONCE))]
        _insert(store, made)
    with store._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if connection.dialect.name == "postgresql" else "ANALYZE")
    print(f"Stored {count:,} interactions in {time.perf_counter() - began:.0f} s.\n", flush=True)


def _insert(store: FeedbackStore, made: list[dict[str, Any]]) -> None:
    with writing(store._engine) as connection:
        keys = next_keys(connection, schema.interactions, len(made))
        rated = [one for one in made if one["value"] is not None]
        of_rating = dict(
            zip((one["id"] for one in rated), next_keys(connection, schema.ratings, len(rated)), strict=True)
        )
        for table, row in ((schema.interactions, _said), (schema.interaction_facts, _facts)):
            rows = [row(key, one, of_rating.get(one["id"])) for key, one in zip(keys, made, strict=True)]
            insert(connection, table, rows)
        insert(connection, schema.ratings, [_rating(of_rating[one["id"]], one) for one in rated])


def _made(number: int, count: int, chance: random.Random) -> dict[str, Any]:
    at = END - DAYS * DAY_S * (count - number) / count
    version = min(VERSIONS - 1, number * VERSIONS // count)
    scenario = min(int(chance.expovariate(0.25)), SCENARIOS - 1)
    state = chance.choices(MAPPING_STATES, (2, 50, 36, 2, 10))[0]
    stars = chance.choices((1, 2, 3, 4, 5), (2 + scenario / 4, 1, 1, 2, 6))[0] if chance.random() < 1 / 3 else None
    return {
        "id": f"i{number:07d}",
        "at": at,
        "scenario": None if state in ("waiting", "unmatched") else f"support-{scenario:02d}",
        "variant": "base" if chance.random() < 0.8 else "cold",
        "app_version": f"1.{version}",
        "channel": chance.choice(("web", "mail", "phone", None)),
        "language": chance.choice(("de", "en", "fr")),
        "mapping": MAPPING_STATES.index(state),
        "stars": stars,
        "value": None if stars is None else (stars - 1) / 4,
    }


def _said(key: int, one: dict[str, Any], rating: int | None) -> Row:
    said = Interaction(id=one["id"], input=f"{_QUESTION}{key}", output=_ANSWER)
    named = one["scenario"] if one["mapping"] == 1 else None
    return (key, one["id"], f"{key:032x}", None, 1, one["at"], None, said.content().decode(), named)


def _facts(key: int, one: dict[str, Any], rating: int | None) -> Row:
    value = None if rating is None else round(one["value"] * TICKS)
    labels = [one[name] for name in ("scenario", "variant", "app_version", "channel", "language")]
    return (key, int(one["at"] // DAY_S), one["at"], rating, value, *labels, one["mapping"])


def _rating(key: int, one: dict[str, Any]) -> Row:
    comment = "It did not help." if one["stars"] < 3 else ""
    at = one["at"] + 60
    return (key, f"r{key}", f"{key:032x}", one["id"], at, at, "stars", str(one["stars"]), one["value"], comment)


def views() -> Iterator[tuple[str, FeedbackFilter, str]]:
    """What is selected: what it is called, as a filter and as an address has it."""
    week = FeedbackFilter(since=END - 28 * DAY_S, until=END)
    first = time.strftime("%Y-%m-%d", time.gmtime(END - 28 * DAY_S))
    last = time.strftime("%Y-%m-%d", time.gmtime(END - DAY_S))
    yield "everything", FeedbackFilter(), ""
    yield "28 days", week, f"since={first}&until={last}"
    yield "one scenario", FeedbackFilter(scenario=("support-03",)), "scenario=support-03"
    yield "rated, two channels", FeedbackFilter(channel=("web", None), rated=True), "channel=web&channel=&rated=yes"
    yield (
        "one version, unmatched",
        FeedbackFilter(app_version=("1.3",), mapping=("unmatched",)),
        ("app_version=1.3&mapping=unmatched"),
    )


def measure_reader(reader: FeedbackReader, *, warm: int) -> None:
    """What the store's reader takes by itself, the median of some."""
    print("| reader | " + " | ".join(name for name, *_ in views()) + " |\n|---|" + "---:|" * len(list(views())))
    asked: dict[str, Callable[[FeedbackFilter], Any]] = {
        "limits": lambda wanted: reader.limits(),
        "tally": reader.tally,
        "by day": lambda wanted: reader.tallies(("day",), wanted=wanted),
        "by scenario": lambda wanted: reader.tallies(("scenario",), wanted=wanted),
        "by scenario, mapping": lambda wanted: reader.tallies(("scenario", "mapping"), wanted=wanted),
        "by scenario, version": lambda wanted: reader.tallies(("scenario", "app_version"), wanted=wanted),
        "by day, scenario, version": lambda wanted: reader.tallies(("day", "scenario", "app_version"), wanted=wanted),
        "histogram": reader.histogram,
    }
    orders: tuple[Sort, ...] = ("newest", "oldest", "lowest", "highest")
    for sort in orders:
        asked[f"rows, {sort}"] = partial(reader.page, request=PageRequest(sort))
        asked[f"rows, {sort}, far back"] = partial(reader.page, request=PageRequest(sort, _far(sort)))
    for name, ask in asked.items():
        took = [statistics.median(_took(partial(ask, wanted)) for _ in range(warm)) for _, wanted, _ in views()]
        print(f"| {name} | " + " | ".join(f"{1000 * one:.0f}" for one in took) + " |", flush=True)
    print()


def _far(sort: Sort) -> tuple[float, int]:
    """A place far back in an order."""
    if sort in ("newest", "oldest"):
        return (END - (DAYS - 3 if sort == "newest" else 3) * DAY_S, 0)
    return (TICKS, 2_000_000) if sort == "lowest" else (0, 100)


def _took(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def paths_of() -> Iterator[tuple[str, str]]:
    """Each view of the page, and each part of one: what it is called, and its address."""
    for name, _, query in views():
        yield f"{name}: the page", f"/feedback?{query}"
        for part in ("numbers", "time", "groups", "distribution", "beside"):
            yield f"{name}: {part}", f"/feedback/{part}?{query}"
        for sort in ("newest", "oldest", "lowest", "highest"):
            yield f"{name}: rows, {sort}", f"/feedback/rows?{query}&sort={sort}"
    yield "one interaction", "/feedback/interactions/i0000042"
    yield "topics", "/feedback/topics"


def measure_pages(root: Path, store: str | None, *, warm: int) -> None:
    """Server time of each view, in milliseconds."""
    print("| view | cold, ms | warm, ms | kB |\n|---|---:|---:|---:|")
    with Workspace(root, store=store) as workspace:
        app = create_app(workspace, Address("127.0.0.1", 8000))
        with TestClient(app, base_url=BASE, follow_redirects=False) as client:
            client.get("/feedback/topics")
            for name, path in paths_of():
                status, size, cold = _timed(client, path)
                again = statistics.median(_timed(client, path)[2] for _ in range(warm))
                told = f"{1000 * cold:.0f} | {1000 * again:.0f}" if status == 200 else f"– (answer {status}) | –"
                print(f"| {name} | {told} | {size / 1000:.0f} |", flush=True)


def _timed(client: TestClient, path: str) -> tuple[int, int, float]:
    began = time.perf_counter()
    answer = client.get(path)
    return answer.status_code, len(answer.content), time.perf_counter() - began


if __name__ == "__main__":
    main()
