"""Passwords: hashed with Argon2id, and checked in the same time whether or not there is such a user."""

from __future__ import annotations

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from peel.errors import AccountError

SHORTEST, LONGEST = 12, 200
"""How many characters a password has."""


class Passwords:
    """Makes and checks hashes, at the cost that argon2-cffi recommends (RFC 9106)."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._nobodys = self._hasher.hash("nobody has this password")

    def hashed(self, password: str) -> str:
        """What is kept of a password. Raises AccountError where it is too short or too long."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise AccountError(
                f"the password has {len(password)} characters; {SHORTEST} to {LONGEST} are allowed: take a few words"
            )
        return self._hasher.hash(_normal(password))

    def is_right(self, password: str, kept: str | None) -> bool:
        """Whether this is the password of which `kept` was kept; never, where nothing was."""
        try:
            return self._hasher.verify(kept or self._nobodys, _normal(password)) and kept is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, kept: str) -> bool:
        """Whether a hash was made at a lower cost than is recommended now."""
        return self._hasher.check_needs_rehash(kept)


def _normal(password: str) -> bytes:
    """The same letters typed on different keyboards are the same password."""
    return unicodedata.normalize("NFKC", password).encode(errors="replace")
