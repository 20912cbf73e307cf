"""The way in for everything from production: redacted, stored, forgotten, expired, by what `peel.yaml` says."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from peel.environment import filled, lacking
from peel.errors import FeedbackError
from peel.feedback.redaction import Redaction
from peel.records.feedback import Added, FeedbackDefinition, Interaction, Rating, Removed
from peel.store.feedback import Entries, FeedbackStore
from peel.store.feedback_reading import FeedbackReader

_DAY_S = 86400.0


class Feedback:
    """The interactions and ratings of one workspace. Safe to use from several threads."""

    def __init__(self, store: FeedbackStore, definition: FeedbackDefinition, *, environ: Mapping[str, str]) -> None:
        """Raises FeedbackError where the variable that keys the hashes is not set, StoreError."""
        self._store = store
        self._definition = definition
        self._redaction = Redaction(definition, _key(store, definition, environ))

    @property
    def reader(self) -> FeedbackReader:
        """Reads what is stored: lists, and counts for reports."""
        return self._store.reader

    def add(self, interactions: Sequence[Interaction] = (), ratings: Sequence[Rating] = ()) -> Added:
        """Store interactions and ratings, redacted: all or none, on the disk when this returns.

        What is stored already changes nothing. Raises StoreError, and FeedbackError where one is too large once it is
        redacted.
        """
        return self.add_redacted([self.redacted(one) for one in interactions], ratings)

    def redacted(self, one: Interaction) -> Interaction:
        """An interaction as `add` stores it. Raises FeedbackError where it is too large then."""
        return self._redaction.interaction(one)

    def add_redacted(self, interactions: Sequence[Interaction], ratings: Sequence[Rating]) -> Added:
        """As `add`, of interactions that went through `redacted`: whoever takes many can tell one that is wrong."""
        return self.add_each([(interactions, ratings)])[0]

    def add_each(self, handed_in: Sequence[Entries]) -> list[Added]:
        """As `add_redacted`, of what several senders handed in, in one transaction: what became of each one's."""
        redacted = [(interactions, [*map(self._redaction.rating, ratings)]) for interactions, ratings in handed_in]
        return self._store.add_each(redacted, received=time.time())

    def forget(self, user: str) -> Removed:
        """Delete all interactions of a user, stored by name or hashed, with their ratings. Raises StoreError."""
        return self._store.forget(self._redaction.names_of(user))

    def expire(self, days: float | None = None, *, now: float | None = None) -> Removed:
        """Delete what is older than so many days: those of `peel.yaml` where they are not given.

        Raises FeedbackError where neither says how many, StoreError.
        """
        kept = self._definition.retention_days if days is None else days
        if kept is None:
            raise FeedbackError(
                "nothing says how long interactions are kept; write `feedback: {retention_days: 365}` in peel.yaml, or "
                "--days"
            )
        return self._store.expire((time.time() if now is None else now) - kept * _DAY_S)


def _key(store: FeedbackStore, definition: FeedbackDefinition, environ: Mapping[str, str]) -> bytes:
    if definition.hash_key is None:
        return store.secret().encode()
    for name, state in lacking(definition.hash_key, environ).items():
        raise FeedbackError(
            f"'hash_key' of 'feedback' in peel.yaml names the environment variable {name!r}, which is {state}; set it"
        )
    return filled(definition.hash_key, environ).encode()
