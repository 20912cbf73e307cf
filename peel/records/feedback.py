"""Interactions and ratings: one real use in production, and what its user said of it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticSerializationError, from_json, to_json

from peel.records.base import Json, Record

LONGEST_ID = 200
"""The longest id of an interaction, a rating or a user, in characters."""

LONGEST_LABEL = 100
"""The longest name of a scenario, variant, version, channel or language, in characters."""

LONGEST_COMMENT = 10_000
"""The longest comment, in characters."""

MOST_PARTS = 1000
"""How many messages, or steps, one interaction may hold."""

LARGEST = 1_000_000
"""How large an interaction may be, in bytes of JSON."""

MOST_BRACKETS = 100
"""Of how many lists and mappings it is sure that they can be read, however deep they are nested."""

LATEST = 253_402_300_800.0
"""The end of the year 9999, in seconds since the epoch."""

LABELS = ("scenario", "variant", "app_version", "channel", "language")
"""The fields that interactions are selected and grouped by."""

RatingKind: TypeAlias = Literal["stars", "slider", "smiley", "thumbs"]
RATING_KINDS: tuple[RatingKind, ...] = ("stars", "slider", "smiley", "thumbs")

MappingState: TypeAlias = Literal["waiting", "named", "meaning", "hand", "unmatched"]
MAPPING_STATES: tuple[MappingState, ...] = ("waiting", "named", "meaning", "hand", "unmatched")
"""How the scenario of an interaction was found: not yet, by its name, by meaning, by hand; or it fits none."""

_SEEN = r"^[^\p{Cc}]+$"
Id: TypeAlias = Annotated[str, Field(max_length=LONGEST_ID, pattern=_SEEN)]
Label: TypeAlias = Annotated[str, Field(max_length=LONGEST_LABEL, pattern=_SEEN)]
Text: TypeAlias = Annotated[str, Field(max_length=LARGEST, pattern=r"^[^\x00]*$")]
Moment: TypeAlias = Annotated[float, Field(ge=0, lt=LATEST, allow_inf_nan=False, strict=False)]


class _Strict(Record):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Message(_Strict):
    """One message of a conversation, as applications send it to a model; further keys stay as they are."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    role: Label
    content: Json = None


class InteractionStep(_Strict):
    """One step of the application, as far as it tells. `latency_s` is in seconds."""

    step: Label
    request: Json = None
    output: Json = None
    latency_s: Annotated[float, Field(ge=0, allow_inf_nan=False, strict=False)] | None = None


class Interaction(_Strict):
    """One real use in production. Either `input` or `messages` is what the user asked; `output` what they got, None
    where it is not known. `at` is in seconds since the epoch; None stands for the time it arrives. The labels
    (scenario, variant, app_version, channel, language) and `user` are None where the application does not say.
    """

    CONTENT: ClassVar[tuple[str, ...]] = ("input", "messages", "output", "steps", "metadata")

    id: Id
    at: Moment | None = None
    input: Text | None = None
    messages: Annotated[tuple[Message, ...], Field(min_length=1, max_length=MOST_PARTS, strict=False)] | None = None
    output: Json = None
    steps: Annotated[tuple[InteractionStep, ...], Field(max_length=MOST_PARTS, strict=False)] = ()
    scenario: Label | None = None
    variant: Label | None = None
    app_version: Label | None = None
    channel: Label | None = None
    language: Label | None = None
    user: Id | None = None
    metadata: dict[str, Json] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _whole(self) -> Interaction:
        if (self.input is None) == (self.messages is None):
            raise ValueError("it has both input and messages" if self.messages else "it has neither input nor messages")
        wrong = wrong_content(self.content())
        if wrong:
            raise ValueError(wrong)
        return self

    def content(self) -> bytes:
        """What was said, as JSON without what is not given: input or messages, output, steps, metadata.

        Raises ValueError for what JSON cannot hold.
        """
        held: dict[str, Any] = {}
        for name in self.CONTENT:
            value = getattr(self, name)
            if value is not None and value != () and value != {}:
                held[name] = value
        try:
            written = to_json(held, exclude_none=True)
            # A text may say NaN and hold many brackets; only reading it tells.
            if b"NaN" in written or b"Infinity" in written or _may_be_deep(written):
                from_json(written, allow_inf_nan=False)
        except (PydanticSerializationError, ValueError, RecursionError) as error:
            raise ValueError(
                "it holds what JSON cannot: a number without a value, broken characters, or lists nested too deep"
            ) from error
        return written

    @property
    def asked(self) -> str:
        """What the user asked, as text: the input, or else the last message of the user."""
        if self.input is not None:
            return self.input
        of_user = [one for one in self.messages or () if one.role == "user"] or list(self.messages or ())
        content = of_user[-1].content
        return content if isinstance(content, str) else to_json(content).decode()


class Rating(_Strict):
    """What the user said of an interaction, which may be stored later. `kind` and `original` are the rating as it was
    given (stars 1-5, a slider from 0 to 1, a smiley, thumbs), `value` the same in [0, 1]. `id` tells it from others:
    its sender's, or derived from what it says. `at` is in seconds since the epoch; None stands for the time it arrives.
    """

    id: Id
    interaction: Id
    kind: RatingKind
    original: int | float | str
    value: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=False)]
    comment: Annotated[str, Field(max_length=LONGEST_COMMENT, pattern=r"^[^\x00]*$")] = ""
    at: Moment | None = None


class StoredRating(Record):
    """A rating in the store: `at` is when it was given, `received` when it arrived, in seconds since the epoch."""

    rating: Rating
    at: float
    received: float


class Mapping(Record):
    """Which scenario an interaction counts for; None where it is not mapped yet, or fits none.

    `nearest` and `case` are the scenario and the id of the case that its input is most like, `similarity` the score of
    that in [-1, 1], `threshold` the score that it had to reach: None where nothing was compared. `by` is who mapped it
    by hand, `at` when it was mapped, in seconds since the epoch.
    """

    state: MappingState
    scenario: str | None = None
    nearest: str | None = None
    case: str | None = None
    similarity: float | None = None
    threshold: float | None = None
    by: str | None = None
    at: float | None = None


class StoredInteraction(Record):
    """An interaction in the store, with all its ratings, the oldest first; `value` is that of the one that counts, the
    last. `version` counts how often its content was replaced. `key` is its number in the store."""

    key: int
    interaction: Interaction
    mapping: Mapping
    at: float
    received: float
    version: int
    value: float | None
    ratings: tuple[StoredRating, ...]


class Added(Record):
    """What became of some interactions and ratings: those that were new, changed by what was sent, or there already."""

    new_interactions: int = 0
    changed_interactions: int = 0
    same_interactions: int = 0
    new_ratings: int = 0
    same_ratings: int = 0

    def __add__(self, other: Added) -> Added:
        sums = {name: getattr(self, name) + getattr(other, name) for name in type(self).model_fields}
        return Added.model_construct(**sums)


class Removed(Record):
    """How many interactions and ratings were deleted. `left_in_log` says that the log of a SQLite store, the file
    `…-wal`, still holds what was deleted, because somebody read the store all the while."""

    interactions: int = 0
    ratings: int = 0
    left_in_log: bool = False


class Imported(Record):
    """What an import came to. `rejected` counts the rows that were left out, which stand in `rejected_file` with their
    reasons; `left_out` names columns that are no field, `unseen` those that were to be mapped and stand in no row."""

    rows: int
    added: Added
    rejected: int = 0
    rejected_file: str | None = None
    left_out: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


class FeedbackFilter(Record):
    """Which interactions a number or a list is about. `since` is inclusive, `until` exclusive, in seconds since the
    epoch. Of each label the values that are taken, None among them for interactions that name none; empty: all.
    `scenario` is the one that they count for, `mapping` how that was found. `rated`: only those with a rating (True)
    or without one (False)."""

    since: float | None = None
    until: float | None = None
    scenario: tuple[str | None, ...] = ()
    variant: tuple[str | None, ...] = ()
    app_version: tuple[str | None, ...] = ()
    channel: tuple[str | None, ...] = ()
    language: tuple[str | None, ...] = ()
    mapping: tuple[MappingState, ...] = ()
    rated: bool | None = None


EVERYTHING = FeedbackFilter()


class Tally(Record):
    """The counts behind every number on some interactions. Each counts once, with its last rating.

    `total` and `squares` are the sums of the ratings' values and of their squares; `low` counts those below the
    threshold that was asked for.
    """

    interactions: int = 0
    rated: int = 0
    total: float = 0.0
    squares: float = 0.0
    low: int = 0

    @property
    def mean(self) -> float | None:
        """The mean value over the rated interactions; None where none is rated."""
        return self.total / self.rated if self.rated else None

    @property
    def variance(self) -> float | None:
        """The variance of the values (divisor n - 1); None for fewer than two."""
        if self.rated < 2:
            return None
        return max(0.0, (self.squares - self.total * self.total / self.rated) / (self.rated - 1))

    @property
    def share_rated(self) -> float | None:
        """The share of the interactions that are rated; None where there are none."""
        return self.rated / self.interactions if self.interactions else None

    @property
    def share_low(self) -> float | None:
        """The share of the rated interactions below the threshold; None where none is rated."""
        return self.low / self.rated if self.rated else None


class FeedbackLimits(Record):
    """What there is to select from: when the first and the last interaction were (None: there is none), and of each
    label its values by name; None among them where interactions name none."""

    interactions: int
    first: float | None
    last: float | None
    labels: dict[str, tuple[str | None, ...]]


class FeedbackEntry(Record):
    """One interaction of a list, with what it is mapped to and the rating that counts."""

    key: int
    interaction: Interaction
    mapping: Mapping
    at: float
    value: float | None
    kind: RatingKind | None
    original: int | float | str | None
    comment: str


class FeedbackPage(Record):
    """Some interactions in the order that was asked for; `next` is the place to go on behind, None at the end."""

    entries: tuple[FeedbackEntry, ...]
    next: tuple[float, int] | None


def _may_be_deep(written: bytes) -> bool:
    """Whether lists and mappings may be nested so deep that they could be written, but not read again."""
    return written.count(b"[") + written.count(b"{") > MOST_BRACKETS


def wrong_content(written: bytes) -> str | None:
    """What is wrong with the JSON of an interaction's content; None where nothing is."""
    if len(written) > LARGEST:
        return f"it is larger than {LARGEST:,} bytes"
    if b"\\u0000" in written and b"\\u0000" in written.replace(b"\\\\", b""):
        return "text may not hold the character U+0000"
    return None


class AlertDefinition(Record):
    """When ratings that shift are told, and where. Without a shift there is at most one alarm in `run_length` ratings
    of a scenario on average, for drops and for rises each; later ratings are held against its first `baseline` ones.
    `webhook` is the address that alarms are sent to, with its variables as they are written; None: nowhere."""

    run_length: float = 1000.0
    baseline: int = 100
    webhook: str | None = None


class FeedbackDefinition(Record):
    """The section `feedback` of `peel.yaml`. `redact` and `hash` are dotted paths of fields, `patterns` what is
    blacked out in free text. `hash_key` is the variable that keys the hashes, None the store's own secret.
    `retention_days` is how long interactions stay; None: until they are deleted. `origins` are the pages that the
    widget may send ratings from. `rate_limit` is how many interactions and ratings one user may hand in over HTTP a
    minute, `widget_limit` how many ratings pages may send from one address a minute. `embedding` is the model that
    interactions are mapped to scenarios by."""

    redact: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()
    patterns: tuple[Literal["email", "phone"], ...] = ()
    hash_key: str | None = None
    retention_days: float | None = None
    origins: tuple[str, ...] = ()
    rate_limit: int = 600_000
    widget_limit: int = 60
    alerts: AlertDefinition = AlertDefinition()
    embedding: str = "all-MiniLM-L6-v2"
