"""The one client that owns the network: it posts requests and streams pictures down."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, cast
from urllib.parse import urlsplit

import httpx2 as httpx

from seedream_hub.schemas.errors import HubError, NetworkError, NotAnImageError, UpstreamError
from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.outcome import Outcome
from seedream_hub.schemas.requests import ImageRequest

from . import ark
from .account import Account
from .retry import retry_after_s

TIMEOUT: Final = httpx.Timeout(60, connect=10, read=300, pool=None)
"""Seconds. One picture takes up to 83 s (measured, 2026-09); a shorter time-out pays for it and loses it."""

OK: Final = 200
CHUNK_BYTES: Final = 256 * 1024
SANDBOX_HEADER: Final = "x-seedream-hub-sandbox"


class Upstream:
    """One account's connections."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._http = httpx.AsyncClient(
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=None),
            trust_env=not account.is_loopback,
            headers={"user-agent": "seedream-hub"},
        )

    async def generate(self, request: ImageRequest, call_id: str) -> Outcome:
        """Post one request and return what was made. It is sent once.

        Raises:
            UpstreamError: If the provider refused it.
            NetworkError: If no answer came; `billed` is `no` only where nothing was sent.
        """
        try:
            response = await self._http.post(
                f"{self.account.base_url.rstrip('/')}{ark.PATH}",
                json=ark.body(request),
                headers={
                    "authorization": f"Bearer {self.account.api_key.get_secret_value()}",
                    "x-client-request-id": call_id,
                },
            )
        except httpx.RequestError as exc:
            raise self._network_error(exc) from exc
        request_id = response.headers.get("x-request-id")
        is_sandbox = SANDBOX_HEADER in response.headers
        answer = _json(response)
        try:
            if response.status_code != OK:
                wait_s = retry_after_s(response.headers.get("retry-after"))
                raise ark.refusal(answer, response.status_code, request_id, wait_s)
            return ark.parse(answer, request_id, sandbox=is_sandbox)
        except UpstreamError as exc:
            exc.sandbox = is_sandbox
            raise self._redacted(exc) from None

    @asynccontextmanager
    async def download(self, url: str, max_bytes: int) -> AsyncGenerator[AsyncIterator[bytes]]:
        """Stream the picture behind a result link.

        Raises:
            NotAnImageError: If the link is dead, or there is more than `max_bytes` behind it.
            NetworkError: If the connection broke.
        """
        self._check_link(url)
        try:
            async with self._http.stream("GET", url) as response:
                if response.status_code != OK:
                    message = f"The picture's link answered HTTP {response.status_code}."
                    raise NotAnImageError(message, code="download_failed", billed="yes")
                yield _bounded(response, max_bytes)
        except httpx.RequestError as exc:
            message = f"The download broke off ({type(exc).__name__})."
            raise NetworkError(message, code="download_failed", billed="yes") from exc

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _check_link(self, url: str) -> None:
        """Refuse a link that is neither https nor on the provider's own host."""
        parts = urlsplit(url)
        if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname == self.account.host):
            return
        message = f"The provider's link is not https: {parts.scheme}://{parts.hostname}."
        raise NotAnImageError(message, code="download_refused", billed="yes")

    def _network_error(self, exc: httpx.RequestError) -> HubError:
        where = f"{self.account.provider} ({self.account.host})"
        if isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol | httpx.ProxyError):
            message = f"{where} cannot be reached; nothing was sent ({type(exc).__name__})."
            return NetworkError(message, code="unreachable", retryable=True, next_step="Check the network and retry.")
        message = (
            f"{where} sent no answer after the request went out ({type(exc).__name__}); it may have been billed."
        )
        step = "Look at the provider's console before asking again."
        return NetworkError(message, code="no_answer", billed="unknown", next_step=step)

    def _redacted(self, error: UpstreamError) -> UpstreamError:
        """Cut the key out of an error text, should the upstream echo it."""
        key = self.account.api_key.get_secret_value()
        if key and key in error.message:
            error.message = error.message.replace(key, "***")
            error.args = (error.message,)
        return error


def _json(response: httpx.Response) -> Json:
    """Return the body as an object; anything else (a proxy's HTML page) as an empty one."""
    try:
        answer: Any = response.json()
    except ValueError:
        return {}
    return cast("Json", answer) if isinstance(answer, dict) else {}


async def _bounded(response: httpx.Response, max_bytes: int) -> AsyncIterator[bytes]:
    received = 0
    async for chunk in response.aiter_bytes(CHUNK_BYTES):
        received += len(chunk)
        if received > max_bytes:
            message = f"More than {max_bytes:,} bytes came from the picture's link."
            raise NotAnImageError(message, code="download_too_large", billed="yes")
        yield chunk
