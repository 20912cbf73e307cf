"""Users, their sessions and their API tokens. Of passwords, sessions and tokens the store holds only hashes.

What is random enough (sessions and tokens: 256 bits) is kept by its SHA-256; what a person chose, by what the caller
made of it.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from typing import Any

from sqlalchemy import Connection, Engine, delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from peel.errors import AccountError
from peel.records.accounts import LONGEST_NAME, Role, Scope, Token, User
from peel.store import schema
from peel.store.database import told

USED_EVERY_S = 3600.0
"""How exactly the last use of a token is kept, in seconds: not every request has to write."""

_SIGNING_KEY = "signing key"


class Accounts:
    """The users of a store. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def any(self) -> bool:
        """Whether there is a user."""
        with told(self._engine.url), self._engine.connect() as connection:
            return bool(connection.scalar(select(exists().select_from(schema.users))))

    def users(self) -> list[User]:
        """All users, by name."""
        users = schema.users.c
        query = select(users.name, users.role, users.created).order_by(users.name)
        with told(self._engine.url), self._engine.connect() as connection:
            return [_user(row) for row in connection.execute(query)]

    def add(self, name: str, role: Role, *, password_hash: str) -> User:
        """A new user. Raises AccountError where the name is taken, or is none."""
        _check_name(name)
        row = {"name": name, "role": role, "password": password_hash, "created": time.time()}
        with told(self._engine.url):
            try:
                with self._engine.begin() as connection:
                    connection.execute(schema.users.insert(), row)
            except IntegrityError as error:
                raise _taken(name) from error
        return User(name=name, role=role, created=row["created"])

    def check_free(self, name: str) -> None:
        """Raises AccountError where a new user could not be called that."""
        _check_name(name)
        if self.password_hash(name) is not None:
            raise _taken(name)

    def remove(self, name: str) -> None:
        """Remove a user, who is logged out at once, with all tokens. Raises AccountError where there is none."""
        with told(self._engine.url), self._engine.begin() as connection:
            key = self._key(connection, name)
            for table in (schema.sessions, schema.tokens):
                connection.execute(delete(table).where(table.c.user == key))
            connection.execute(delete(schema.users).where(schema.users.c.key == key))

    def set_role(self, name: str, role: Role) -> None:
        """Change what a user may do, from the next request on. Raises AccountError where there is no such user."""
        with told(self._engine.url), self._engine.begin() as connection:
            key = self._key(connection, name)
            connection.execute(update(schema.users).where(schema.users.c.key == key).values(role=role))

    def password_hash(self, name: str) -> str | None:
        """What is kept of a user's password; None where there is no such user."""
        if not _is_name(name):
            return None
        query = select(schema.users.c.password).where(schema.users.c.name == name)
        with told(self._engine.url), self._engine.connect() as connection:
            return connection.scalar(query)

    def set_password_hash(self, name: str, password_hash: str) -> None:
        """Replace what is kept of a user's password, and log the user out everywhere: whoever knew the old one too.

        Raises AccountError where there is no such user.
        """
        with told(self._engine.url), self._engine.begin() as connection:
            key = self._key(connection, name)
            connection.execute(delete(schema.sessions).where(schema.sessions.c.user == key))
            connection.execute(update(schema.users).where(schema.users.c.key == key).values(password=password_hash))

    def open_session(self, session: str, name: str, *, expires: float) -> None:
        """Log a user in under a session's id until `expires`, seconds since the epoch. Raises AccountError where there
        is no such user. Sessions that have expired are forgotten."""
        with told(self._engine.url), self._engine.begin() as connection:
            connection.execute(delete(schema.sessions).where(schema.sessions.c.expires < time.time()))
            row = {"digest": _digest(session), "user": self._key(connection, name), "expires": expires}
            connection.execute(schema.sessions.insert(), row)

    def close_session(self, session: str) -> None:
        """Log a session out."""
        with told(self._engine.url), self._engine.begin() as connection:
            connection.execute(delete(schema.sessions).where(schema.sessions.c.digest == _digest(session)))

    def session_user(self, session: str) -> User | None:
        """Who is logged in under a session's id."""
        users, sessions = schema.users.c, schema.sessions.c
        query = (
            select(users.name, users.role, users.created)
            .select_from(schema.sessions.join(schema.users))
            .where(sessions.digest == _digest(session), sessions.expires > time.time())
        )
        with told(self._engine.url), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _user(row)

    def add_token(self, name: str, scope: Scope) -> tuple[str, Token]:
        """A new token of a user: its text, which nobody can be told again, and its record. Raises AccountError where
        there is no such user."""
        made = Token(id=secrets.token_hex(4), user=name, scope=scope, created=time.time())
        text = f"peel_{made.id}_{secrets.token_urlsafe(32)}"
        with told(self._engine.url), self._engine.begin() as connection:
            row = {"user": self._key(connection, name), "digest": _digest(text), **made.model_dump(exclude={"user"})}
            connection.execute(schema.tokens.insert(), row)
        return text, made

    def revoke_token(self, token_id: str) -> None:
        """Make a token worthless. Raises AccountError where there is none of this id."""
        if not _is_name(token_id):
            raise _no_token(token_id)
        with told(self._engine.url), self._engine.begin() as connection:
            gone = connection.execute(delete(schema.tokens).where(schema.tokens.c.id == token_id))
            if not gone.rowcount:
                raise _no_token(token_id)

    def tokens(self) -> list[Token]:
        """All tokens, by user and age."""
        tokens, users = schema.tokens.c, schema.users.c
        query = (
            select(tokens.id, users.name, tokens.scope, tokens.created, tokens.used)
            .select_from(schema.tokens.join(schema.users))
            .order_by(users.name, tokens.created, tokens.id)
        )
        with told(self._engine.url), self._engine.connect() as connection:
            return [
                Token(id=row.id, user=row.name, scope=row.scope, created=row.created, used=row.used)
                for row in connection.execute(query)
            ]

    def token_user(self, text: str) -> tuple[User, Scope] | None:
        """Whose token this is, and what it may do at most."""
        tokens, users = schema.tokens.c, schema.users.c
        query = (
            select(users.name, users.role, users.created, tokens.id, tokens.scope, tokens.used)
            .select_from(schema.tokens.join(schema.users))
            .where(tokens.digest == _digest(text))
        )
        with told(self._engine.url), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        now = time.time()
        if row.used is None or now - row.used > USED_EVERY_S:
            used = update(schema.tokens).where(tokens.id == row.id).values(used=now)
            with told(self._engine.url), self._engine.begin() as connection:
                connection.execute(used)
        return _user(row), row.scope

    def signing_key(self) -> str:
        """The secret that all servers of this store sign with; made when it is first asked for."""
        table = schema.server
        with told(self._engine.url), self._engine.begin() as connection:
            insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            # Of two processes that are first at once, one makes it and both use it.
            new = insert(table).values(name=_SIGNING_KEY, value=secrets.token_hex(32)).on_conflict_do_nothing()
            found = connection.scalar(select(table.c.value).where(table.c.name == _SIGNING_KEY))
            if found is None:
                connection.execute(new)
                found = connection.scalar(select(table.c.value).where(table.c.name == _SIGNING_KEY))
            return str(found)

    def _key(self, connection: Connection, name: str) -> int:
        found = schema.users.c.name == name
        key = connection.scalar(select(schema.users.c.key).where(found)) if _is_name(name) else None
        if key is None:
            raise AccountError(f"there is no user {name!r}; `peel user list` names them")
        return int(key)


def _is_name(text: str) -> bool:
    """Whether a text may be a name; not every text can be asked of every database."""
    return 0 < len(text) <= LONGEST_NAME and text.isprintable() and text == text.strip()


def _check_name(name: str) -> None:
    if not _is_name(name):
        raise AccountError(
            f"{name[:LONGEST_NAME]!r} cannot be a user's name; 1 to {LONGEST_NAME} characters that can be seen are "
            "allowed, without blanks around them"
        )


def _taken(name: str) -> AccountError:
    return AccountError(f"there is a user {name!r} already; choose another name")


def _no_token(token_id: str) -> AccountError:
    return AccountError(f"there is no token {token_id[:LONGEST_NAME]!r}; `peel user list` names them")


def _user(row: Any) -> User:
    return User(name=row.name, role=row.role, created=row.created)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
