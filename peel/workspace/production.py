"""What comes in from production."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from peel.workspace.folder import Folder

if TYPE_CHECKING:
    from peel.feedback.intake import Feedback
    from peel.records.feedback import Imported


class Production(Folder):
    """Interactions and ratings."""

    @cached_property
    def feedback(self) -> Feedback:
        """The interactions and ratings of production, opened on first use.

        Raises FeedbackError where the key of the hashes is not set, and as `store`.
        """
        from peel.feedback.intake import Feedback

        return Feedback(self.store.feedback(), self.definition.feedback, environ=os.environ)

    def import_ratings(self, path: Path, *, mapping: Mapping[str, str] | None = None) -> Imported:
        """Store the interactions and ratings of a CSV, JSON Lines or Parquet file; `mapping` is from columns to fields.

        Raises FeedbackError where the file cannot be read, MissingExtra, StoreError.
        """
        from peel.feedback.importing import import_file

        return import_file(self.feedback, path, mapping=mapping or {})
