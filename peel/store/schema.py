"""The tables of the store. Runs, executions, steps and scores are rows; what only a report shows is JSON in them.

An execution is known by its run and its number in the run's plan: no key is made while executions finish. Steps are
rows of their own, written as they finish, so that an execution which died can go on where it stopped.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from peel.records.feedback import LABELS

VERSION = "0005"
"""The last migration: all of them in turn make exactly these tables."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

SUBMITTED = "submission IS NOT NULL"
OF_PEOPLE = "rater IS NOT NULL OR status = 2"
"""Which scores are people's: answers, and questions that wait for one (the code 2 is `pending`). A query has to say it
in these words to use the index."""

OF_USERS = '"user" IS NOT NULL'
"""Which interactions can be forgotten by their user."""

WAITING = "mapping = 0"
"""Which interactions wait to be mapped (the place of `waiting`). A query has to say it in these words to use the index,
so that looking for them costs nothing where there are none."""

runs = Table(
    "runs",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("started", Float, nullable=False, index=True),
    Column("finished", Float),
    Column("status", String(16), nullable=False),
    Column("planned", Integer, nullable=False),
    Column("provenance", Text, nullable=False),
    Column("definitions", LargeBinary, nullable=False),
    Column("blinding", String(64)),
)

executions = Table(
    "executions",
    metadata,
    Column("run", Integer, ForeignKey("runs.key"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("scenario_variant", SmallInteger, nullable=False),
    Column("case", Integer, nullable=False),
    Column("repetition", Integer, nullable=False),
    Column("ok", SmallInteger, nullable=False),
    Column("started", Float, nullable=False),
    Column("latency_s", Float, nullable=False),
    Column("tokens_in", BigInteger),
    Column("tokens_out", BigInteger),
    Column("cost_usd", Float),
    Column("marks", SmallInteger, nullable=False),
    Column("fault", Text),
    PrimaryKeyConstraint("run", "number"),
    # In SQLite the primary key is the table itself: a row of numbers needs no second key beside it.
    sqlite_with_rowid=False,
)

steps = Table(
    "steps",
    metadata,
    Column("run", Integer, ForeignKey("runs.key"), nullable=False),
    Column("execution", Integer, nullable=False),
    Column("place", SmallInteger, nullable=False),
    Column("result", Text, nullable=False),
    PrimaryKeyConstraint("run", "execution", "place"),
)

scores = Table(
    "scores",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("run", Integer, ForeignKey("runs.key"), nullable=False),
    Column("execution", Integer, nullable=False),
    Column("evaluator", Text, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("value", Float),
    Column("reason", Text, nullable=False),
    Column("rater", Text),
    Column("at", Float, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("tokens_in", BigInteger),
    Column("tokens_out", BigInteger),
    Column("cost_usd", Float),
    Column("details", Text),
    Column("submission", String(64)),
    Index(None, "run", "execution"),
    # A double click, a reload or a lost reply sends the same submission twice: one of them is stored.
    Index(
        "ix_scores_submission",
        *("run", "execution", "evaluator", "rater", "submission"),
        unique=True,
        sqlite_where=text(SUBMITTED),
        postgresql_where=text(SUBMITTED),
    ),
    # What people are asked and what they answered, found without reading the scores of judges.
    Index(
        "ix_scores_people",
        *("run", "evaluator", "execution"),
        sqlite_where=text(OF_PEOPLE),
        postgresql_where=text(OF_PEOPLE),
    ),
)

users = Table(
    "users",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("password", Text, nullable=False),
    Column("created", Float, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("user", Integer, ForeignKey("users.key", ondelete="CASCADE"), nullable=False, index=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("scope", String(16), nullable=False),
    Column("created", Float, nullable=False),
    Column("used", Float),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("user", Integer, ForeignKey("users.key", ondelete="CASCADE"), nullable=False, index=True),
    Column("expires", Float, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("actor", Text, nullable=False),
    Column("via", String(16), nullable=False),
    Column("address", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", Text, nullable=False),
    # Logins are throttled by what failed lately.
    Index("ix_audit_action", "action", "at"),
)

server = Table(
    "server",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)

interactions = Table(
    "interactions",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("id", String(200), nullable=False, unique=True),
    Column("digest", String(32), nullable=False),
    # Digests of the contents that later ones replaced: what is sent late or again is known.
    Column("earlier", Text),
    Column("version", Integer, nullable=False),
    Column("received", Float, nullable=False),
    Column("user", String(200)),
    Column("content", Text, nullable=False),
    # The scenario that the interaction names; which one it counts for stands among its facts.
    Column("named", String(100)),
    Index("ix_interactions_user", "user", sqlite_where=text(OF_USERS), postgresql_where=text(OF_USERS)),
    # A key is never given twice: whoever goes on behind the last one seen misses nothing.
    sqlite_autoincrement=True,
)

# What is selected and counted by, apart from what was said: a million of these rows are read in a fraction of a second.
interaction_facts = Table(
    "interaction_facts",
    metadata,
    Column("interaction", Integer, ForeignKey("interactions.key"), primary_key=True, autoincrement=False),
    Column("day", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("rating", Integer),
    Column("value", Integer),
    Column("scenario", String(100)),
    Column("variant", String(100)),
    Column("app_version", String(100)),
    Column("channel", String(100)),
    Column("language", String(100)),
    # How `scenario` was found, one of MAPPING_STATES by its place.
    Column("mapping", SmallInteger, nullable=False),
    Index("ix_interaction_facts_at", "at", "interaction"),
    # Lists by rating; those without one are a part of it, too.
    Index("ix_interaction_facts_value", "value", "interaction"),
    *(Index(f"ix_interaction_facts_{label}", label, "at") for label in LABELS),
    Index("ix_interaction_facts_waiting", "interaction", sqlite_where=text(WAITING), postgresql_where=text(WAITING)),
)

ratings = Table(
    "ratings",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("id", String(200), nullable=False),
    Column("digest", String(32), nullable=False, unique=True),
    Column("interaction", String(200), nullable=False),
    Column("at", Float, nullable=False),
    Column("received", Float, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("original", String(32), nullable=False),
    Column("value", Float, nullable=False),
    Column("comment", Text, nullable=False),
    Index("ix_ratings_interaction", "interaction", "at", "key"),
    sqlite_autoincrement=True,
)

# Where an interaction was mapped by meaning or by hand, and what it was nearest to.
mappings = Table(
    "mappings",
    metadata,
    Column("interaction", Integer, ForeignKey("interactions.key"), primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("nearest", String(100)),
    Column("case", String(200)),
    Column("similarity", Float),
    Column("threshold", Float),
    Column("by", String(200)),
)

# What the embedding model made of an interaction's input: float16 of unit length. Gone with the interaction.
interaction_vectors = Table(
    "interaction_vectors",
    metadata,
    Column("interaction", Integer, ForeignKey("interactions.key"), primary_key=True, autoincrement=False),
    Column("model", String(200), nullable=False),
    Column("vector", LargeBinary, nullable=False),
)

# How far the ratings of a scenario were watched for a shift; the empty name stands for those without a scenario.
watches = Table(
    "watches",
    metadata,
    Column("scenario", String(100), primary_key=True),
    Column("state", Text),
    # The key of the last rating that was seen; the last one of all scenarios is where the next look begins.
    Column("place", Integer, nullable=False),
)

# Ratings that were seen before it was known which scenario they count for: they are looked at again.
held_ratings = Table("held_ratings", metadata, Column("rating", Integer, primary_key=True, autoincrement=False))

alarms = Table(
    "alarms",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("scenario", String(100), nullable=False),
    Column("at", Float, nullable=False),
    Column("raised", Float, nullable=False),
    Column("told", Float),
    Column("acknowledged", Float),
    Column("details", Text, nullable=False),
    Index("ix_alarms_at", "at"),
    sqlite_autoincrement=True,
)

# The last discovery: one row, or none.
discoveries = Table(
    "discoveries",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("found", Float, nullable=False),
    Column("details", Text, nullable=False),
    sqlite_autoincrement=True,
)

# What it found: clusters of interactions, and who belongs to them. No text of theirs is kept here.
topics = Table(
    "topics",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("details", Text, nullable=False),
    Column("draft", Text),
    sqlite_autoincrement=True,
)

topic_members = Table(
    "topic_members",
    metadata,
    Column("topic", Integer, ForeignKey("topics.key"), nullable=False),
    Column("interaction", Integer, ForeignKey("interactions.key"), nullable=False, index=True),
    # The most typical one is the first; those that say the same have the same place.
    Column("place", Integer, nullable=False),
    PrimaryKeyConstraint("topic", "interaction"),
)
