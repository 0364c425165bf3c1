"""Post a finished answer to the address a request gave: 10 s for each try, three more after 1, 2 and 4 s."""

from typing import Final

import anyio

from .answers import Wire
from .background import Background

_TIMEOUT_S: Final = 10
_WAITS_S: Final = (1, 2, 4, None)


class Callbacks:
    """Post in the background; an address that does not answer harms nothing."""

    def __init__(self, background: Background) -> None:
        self._background = background

    def send(self, url: str, body: Wire) -> None:
        """Begin to post `body` to `url`; an empty address is nobody's."""
        if url:
            self._background.start(_post(url, body))


async def _post(url: str, body: Wire) -> None:
    import httpx2  # a sandbox that calls nobody back does not pay for it

    async with httpx2.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
        for wait_s in _WAITS_S:
            try:
                if (await client.post(url, json=body)).is_success:
                    return
            except (httpx2.HTTPError, httpx2.InvalidURL):
                pass
            if wait_s is not None:
                await anyio.sleep(wait_s)
