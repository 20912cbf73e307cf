"""Bringing an older store up to date, by Alembic; only loaded when a store is not of the present version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from peel.errors import StoreError
from peel.store.schema import VERSION


def upgrade(connection: Connection, *, version: str | None, shown: str) -> None:
    """Run the migrations that are missing since `version` (None: all of them), inside the connection's transaction.

    Raises StoreError where no migration of this PEEL made `version`; `shown` is what the message calls the store.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(
            f"the store {shown} has tables of version {version!r}, and this PEEL knows versions up to {VERSION!r}; "
            "use the newer PEEL that made it, or name another store"
        ) from error
