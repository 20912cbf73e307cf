"""Logging in: throttled by what failed lately, one at a time, and under a session id that nobody knew before."""

from __future__ import annotations

import threading
import time

from fastapi import HTTPException

from peel.store.accounts import Accounts
from peel.store.auditing import LOGIN_FAILED, AuditLog
from peel.web.security.passwords import Passwords

WITHIN_S = 900.0
"""How long a failed login counts, in seconds."""

MOST_BOTH, MOST_OF_ADDRESS, MOST_OF_NAME = 5, 30, 100
"""How many logins may fail in that time: of one name from one address, from one address, of one name. The last is high:
whoever knows a name must not be able to lock its owner out with a few requests."""

WAITS_S = 5.0
"""How long a login waits for others to be checked, in seconds."""


class Logins:
    """Checks names and passwords of one server."""

    def __init__(self, accounts: Accounts, audit: AuditLog) -> None:
        self._accounts, self._audit, self._passwords = accounts, audit, Passwords()
        # A check takes 64 MB and a tenth of a second by design: side by side they would be a way to stop the server,
        # and would all be let through before the first of them has failed.
        self._alone = threading.Lock()

    def check(self, name: str, password: str, *, address: str) -> bool:
        """Whether this is a user and the right password. Raises HTTPException 429 where too many failed."""
        if not self._alone.acquire(timeout=WAITS_S):
            _too_many("many people are logging in just now", wait_s=WAITS_S)
        try:
            self._check_throttle(name, address)
            kept = self._accounts.password_hash(name)
            is_right = self._passwords.is_right(password, kept)
            if not is_right:
                self._audit.add(LOGIN_FAILED, actor=name, via="page", address=address)
            elif kept is not None and self._passwords.is_outdated(kept):
                self._accounts.set_password_hash(name, self._passwords.hashed(password))
            return is_right
        finally:
            self._alone.release()

    def _check_throttle(self, name: str, address: str) -> None:
        failed = self._audit.failed_logins(name=name, address=address, since=time.time() - WITHIN_S)
        if any(count >= most for count, most in zip(failed, (MOST_BOTH, MOST_OF_ADDRESS, MOST_OF_NAME), strict=True)):
            _too_many("too many logins failed", wait_s=WITHIN_S)


def _too_many(why: str, *, wait_s: float) -> None:
    minutes = max(1, round(wait_s / 60))
    raise HTTPException(
        429,
        f"{why}; try again in {minutes} minute{'' if minutes == 1 else 's'}",
        headers={"Retry-After": str(round(wait_s))},
    )
