"""What interactions are mapped to, what watches their ratings, and the topics found among them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _tell_named_from_mapped()
    of_interaction = ["interaction"], ["interactions.key"]
    op.create_table(
        "mappings",
        sa.Column("interaction", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("nearest", sa.String(100)),
        sa.Column("case", sa.String(200)),
        sa.Column("similarity", sa.Float),
        sa.Column("threshold", sa.Float),
        sa.Column("by", sa.String(200)),
        sa.PrimaryKeyConstraint("interaction", name="pk_mappings"),
        sa.ForeignKeyConstraint(*of_interaction, name="fk_mappings_interaction"),
    )
    op.create_table(
        "interaction_vectors",
        sa.Column("interaction", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("interaction", name="pk_interaction_vectors"),
        sa.ForeignKeyConstraint(*of_interaction, name="fk_interaction_vectors_interaction"),
    )
    op.create_table(
        "watches",
        sa.Column("scenario", sa.String(100), nullable=False),
        sa.Column("state", sa.Text),
        sa.Column("place", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("scenario", name="pk_watches"),
    )
    op.create_table(
        "held_ratings",
        sa.Column("rating", sa.Integer, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("rating", name="pk_held_ratings"),
    )
    op.create_table(
        "alarms",
        sa.Column("key", sa.Integer, nullable=False),
        sa.Column("scenario", sa.String(100), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("raised", sa.Float, nullable=False),
        sa.Column("told", sa.Float),
        sa.Column("acknowledged", sa.Float),
        sa.Column("details", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_alarms"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alarms_at", "alarms", ["at"])
    op.create_table(
        "discoveries",
        sa.Column("key", sa.Integer, nullable=False),
        sa.Column("found", sa.Float, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_discoveries"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "topics",
        sa.Column("key", sa.Integer, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("draft", sa.Text),
        sa.PrimaryKeyConstraint("key", name="pk_topics"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "topic_members",
        sa.Column("topic", sa.Integer, nullable=False),
        sa.Column("interaction", sa.Integer, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("topic", "interaction", name="pk_topic_members"),
        sa.ForeignKeyConstraint(["topic"], ["topics.key"], name="fk_topic_members_topic"),
        sa.ForeignKeyConstraint(*of_interaction, name="fk_topic_members_interaction"),
    )
    op.create_index("ix_topic_members_interaction", "topic_members", ["interaction"])
    op.create_index("ix_interaction_facts_value", "interaction_facts", ["value", "interaction"])
    waiting = sa.text("mapping = 0")
    op.create_index(
        "ix_interaction_facts_waiting",
        "interaction_facts",
        ["interaction"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def _tell_named_from_mapped() -> None:
    """What an interaction names, apart from what it counts for; how that was found."""
    with op.batch_alter_table("interactions") as table:
        table.add_column(sa.Column("named", sa.String(100)))
    with op.batch_alter_table("interaction_facts") as table:
        table.add_column(sa.Column("mapping", sa.SmallInteger, nullable=False, server_default="0"))
    op.execute(
        "UPDATE interactions SET named = (SELECT scenario FROM interaction_facts WHERE interaction = interactions.key)"
    )
    # 1 is `named`.
    op.execute("UPDATE interaction_facts SET mapping = 1 WHERE scenario IS NOT NULL")
    with op.batch_alter_table("interaction_facts") as table:
        table.alter_column("mapping", server_default=None)
