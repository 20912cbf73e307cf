"""Topics: what those interactions are about that no scenario covers, or that users rated low."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field

from peel.records.base import Record
from peel.records.feedback import EVERYTHING, FeedbackEntry, FeedbackFilter
from peel.records.production import RatingEstimate

NamedBy: TypeAlias = Literal["model", "terms"]

LONGEST_NAME = 80
"""The longest name of a topic, in characters."""

FEWEST_TEXTS = 8
"""How many different texts make a topic where nobody says otherwise."""

MOST_INTERACTIONS = 5000
"""How many interactions a discovery looks at, the newest."""


class DiscoveryRequest(Record):
    """What a discovery is to look at: of the interactions that are `wanted`, those that no scenario covers and those
    rated below `low`. A topic has `min_size` different texts or more. `model` is the role of `peel.yaml` that names
    topics."""

    wanted: FeedbackFilter = EVERYTHING
    low: float = Field(default=0.3, ge=0, le=1)
    min_size: int = Field(default=FEWEST_TEXTS, ge=2)
    model: str = "default"


class NearestCase(Record):
    """The scenario and case that a topic's centre is most like, and how like it is to that scenario, in [-1, 1]."""

    scenario: str
    case: str
    similarity: float


class Topic(Record):
    """Interactions of one meaning, as they are now: what was forgotten since it was found counts no more.

    `key` is its number in the store. `name` was proposed by a language model or is made of its `terms`, the words that
    tell it from the other topics; `note` says why no model named it. `texts` counts different texts, `users` different
    users among the interactions that name one: None where none does. `unmatched` counts the interactions that no
    scenario covers. `typical` are a few of them, one for each text, the nearest to the topic's centre first. `draft` is
    the file that it was made into, relative to the workspace.
    """

    key: int
    name: str
    named_by: NamedBy
    terms: tuple[str, ...]
    estimate: RatingEstimate
    texts: int
    users: int | None
    unmatched: int
    nearest: NearestCase | None
    typical: tuple[FeedbackEntry, ...]
    note: str = ""
    draft: str | None = None


class Discovery(Record):
    """The last discovery: what was looked at, and the topics found in it, the largest first.

    `found` is when, in seconds since the epoch. `matching` counts the interactions that are unmatched or rated low,
    `considered` the newest of them that were looked at, with `texts` different texts. `in_topics` counts those in a
    topic by then; all others fit none. `of_one_user` counts clusters that are no topics because one user made most of
    each. `waiting` counts the interactions that were not mapped yet, and so could not be known to be unmatched. `model`
    is the language model that was asked for names, `embedding` what made the vectors; None where it was not needed.
    `note` is a sentence where there is no topic.
    """

    found: float
    request: DiscoveryRequest
    model: str | None
    embedding: str | None
    matching: int
    considered: int
    texts: int
    in_topics: int
    of_one_user: int
    waiting: int
    note: str = ""
    topics: tuple[Topic, ...] = ()
