"""Changing who may log in and what programs may do: one way for the terminal and the pages, each change recorded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from peel.errors import AccountError
from peel.plugins import nearest
from peel.records.accounts import ROLES, SCOPES, Role, Scope, Token, User
from peel.store.accounts import Accounts
from peel.store.auditing import AuditLog
from peel.web.security.passwords import Passwords


@dataclass(frozen=True)
class Administration:
    """What one person changes: `actor` by `via` (page, token or terminal) from `address`."""

    accounts: Accounts
    audit: AuditLog
    actor: str
    via: str
    address: str = ""

    def check_new(self, name: str, role: str) -> None:
        """Raises AccountError where `add` would, before a password is asked for."""
        role_of(role)
        self.accounts.check_free(name)

    def check_known(self, name: str) -> None:
        """Raises AccountError where there is no such user."""
        if self.accounts.password_hash(name) is None:
            raise AccountError(f"there is no user {name!r}; `peel user list` names them")

    def add(self, name: str, role: str, *, password: str) -> User:
        """A new user. Raises AccountError where the name, the role or the password cannot be taken."""
        checked = role_of(role)
        made = self.accounts.add(name, checked, password_hash=self._passwords.hashed(password))
        self._record("add user", f"{name} ({checked})")
        return made

    def remove(self, name: str) -> None:
        """Remove a user with all sessions and tokens. Raises AccountError where there is none."""
        self.accounts.remove(name)
        self._record("remove user", name)

    def set_password(self, name: str, password: str) -> None:
        """Change a password; the user is logged out everywhere. Raises AccountError."""
        self.accounts.set_password_hash(name, self._passwords.hashed(password))
        self._record("change password", name)

    def set_role(self, name: str, role: str) -> None:
        """Change what a user may do. Raises AccountError."""
        checked = role_of(role)
        self.accounts.set_role(name, checked)
        self._record("change role", f"{name} ({checked})")

    def add_token(self, name: str, scope: str) -> tuple[str, Token]:
        """A new token of a user: its text, to be shown once, and its record. Raises AccountError."""
        text, made = self.accounts.add_token(name, scope_of(scope))
        self._record("add token", f"{made.id} of {name} ({made.scope})")
        return text, made

    def revoke_token(self, token_id: str) -> None:
        """Make a token worthless. Raises AccountError where there is none of this id."""
        self.accounts.revoke_token(token_id)
        self._record("revoke token", token_id)

    @cached_property
    def _passwords(self) -> Passwords:
        return Passwords()

    def _record(self, action: str, subject: str) -> None:
        self.audit.add(action, subject, actor=self.actor, via=self.via, address=self.address)


def role_of(given: str) -> Role:
    """The role of this name. Raises AccountError where there is none."""
    for role in ROLES:
        if role == given:
            return role
    raise AccountError(f"there is no role {given!r}; {nearest(given, ROLES)}")


def scope_of(given: str) -> Scope:
    """The scope of this name. Raises AccountError where there is none."""
    for scope in SCOPES:
        if scope == given:
            return scope
    raise AccountError(f"there is no scope {given!r}; {nearest(given, SCOPES)}")
