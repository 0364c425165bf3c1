"""Draw small previews of a job's pictures, each as soon as it is on disk."""

import base64
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from mcp.types import ImageContent

from seedream_hub.schemas.errors import StorageError
from seedream_hub.schemas.result import ImageRecord

if TYPE_CHECKING:
    from seedream_hub.jobs.job import Job
    from seedream_hub.jobs.library import Library

SIDE: Final = 1024
BASE64_BYTES: Final = 100_000
"""All previews of one result together: connectors cut a result at 150,000 characters, all of it counted."""


class Previews:
    """The previews of one job."""

    def __init__(self, job: "Job", library: "Library") -> None:
        self._job = job
        self._library = library
        self._drawn: dict[int, bytes] = {}
        self._share = 0

    async def draw(self) -> None:
        """Draw them as the pictures come; return when all are drawn."""
        told = 0
        while news := await self._job.news(told):
            told += len(news)
            await self._catch_up()
        await self._catch_up()

    async def _catch_up(self) -> None:
        if self._share != _share(self._job.total):  # a picture nobody asked for takes its part too
            self._drawn, self._share = {}, _share(self._job.total)
        for image in [image for image in self._job.images if image.index not in self._drawn]:
            self._drawn[image.index] = await self._draw(image)

    async def _draw(self, image: ImageRecord) -> bytes:
        """Return the preview; nothing of a file that was moved away, which is no reason to withhold the result."""
        with suppress(OSError, StorageError):
            return await self._library.preview(image.path, SIDE, self._share)
        return b""

    def content(self) -> list[ImageContent]:
        """Return what was drawn, in the pictures' order."""
        return [
            ImageContent(type="image", data=base64.b64encode(drawn).decode(), mime_type="image/jpeg")
            for _, drawn in sorted(self._drawn.items())
            if drawn
        ]


def _share(total: int) -> int:
    """Return how many bytes each of so many previews may have."""
    return BASE64_BYTES * 3 // 4 // total - 3
