"""How much space a picture will need at most, before it is made; and who waits for space that others hold."""

import errno
from collections.abc import Awaitable, Callable
from typing import Final

import anyio

from seedream_hub.schemas.limits import ModelLimits
from seedream_hub.schemas.requests import ImageRequest

BYTES_PER_PIXEL: Final = {"jpeg": 1.5, "png": 4.0}
"""A JPEG of pure noise at quality 95 has about 1.4 bytes a pixel; a PNG with transparency at most 4."""

TIER_PIXELS: Final = {"1K": 1024 * 1024, "2K": 2048 * 2048, "3K": 3072 * 3072, "4K": 4096 * 4096}


def room_for(request: ImageRequest, model: ModelLimits) -> int:
    """Return the bytes one picture of a request may take."""
    output = model.fields.get("output_format")
    kind = request.output_format or (str(output.default) if output and output.default else "jpeg")
    return round(_pixels(request.size) * BYTES_PER_PIXEL.get(kind, 4.0))


def _pixels(size: str | None) -> int:
    if size and "x" in size:
        width, height = size.split("x")
        return int(width) * int(height)
    return TIER_PIXELS.get(size or "2K", TIER_PIXELS["4K"])


FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

AGAIN_S: Final = 2.0
"""How often it is looked whether space came free otherwise."""


class Room:
    """The space that pictures under way in this process hold; who finds none waits for what they give back."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._given_back = anyio.Event()
        self._turn = anyio.Lock()

    async def take(
        self, image_ids: list[str], attempt: Callable[[], Awaitable[None]], told: Callable[[], None]
    ) -> None:
        """Attempt to take space, again as long as there is none and others hold some.

        `told` is called once, before a wait.

        Raises:
            OSError: What the attempt raised.
        """
        has_waited = False
        while True:
            given_back = self._given_back
            try:
                async with self._turn:  # two that each hold a part would wait for each other
                    await attempt()
                    self._held.update(image_ids)
                    return
            except OSError as exc:
                if exc.errno not in FULL or not (self._held or given_back.is_set()):
                    raise
            if not has_waited:
                told()
            has_waited = True
            with anyio.move_on_after(AGAIN_S):
                await given_back.wait()

    def give_back(self, *image_ids: str) -> None:
        """Note that pictures need no more space: they are stored, or will not come."""
        if not self._held.isdisjoint(image_ids):
            self._held.difference_update(image_ids)
            self._given_back.set()
            self._given_back = anyio.Event()
