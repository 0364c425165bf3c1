"""Post a finished answer to the address a request gave: 10 s for each try, three more after 1, 2 and 4 s.

A name is looked up first: one that leads into this machine or its network is not posted to, whatever it is called.
"""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import anyio

from .answers import Wire
from .background import Background

_TIMEOUT_S: Final = 10
_WAITS_S: Final = (1, 2, 4, None)
_LOOPBACK: Final = "127.0.0.1"


class Callbacks:
    """Post in the background; an address that does not answer harms nothing."""

    def __init__(self, background: Background, *, loopback: bool) -> None:
        self._background = background
        self._loopback = loopback

    def send(self, url: str, body: Wire) -> None:
        """Begin to post `body` to `url`; an empty address is nobody's."""
        if url:
            self._background.start(self._post(url, body))

    async def _post(self, url: str, body: Wire) -> None:
        import httpx2  # a sandbox that calls nobody back does not pay for it

        async with httpx2.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
            for wait_s in _WAITS_S:
                try:
                    if await self._may_be_called(url) and (await client.post(url, json=body)).is_success:
                        return
                except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError):
                    pass
                if wait_s is not None:
                    await anyio.sleep(wait_s)

    async def _may_be_called(self, url: str) -> bool:
        host = urlsplit(url).hostname or ""
        if self._loopback and host == _LOOPBACK:
            return True
        found = await anyio.getaddrinfo(host, None)
        return all(ip_address(address[4][0]).is_global for address in found)
