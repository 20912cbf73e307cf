"""The commands of a server: `peel serve`, and `peel user` with those who may log in."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from peel.commands.calling import StoreUrl, fail, open_workspace, output_console, told
from peel.environment import system_user

if TYPE_CHECKING:
    from peel.web.security.addresses import Address
    from peel.web.security.administration import Administration
    from peel.workspace import Workspace

UserName = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")]
RoleName = Annotated[
    str, typer.Option("--role", metavar="ROLE", help="viewer (reads), rater (scores), editor (runs, edits) or admin.")
]

user = typer.Typer(help="Who may log in to a server of this store.", no_args_is_help=True)


def serve(
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="Where to listen. All but this machine's own needs a user.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0: a free one.")] = 8000,
    name: Annotated[
        list[str] | None, typer.Option("--name", metavar="HOST", help="A host name that the server is called by.")
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            "--trusted-proxy", metavar="IP", help="A reverse proxy (or its network) whose X-Forwarded headers hold."
        ),
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Serve the pages and the API of this workspace until Ctrl-C."""
    with told(), _extra("peel serve"):
        from peel.web.security.addresses import Address
        from peel.web.serving import serve as serve_workspace

        address = Address(host, port, tuple(name or ()), tuple(trusted_proxy or ()))
        with open_workspace(None, store) as workspace:
            try:
                serve_workspace(workspace, address, ready=lambda bound: _say_where(workspace, bound))
            except KeyboardInterrupt:
                typer.echo("the server has ended", err=True)


@user.command()
def add(
    name: UserName,
    role: RoleName = "viewer",
    first: Annotated[
        bool, typer.Option("--first", help="Only where there is no user yet; else do nothing. For containers.")
    ] = False,
    store: StoreUrl = None,
) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    with _administration(store) as admin:
        if first and admin.accounts.any():
            typer.echo("there is a user already; nothing was changed", err=True)
            return
        admin.check_new(name, role)
        admin.add(name, role, password=_new_password())
        typer.echo(f"added the {role} {name}")


@user.command("list")
def list_users(store: StoreUrl = None) -> None:
    """List the users and their API tokens."""
    from rich.table import Table
    from rich.text import Text

    with _administration(store) as admin:
        tokens = admin.accounts.tokens()
        table = Table("name", "role", "since", "API tokens (scope)")
        for one in admin.accounts.users():
            own = ", ".join(f"{token.id} ({token.scope})" for token in tokens if token.user == one.name)
            table.add_row(Text(one.name), one.role, time.strftime("%Y-%m-%d", time.gmtime(one.created)), own or "–")
        output_console().print(table)


@user.command()
def remove(name: UserName, store: StoreUrl = None) -> None:
    """Remove a user, who is logged out at once, with all tokens."""
    with _administration(store) as admin:
        admin.remove(name)
        typer.echo(f"removed {name}")


@user.command()
def password(name: UserName, store: StoreUrl = None) -> None:
    """Set a user's password, asked for or read from standard input; the user is logged out everywhere."""
    with _administration(store) as admin:
        admin.check_known(name)
        admin.set_password(name, _new_password())
        typer.echo(f"the password of {name} was changed")


@user.command("role")
def set_role(
    name: UserName,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="viewer, rater, editor or admin.")],
    store: StoreUrl = None,
) -> None:
    """Change what a user may do."""
    with _administration(store) as admin:
        admin.set_role(name, role)
        typer.echo(f"{name} has the role {role} now")


@user.command()
def token(
    name: UserName,
    scope: Annotated[
        str,
        typer.Option("--scope", metavar="SCOPE", help="viewer, rater, editor, admin, or ingest (hands data in only)."),
    ],
    store: StoreUrl = None,
) -> None:
    """Make an API token that acts as a user, within a scope; it is printed once and kept only as a hash."""
    with _administration(store) as admin:
        text, made = admin.add_token(name, scope)
        typer.echo(f"the token {made.id} of {name} with the scope {scope}; it cannot be shown again:", err=True)
        typer.echo(text)


@user.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="TOKEN", help="Its id, as `peel user list` shows it.")],
    store: StoreUrl = None,
) -> None:
    """Make an API token worthless."""
    with _administration(store) as admin:
        admin.revoke_token(token_id)
        typer.echo(f"revoked the token {token_id}")


@contextmanager
def _administration(store: str | None) -> Iterator[Administration]:
    with told(), _extra("peel user"):
        from peel.web.security.administration import Administration

        with open_workspace(None, store) as workspace:
            accounts, audit = workspace.store.accounts(), workspace.store.audit()
            yield Administration(accounts, audit, actor=system_user() or "unknown", via="terminal")


@contextmanager
def _extra(what: str) -> Iterator[None]:
    """Names the extra that is not installed."""
    from peel.errors import MissingExtra

    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "peel").partition(".")[0] not in _OF_EXTRA:
            raise
        raise MissingExtra(what, extra="server") from error


_OF_EXTRA = frozenset(
    {"fastapi", "starlette", "uvicorn", "argon2", "itsdangerous", "multipart", "python_multipart", "ruamel"}
)


def _new_password() -> str:
    """A password that nobody sees: typed twice, or the first line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    given = sys.stdin.readline().rstrip("\r\n")
    if not given:
        fail("no password came on standard input; type the command in a terminal, or write it there")
    return given


def _say_where(workspace: Workspace, address: Address) -> None:
    typer.echo(f"PEEL serves {workspace.root} at {address.url} (Ctrl-C ends it)")
    if address.is_private and not workspace.store.accounts().any():
        typer.echo("there are no users, so nobody has to log in; only this machine reaches it", err=True)
