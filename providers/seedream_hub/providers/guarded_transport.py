"""The transports of a guarded client: each checks a request's URL, and the direct one what it connects to."""

import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, cast

import anyio
import httpcore2
import httpx2 as httpx

from seedream_hub.schemas.language import say

if TYPE_CHECKING:
    from .guard import Guard

ATTEMPT_S: Final = 2.0
"""Seconds for one of several addresses to answer before the next is tried."""

SocketOption = httpcore2.SOCKET_OPTION


class Checked(httpx.AsyncBaseTransport):
    """Check each request's URL before it goes on."""

    def __init__(self, guard: "Guard", transport: httpx.AsyncBaseTransport) -> None:
        self._guard = guard
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Check, then send."""
        self._guard.check(request.url)
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


class Direct(httpx.AsyncHTTPTransport):
    """Connect through the guard. httpx2 has no argument for the backend, so the pool it made is replaced by ours."""

    _pool: httpcore2.AsyncConnectionPool

    def __init__(self, guard: "Guard", context: ssl.SSLContext, limits: httpx.Limits) -> None:
        super().__init__(verify=context, limits=limits)
        if not isinstance(self._pool, httpcore2.AsyncConnectionPool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError("this release of httpx2 keeps its connections elsewhere; the guard would not be asked")
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Backend(guard),
        )


class _Backend(httpcore2.AsyncNetworkBackend):
    """Resolve, check, and connect to one of the addresses checked."""

    def __init__(self, guard: "Guard") -> None:
        self._guard = guard
        self._plain = cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore2's
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        if self._guard.lets_pass(host):
            return await self._plain.connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            with anyio.fail_after(timeout):
                addresses = await self._guard.addresses(host, port)
                return await self._connect(addresses, port)
        except TimeoutError as exc:
            told = say("{host} did not answer in {timeout} s", host=host, timeout=timeout)
            raise httpcore2.ConnectTimeout(told) from exc

    async def _connect(self, addresses: list[str], port: int) -> httpcore2.AsyncNetworkStream:
        *others, last = addresses
        for address in others:
            try:
                return await self._plain.connect_tcp(address, port, ATTEMPT_S)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._plain.connect_tcp(last, port)
