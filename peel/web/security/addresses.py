"""Where the server listens, and by which names it may be called.

A page elsewhere can make a browser call a server on loopback by a name of its own (DNS rebinding); a server that knows
its names answers to no other.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from peel.errors import ServerError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens. `names` are further host names that it is called by; `proxies` the addresses or networks
    of reverse proxies whose word on who asks, and whether by https, is taken."""

    host: str
    port: int
    names: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises ServerError where a part is not what it has to be."""
        if not self.host.strip():
            raise ServerError("--host is empty, which would be every address; write it, such as 127.0.0.1 or 0.0.0.0")
        for name in self.names:
            if host_of(name) != name.lower():
                raise ServerError(f"--name {name!r} is not a host name; write it without https:// and port")
        for proxy in self.proxies:
            _check_proxy(proxy)

    @property
    def is_private(self) -> bool:
        """Whether only this machine is meant to reach it: nobody else's name for it and no proxy was told."""
        return self.is_loopback and not self.names and not self.proxies

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return self.host == "localhost" or (_is_number(self.host) and ip_address(self.host).is_loopback)

    @property
    def url(self) -> str:
        """What to write into a browser."""
        host = "localhost" if self._is_everywhere else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    def answers_to(self, header: str) -> bool:
        """Whether a request's `Host` names this server. Numbers cannot be rebound: any will do, save on loopback."""
        host = host_of(header)
        if host is None:
            return False
        if host in LOOPBACK or host == self.host.lower() or host in {name.lower() for name in self.names}:
            return True
        if self.is_loopback:
            return False
        return _is_number(host) or (self._is_everywhere and host == socket.gethostname().lower())

    @property
    def _is_everywhere(self) -> bool:
        return _is_number(self.host) and ip_address(self.host).is_unspecified


def host_of(header: str) -> str | None:
    """The host that a `Host` header names, without its port; None where it is none."""
    if not header or any(mark in header for mark in "/?#@\\ \t"):
        return None
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port  # raises ValueError where it is no number
    except ValueError:
        return None
    return parts.hostname


def _check_proxy(proxy: str) -> None:
    try:
        ip_network(proxy)
    except ValueError as error:
        message = f"--trusted-proxy {proxy!r} is no address or network; write one such as 10.0.0.5 or 172.16.0.0/12"
        raise ServerError(message) from error


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
