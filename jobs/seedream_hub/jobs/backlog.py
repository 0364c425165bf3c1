"""What the journal refused is written again, in its order, until it is written: it tells of what was paid for."""

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import anyio

from seedream_hub.schemas.errors import HubError

log: Final = logging.getLogger(__name__)

Write: TypeAlias = Callable[[], Awaitable[None]]


class Backlog:
    """Writes to the journal that a full or broken disk does not stop."""

    def __init__(self) -> None:
        self._waiting: deque[Write] = deque()
        self._turn = anyio.Lock()

    async def write(self, write: Write) -> HubError | None:
        """Write now; where the journal refuses, later. Return what it refused with."""
        if self._waiting:
            self._waiting.append(write)
            return await self.flush()
        try:
            await write()
        except HubError as exc:
            log.error("%s It will be written again.", exc.message)  # noqa: TRY400 - no bug of ours
            self._waiting.append(write)
            return exc
        return None

    async def flush(self) -> HubError | None:
        """Write what waits, the oldest first, as far as the journal takes it; return what stopped it."""
        async with self._turn:
            while self._waiting:
                try:
                    await self._waiting[0]()
                except HubError as exc:
                    return exc
                self._waiting.popleft()
        return None
