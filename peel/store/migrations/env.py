"""Alembic's entry: runs the migrations on the connection that peel.store.migrating hands over."""

from alembic import context

from peel.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
