"""Carrying a server out: its address, its socket, and when it may start at all."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import uvicorn

from peel.errors import ServerError
from peel.web.application import create_app
from peel.web.security.addresses import Address
from peel.workspace import Workspace

ENDS_WITHIN_S = 5
"""How long answers that are under way may take when the server ends, in seconds."""


def serve(workspace: Workspace, address: Address, *, ready: Callable[[Address], None]) -> None:
    """Serve a workspace until Ctrl-C or SIGTERM. `ready` is told the address when requests are answered; port 0 is
    replaced by a free one.

    Raises ServerError where it may not start there, StoreError, MissingExtra and DefinitionError for the store.
    """
    address.check()
    check_users(workspace, address)
    with closing(_listening(address)) as listening:
        bound = replace(address, port=listening.getsockname()[1])
        _Serving(settings(workspace, bound), ready=lambda: ready(bound)).run(sockets=[listening])


def check_users(workspace: Workspace, address: Address) -> None:
    """Raises ServerError where others could reach the server and nobody would have to log in."""
    if not address.is_private and not workspace.store.accounts().any():
        raise ServerError(
            f"{_reached(address)}, and there is no user yet: everybody could read and change everything. "
            "Make the first one with: peel user add NAME --role admin"
        )


class _Serving(uvicorn.Server):
    """A server that says when it is ready."""

    def __init__(self, config: uvicorn.Config, *, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def settings(workspace: Workspace, address: Address) -> uvicorn.Config:
    """The application of a workspace, as it is served. Raises StoreError, MissingExtra, DefinitionError."""
    return uvicorn.Config(
        create_app(workspace, address),
        # The one that bounds the head of a request.
        http="h11",
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        # By itself uvicorn believes whoever connects from loopback.
        proxy_headers=bool(address.proxies),
        forwarded_allow_ips=list(address.proxies),
        timeout_graceful_shutdown=ENDS_WITHIN_S,
    )


def _listening(address: Address) -> socket.socket:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, place = found[0]
        return socket.create_server(place[:2], family=family, backlog=512)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServerError(
            f"cannot listen on {address.host} port {address.port}: {reason}; choose another with --port or --host"
        ) from error


def _reached(address: Address) -> str:
    if not address.is_loopback:
        return f"other machines reach {address.host}"
    return f"with {'--name' if address.names else '--trusted-proxy'} other machines are to reach this server"
