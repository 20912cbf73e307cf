"""Runs, executions, steps and scores."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("key", sa.Integer, nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("started", sa.Float, nullable=False),
        sa.Column("finished", sa.Float),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("planned", sa.Integer, nullable=False),
        sa.Column("provenance", sa.Text, nullable=False),
        sa.Column("definitions", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_runs"),
        sa.UniqueConstraint("id", name="uq_runs_id"),
    )
    op.create_index("ix_runs_started", "runs", ["started"])
    op.create_table(
        "executions",
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("scenario_variant", sa.SmallInteger, nullable=False),
        sa.Column("case", sa.Integer, nullable=False),
        sa.Column("repetition", sa.Integer, nullable=False),
        sa.Column("ok", sa.SmallInteger, nullable=False),
        sa.Column("started", sa.Float, nullable=False),
        sa.Column("latency_s", sa.Float, nullable=False),
        sa.Column("tokens_in", sa.BigInteger),
        sa.Column("tokens_out", sa.BigInteger),
        sa.Column("cost_usd", sa.Float),
        sa.Column("marks", sa.SmallInteger, nullable=False),
        sa.Column("fault", sa.Text),
        sa.PrimaryKeyConstraint("run", "number", name="pk_executions"),
        sa.ForeignKeyConstraint(["run"], ["runs.key"], name="fk_executions_run"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "steps",
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("execution", sa.Integer, nullable=False),
        sa.Column("place", sa.SmallInteger, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run", "execution", "place", name="pk_steps"),
        sa.ForeignKeyConstraint(["run"], ["runs.key"], name="fk_steps_run"),
    )
    op.create_table(
        "scores",
        sa.Column("key", sa.Integer, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("execution", sa.Integer, nullable=False),
        sa.Column("evaluator", sa.Text, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("rater", sa.Text),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("tokens_in", sa.BigInteger),
        sa.Column("tokens_out", sa.BigInteger),
        sa.Column("cost_usd", sa.Float),
        sa.Column("details", sa.Text),
        sa.PrimaryKeyConstraint("key", name="pk_scores"),
        sa.ForeignKeyConstraint(["run"], ["runs.key"], name="fk_scores_run"),
    )
    op.create_index("ix_scores_run_execution", "scores", ["run", "execution"])
