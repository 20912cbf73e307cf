"""Users, sessions, tokens and the audit log in the store, on each kind of database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text

from peel.errors import AccountError
from peel.store.accounts import Accounts
from peel.store.auditing import LOGIN_FAILED, AuditLog
from peel.store.database import open_engine
from peel.store.store import Store

LATER = time.time() + 3600


@pytest.fixture
def accounts(store: Store) -> Accounts:
    """The accounts of a store with the users ann (editor) and bob (rater)."""
    made = store.accounts()
    assert not made.any()
    made.add("ann", "editor", password_hash="hash of ann")
    made.add("bob", "rater", password_hash="hash of bob")
    return made


@pytest.fixture
def audit(store: Store) -> AuditLog:
    """The store's audit log."""
    return store.audit()


@pytest.fixture
def engine(store_url: str, tmp_path: Path) -> Iterator[Engine]:
    """A second look at the same database."""
    opened = open_engine(store_url, root=tmp_path)
    yield opened
    opened.dispose()


def everything(engine: Engine) -> str:
    """All that the database holds, as text."""
    with engine.connect() as connection:
        tables = inspect(engine).get_table_names()
        return "\n".join(
            str(row)
            for table in tables
            for row in connection.execute(text(f'SELECT * FROM "{table}"'))  # noqa: S608  # names of the schema
        )


def test_users_are_listed_by_name_with_their_roles(accounts: Accounts) -> None:
    """And a role changes for the same user."""
    assert accounts.any()
    accounts.set_role("bob", "admin")
    assert [(user.name, user.role) for user in accounts.users()] == [("ann", "editor"), ("bob", "admin")]


def test_a_name_is_given_once(accounts: Accounts) -> None:
    """The second of the same name is refused and changes nothing."""
    with pytest.raises(AccountError, match="there is a user 'ann' already; choose another name"):
        accounts.add("ann", "admin", password_hash="other")
    assert accounts.password_hash("ann") == "hash of ann"


def test_of_many_who_take_a_name_at_once_one_gets_it(accounts: Accounts) -> None:
    """The database decides, not who asked first."""

    def adding(_: int) -> bool:
        try:
            accounts.add("eve", "viewer", password_hash="x")
        except AccountError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(adding, range(6))) == [False] * 5 + [True]


@pytest.mark.parametrize("name", ["", " ann", "a\x00b", "a\nb", "\ud800", "x" * 101, "\u202eann"])
def test_what_cannot_be_seen_is_no_name(accounts: Accounts, name: str) -> None:
    """It is refused as a user's, and asking for it finds nobody, whatever the database makes of it."""
    with pytest.raises(AccountError, match="cannot be a user's name; 1 to 100 characters that can be seen"):
        accounts.add(name, "viewer", password_hash="x")
    assert accounts.password_hash(name) is None
    for change in (
        lambda: accounts.set_role(name, "admin"),
        lambda: accounts.remove(name),
        lambda: accounts.add_token(name, "viewer"),
        lambda: accounts.open_session("s", name, expires=LATER),
        lambda: accounts.revoke_token(name),
    ):
        with pytest.raises(AccountError, match="there is no"):
            change()


def test_a_session_is_its_users_until_it_expires_or_ends(accounts: Accounts) -> None:
    """No other id is anybody's."""
    accounts.open_session("one", "ann", expires=LATER)
    accounts.open_session("two", "ann", expires=time.time() - 1)
    assert accounts.session_user("one") == accounts.users()[0]
    assert accounts.session_user("two") is None
    assert accounts.session_user("one ") is None
    accounts.close_session("one")
    assert accounts.session_user("one") is None


def test_sessions_that_expired_are_forgotten(accounts: Accounts, engine: Engine) -> None:
    """With the next login, so that the table does not grow for ever."""
    accounts.open_session("old", "ann", expires=time.time() - 1)
    accounts.open_session("new", "bob", expires=LATER)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar() == 1


def test_a_new_password_logs_the_user_out_everywhere(accounts: Accounts) -> None:
    """And nobody else."""
    accounts.open_session("anns", "ann", expires=LATER)
    accounts.open_session("bobs", "bob", expires=LATER)
    accounts.set_password_hash("ann", "another")
    assert accounts.password_hash("ann") == "another"
    assert accounts.session_user("anns") is None
    assert accounts.session_user("bobs") is not None


def test_a_changed_role_holds_for_sessions_and_tokens_that_are_there(accounts: Accounts) -> None:
    """Nothing keeps the role that a session began with."""
    accounts.open_session("anns", "ann", expires=LATER)
    secret, _ = accounts.add_token("ann", "admin")
    accounts.set_role("ann", "viewer")
    session, token = accounts.session_user("anns"), accounts.token_user(secret)
    assert session is not None
    assert token is not None
    assert (session.role, token[0].role, token[1]) == ("viewer", "viewer", "admin")


def test_a_removed_user_is_logged_out_with_all_tokens(accounts: Accounts) -> None:
    """The name is free again, and whoever takes it has none of that."""
    accounts.open_session("anns", "ann", expires=LATER)
    secret, _ = accounts.add_token("ann", "editor")
    accounts.remove("ann")
    accounts.add("ann", "viewer", password_hash="x")
    assert accounts.session_user("anns") is None
    assert accounts.token_user(secret) is None
    assert accounts.tokens() == []


def test_a_token_is_known_by_its_text_until_it_is_revoked(accounts: Accounts) -> None:
    """Its use is kept; any other text, its id among them, is nobody's."""
    secret, made = accounts.add_token("bob", "viewer")
    other, _ = accounts.add_token("bob", "ingest")
    assert [token.used for token in accounts.tokens()] == [None, None]
    found = accounts.token_user(secret)
    assert found is not None
    assert (found[0].name, found[1]) == ("bob", "viewer")
    assert next(token for token in accounts.tokens() if token.id == made.id).used is not None
    for wrong in (made.id, secret[:-1], secret + "x", secret.upper(), "", "\x00", "\ud800"):
        assert accounts.token_user(wrong) is None
    accounts.revoke_token(made.id)
    assert accounts.token_user(secret) is None
    assert accounts.token_user(other) is not None
    with pytest.raises(AccountError, match=f"there is no token '{made.id}'; `peel user list` names them"):
        accounts.revoke_token(made.id)


def test_the_database_holds_no_session_and_no_token(accounts: Accounts, engine: Engine) -> None:
    """Whoever reads a backup can act as nobody."""
    accounts.open_session("a secret session", "ann", expires=LATER)
    secret, made = accounts.add_token("ann", "editor")
    stored = everything(engine)
    assert made.id in stored
    assert "a secret session" not in stored
    assert secret not in stored
    assert secret.rpartition("_")[2] not in stored


def test_all_processes_sign_with_one_key_and_each_store_has_its_own(
    store_url: str, open_store: Any, tmp_path: Path
) -> None:
    """Also where several ask for the first time at once."""
    stores = [open_store(store_url) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        keys = set(pool.map(lambda store: store.accounts().signing_key(), stores))
    assert len(keys) == 1
    other = open_store(f"sqlite:///{tmp_path}/other.db").accounts().signing_key()
    assert {len(key) for key in (*keys, other)} == {64}
    assert other not in keys


def test_the_log_is_read_from_the_newest_in_parts(audit: AuditLog) -> None:
    """Each entry once, in order, with who, how, from where and what."""
    for number in range(7):
        audit.add("start run", f"run {number}", actor="ann", via="page", address="10.0.0.7")
    first = audit.entries(limit=4)
    rest = audit.entries(limit=4, before=first[-1].key)
    assert [entry.subject for entry in (*first, *rest)] == [f"run {number}" for number in range(6, -1, -1)]
    assert (first[0].actor, first[0].via, first[0].address, first[0].action) == ("ann", "page", "10.0.0.7", "start run")
    assert audit.entries(limit=4, before=rest[-1].key) == []


def test_whatever_somebody_wrote_is_kept_bounded_and_storable(audit: AuditLog) -> None:
    """A name at the login comes from anybody."""
    audit.add("x" * 99, "s\x00" * 500, actor="\ud800" * 500, via="page", address="a" * 99)
    (entry,) = audit.entries(limit=2)
    assert (len(entry.action), len(entry.address), len(entry.actor)) == (32, 64, 200)
    assert "\x00" not in entry.subject
    assert len(entry.subject) <= 200


def test_failed_logins_are_counted_by_name_and_address_since_a_moment(audit: AuditLog) -> None:
    """Other actions, other names and what is too long ago do not count."""
    for name, address in (("ann", "1.1.1.1"), ("ann", "2.2.2.2"), ("bob", "1.1.1.1"), ("eve", "3.3.3.3")):
        audit.add(LOGIN_FAILED, actor=name, via="page", address=address)
    audit.add("start run", actor="ann", via="page", address="1.1.1.1")
    assert audit.failed_logins(name="ann", address="1.1.1.1", since=0) == (1, 2, 2)
    assert audit.failed_logins(name="ann", address="9.9.9.9", since=0) == (0, 0, 2)
    assert audit.failed_logins(name="ann", address="1.1.1.1", since=time.time() + 60) == (0, 0, 0)
