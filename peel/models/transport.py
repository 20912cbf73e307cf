"""The HTTP transport: httpx's interface on aiohttp's connections.

httpx's own pool costs several milliseconds of CPU a call with hundreds in flight, aiohttp's a fraction of one. The
package httpx-aiohttp does the same at httpx's client level; this one adds what calls to models need: no limit on
connections, no cookies carried from reply to reply, proxies of the environment looked up once and not with every
call, and faults of the connection told apart. Imported when the first call is made.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from functools import lru_cache
from typing import cast
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from yarl import URL

_KEEP_ALIVE_S = 15.0
_CONNECT_S = 30.0

KEPT_ROUTES = 64
"""How many addresses are kept with their proxies: a step may ask another address with every case."""


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends httpx requests over one aiohttp session, which it opens with the first request.

    Honours HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR. Of the timeouts of a request
    only `connect` is used: the caller bounds the whole.
    """

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self._route = lru_cache(maxsize=KEPT_ROUTES)(_route)
        self._ssl: ssl.SSLContext | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; redirects are not followed. Raises httpx.TransportError, RuntimeError after `aclose`."""
        url, proxy = self._route(str(request.url))
        session = self._session or self._open()
        body = b"".join(cast(Iterable[bytes], request.stream))
        try:
            response = await session.request(
                request.method,
                url,
                headers=[(name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers.raw],
                data=body or None,
                allow_redirects=False,
                proxy=proxy,
                ssl=self._context() if url.scheme == "https" else True,
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _mapped(error, request) from error
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response, request))

    async def aclose(self) -> None:
        """Close all connections, for good."""
        self._closed = True
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:
            raise RuntimeError("the models are closed; nothing can be asked any more")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        return self._session

    def _context(self) -> ssl.SSLContext:
        if self._ssl is None:
            self._ssl = httpx.create_ssl_context()
        return self._ssl


class _Body(httpx.AsyncByteStream):
    """The body of one response; closing it before its end closes the connection."""

    def __init__(self, response: aiohttp.ClientResponse, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise _mapped(error, self._request) from error

    async def aclose(self) -> None:
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()


def _route(address: str) -> tuple[URL, str | None]:
    """The address as aiohttp wants it, and the proxy the environment names for it."""
    url = URL(address)
    return url, _proxy(url)


def _proxy(url: URL) -> str | None:
    proxies, host = getproxies(), url.host or ""
    # A proxy that were asked for this machine's own addresses would look on its own machine.
    if host == "localhost" or host == "::1" or host.startswith("127."):
        return None
    if proxy_bypass(f"{host}:{url.explicit_port}" if url.explicit_port else host):
        return None
    proxy = proxies.get(url.scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


def _mapped(error: Exception, request: httpx.Request) -> httpx.TransportError:
    """The same fault in httpx's words."""
    for theirs, ours in _FAULTS:
        if isinstance(error, theirs):
            return ours(_sentence(error), request=request)
    return httpx.NetworkError(_sentence(error), request=request)


def _sentence(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect ({error.os_error.strerror or error.os_error})"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed the connection without an answer"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the connection was closed in the middle of the answer"
    if isinstance(error, aiohttp.ClientOSError):
        return "the connection was lost"
    return str(error) or type(error).__name__


_FAULTS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (aiohttp.ClientProxyConnectionError, httpx.ProxyError),
    (aiohttp.ClientHttpProxyError, httpx.ProxyError),
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (asyncio.TimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError),
    (aiohttp.ClientPayloadError, httpx.ReadError),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError),
)
