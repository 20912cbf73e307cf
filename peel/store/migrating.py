"""Bringing an older store up to date, by Alembic; only loaded when a store is not of the present version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine

from peel.errors import StoreError


def upgrade(engine: Engine, *, shown: str) -> None:
    """Run the migrations that are missing. Raises StoreError where the store is of a newer PEEL."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(
            f"the store {shown} has tables of another version of PEEL ({error}); use that version, or another store"
        ) from error
