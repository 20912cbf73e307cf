"""Interactions in production, what they are selected and counted by, and their ratings."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OF_USERS = sa.text('"user" IS NOT NULL')
LABELS = ("scenario", "variant", "app_version", "channel", "language")


def upgrade() -> None:
    op.create_table(
        "interactions",
        sa.Column("key", sa.Integer, nullable=False),
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("earlier", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("received", sa.Float, nullable=False),
        sa.Column("user", sa.String(200)),
        sa.Column("content", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_interactions"),
        sa.UniqueConstraint("id", name="uq_interactions_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_interactions_user", "interactions", ["user"], sqlite_where=OF_USERS, postgresql_where=OF_USERS)
    op.create_table(
        "interaction_facts",
        sa.Column("interaction", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("rating", sa.Integer),
        sa.Column("value", sa.Integer),
        *(sa.Column(label, sa.String(100)) for label in LABELS),
        sa.PrimaryKeyConstraint("interaction", name="pk_interaction_facts"),
        sa.ForeignKeyConstraint(["interaction"], ["interactions.key"], name="fk_interaction_facts_interaction"),
    )
    op.create_index("ix_interaction_facts_at", "interaction_facts", ["at", "interaction"])
    for label in LABELS:
        op.create_index(f"ix_interaction_facts_{label}", "interaction_facts", [label, "at"])
    op.create_table(
        "ratings",
        sa.Column("key", sa.Integer, nullable=False),
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("interaction", sa.String(200), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("received", sa.Float, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("original", sa.String(32), nullable=False),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_ratings"),
        sa.UniqueConstraint("digest", name="uq_ratings_digest"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ratings_interaction", "ratings", ["interaction", "at", "key"])
