"""Topics in the terminal and as JSON. Names, terms and texts are those of strangers, and shown as such."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from peel.counting import counted
from peel.records.feedback import FeedbackEntry
from peel.records.topics import Discovery, Topic
from peel.reports.json import plain
from peel.reports.text import one_line
from peel.reports.wording import interval, number

if TYPE_CHECKING:
    from rich.console import Console

SCHEMA = 1


def topics_json(discovery: Discovery) -> bytes:
    """A discovery as JSON. Users are counted and not named."""
    made = {
        "schema": SCHEMA,
        **discovery.model_dump(mode="json", exclude={"topics"}),
        "topics": [_topic(one) for one in discovery.topics],
    }
    return orjson.dumps(plain(made), option=orjson.OPT_INDENT_2) + b"\n"


def render_topics(discovery: Discovery, *, console: Console) -> None:
    """Print a discovery: what was looked at, and each topic with its numbers and typical texts."""
    from rich.text import Text

    for line in _head(discovery):
        console.print(Text(line))
    for topic in discovery.topics:
        console.print()
        console.print(
            Text.assemble((f"{topic.key:>4}  ", "dim"), (one_line(topic.name), "bold"), f"  {named_by(topic)}")
        )
        for line in _about(topic):
            console.print(Text(f"      {line}"), soft_wrap=True)
    if discovery.topics:
        console.print()
        console.print(Text(f"a draft scenario of one: peel ratings draft {discovery.topics[0].key} --name NAME"))


def named_by(topic: Topic) -> str:
    """Who named a topic, and why no model did."""
    if topic.named_by == "model":
        return "(named by the model)"
    return f"(named by its terms{f': {one_line(topic.note)}' if topic.note else ''})"


def _head(discovery: Discovery) -> Iterator[str]:
    low = discovery.request.low
    looked = counted(discovery.matching, "interaction")
    cut = "" if discovery.considered == discovery.matching else f"; looked at: the newest {discovery.considered:,}"
    yield f"{looked} unmatched or rated below {low:g}{cut}; {counted(discovery.texts, 'different text')}"
    left = discovery.considered - discovery.in_topics
    yield f"{counted(len(discovery.topics), 'topic')} with {discovery.in_topics:,} of them; {left:,} in none"
    if discovery.note:
        yield discovery.note
    if discovery.of_one_user:
        yield f"{counted(discovery.of_one_user, 'cluster')} left out that one user made most of"
    if discovery.waiting:
        are = "is" if discovery.waiting == 1 else "are"
        yield f"{counted(discovery.waiting, 'interaction')} {are} not mapped yet: `peel ratings map`"


def _about(topic: Topic) -> Iterator[str]:
    tally = topic.estimate.tally
    users = "" if topic.users is None else f" of {counted(topic.users, 'user')}"
    yield f"{counted(tally.interactions, 'interaction')}{users}, {counted(topic.texts, 'different text')}; " + (
        f"{topic.unmatched:,} unmatched"
    )
    mean = f"{number(topic.estimate.value)} {interval(topic.estimate.low, topic.estimate.high)}"
    yield f"mean rating {mean}, {tally.rated:,} of {tally.interactions:,} rated" if tally.rated else "nobody rated it"
    if topic.nearest is not None:
        near = topic.nearest
        yield f"nearest: {one_line(near.scenario)}, case {one_line(near.case)} (similarity {near.similarity:.2f})"
    if topic.named_by == "model" and topic.terms:
        yield f"terms: {', '.join(map(one_line, topic.terms))}"
    yield from (f"- {one_line(one.interaction.asked, limit=100)}" for one in topic.typical)
    if topic.draft is not None:
        yield f"draft: {one_line(topic.draft)}"


def _topic(topic: Topic) -> dict[str, Any]:
    estimate = topic.estimate
    return {
        **topic.model_dump(mode="json", include={"key", "name", "named_by", "note", "terms", "texts", "users"}),
        "interactions": estimate.tally.interactions,
        "unmatched": topic.unmatched,
        "rated": estimate.tally.rated,
        "low": estimate.tally.low,
        "rating": {
            "value": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "level": estimate.level,
            "method": estimate.method,
            "note": estimate.note,
        },
        "nearest": None if topic.nearest is None else topic.nearest.model_dump(mode="json"),
        "draft": topic.draft,
        "typical": [_typical(one) for one in topic.typical],
    }


def _typical(entry: FeedbackEntry) -> dict[str, Any]:
    return {
        "id": entry.interaction.id,
        "asked": entry.interaction.asked,
        "at": entry.at,
        "value": entry.value,
        "comment": entry.comment,
        "scenario": entry.mapping.scenario,
    }
