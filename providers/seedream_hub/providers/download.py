"""Fetch the picture behind a result link: resumed where it breaks, bounded, from no private address."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

import anyio
import httpx2 as httpx

from seedream_hub.schemas.errors import NetworkError, NotAnImageError
from seedream_hub.schemas.language import say

from .account import Account
from .guard import RefusedAddress, follow, guarded_client
from .retry import is_transient
from .timing import Timing

REFUSED: Final = "download_refused"
LINK_DEAD: Final = "link_dead"
OK: Final = 200
PARTIAL: Final = 206
ATTEMPTS: Final = 5
PAUSES_S: Final = (0.2, 1.0, 3.0, 9.0)


class Downloads:
    """Fetches pictures for one account."""

    def __init__(self, account: Account, timing: Timing, *, allow_private_hosts: bool) -> None:
        self._http = guarded_client(
            allowed_hosts=frozenset({account.host}),
            allow_private=allow_private_hosts,
            trust_env=not account.is_loopback,
            limits=httpx.Limits(max_connections=None),
            headers={"user-agent": "seedream-hub", "accept-encoding": "identity"},
            timeout=timing.of_download(),
        )

    async def fetch(self, url: str, max_bytes: int) -> AsyncGenerator[bytes]:
        """Yield the bytes behind a link, once each; a break is resumed where it happened.

        Raises:
            NotAnImageError: If the link is dead or refused, or there is more than `max_bytes` behind it.
            NetworkError: If the connection broke for good.
        """
        fetched = _Fetched(max_bytes)
        for attempt in range(ATTEMPTS):
            try:
                async with follow(self._http, url, fetched.headers()) as response:
                    async for chunk in fetched.read(response):
                        yield chunk
                break
            except (RefusedAddress, httpx.TooManyRedirects) as exc:
                message = say("The picture's link was not followed: {reason}", reason=exc)
                raise NotAnImageError(message, code=REFUSED, billed="yes") from exc
            except (httpx.RequestError, _Passing) as exc:
                if attempt == ATTEMPTS - 1:
                    reason = exc.__class__.__name__.strip("_")
                    message = say("The download broke off {times} times ({reason}).", times=ATTEMPTS, reason=reason)
                    raise NetworkError(message, code="download_failed", billed="yes") from exc
                await anyio.sleep(PAUSES_S[attempt])

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class _Passing(Exception):  # noqa: N818 - never leaves this module
    """The server was unwell."""


class _Fetched:
    """How much of a picture has come, and by which tag the rest must match."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._tag: str | None = None

    def headers(self) -> dict[str, str]:
        """Ask for the rest of what began, if it is still the same."""
        if not self._bytes:
            return {}
        return {"range": f"bytes={self._bytes}-"} | ({"if-range": self._tag} if self._tag else {})

    async def read(self, response: httpx.Response) -> AsyncIterator[bytes]:
        skip = self._start(response)
        async for chunk in response.aiter_bytes():  # of no fixed size: what would fill one is lost in a break
            fresh = chunk[skip:]
            skip = max(0, skip - len(chunk))
            self._bytes += len(fresh)
            if self._bytes > self._max_bytes:
                message = say("More than {most:,} bytes came from the picture's link.", most=self._max_bytes)
                raise NotAnImageError(message, code="download_too_large", billed="yes")
            if fresh:
                yield fresh

    def _start(self, response: httpx.Response) -> int:
        """Return how many bytes of this answer are known already."""
        if is_transient(response.status_code):
            raise _Passing
        if response.status_code not in {OK, PARTIAL}:
            message = say("The picture's link answered HTTP {status}.", status=response.status_code)
            raise NotAnImageError(message, code=LINK_DEAD, billed="yes")
        tag = response.headers.get("etag")
        if self._bytes and self._tag and tag and tag != self._tag:
            message = say("The picture changed while it was fetched.")
            raise NotAnImageError(message, code="download_changed", billed="yes")
        self._tag = self._tag or tag
        if response.status_code == PARTIAL:
            if response.headers.get("content-range", "").startswith(f"bytes {self._bytes}-"):
                return 0
            raise _Passing
        return self._bytes
