"""People's scores: each submission once, their questions and answers found by an index, a key to blind outputs with."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SUBMITTED = sa.text("submission IS NOT NULL")
OF_PEOPLE = sa.text("rater IS NOT NULL OR status = 2")


def upgrade() -> None:
    op.add_column("runs", sa.Column("blinding", sa.String(64)))
    op.add_column("scores", sa.Column("submission", sa.String(64)))
    op.create_index(
        "ix_scores_submission",
        "scores",
        ["run", "execution", "evaluator", "rater", "submission"],
        unique=True,
        sqlite_where=SUBMITTED,
        postgresql_where=SUBMITTED,
    )
    op.create_index(
        "ix_scores_people",
        "scores",
        ["run", "evaluator", "execution"],
        sqlite_where=OF_PEOPLE,
        postgresql_where=OF_PEOPLE,
    )
