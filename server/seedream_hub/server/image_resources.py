"""Pictures as resources: the bytes, a small preview, the whole record, and a list of the newest."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.types import Annotations, Resource

from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.language import say
from seedream_hub.tools.jobs import Desk

from .resources import JSON, Readable

if TYPE_CHECKING:
    from seedream_hub.jobs.library import Library
    from seedream_hub.jobs.records import Listed
    from seedream_hub.schemas.result import ImageRecord

IMAGE: Final = "seedream://images/{image_id}"
PREVIEW: Final = IMAGE + "/preview"
INFO: Final = IMAGE + "/info"

NEWEST: Final = 20
"""Pictures that are listed; the others are read all the same."""

PREVIEW_SIDE: Final = 1024
PREVIEW_BYTES: Final = 200_000

TITLE_CHARS: Final = 80

log: Final = logging.getLogger(__name__)


class ImageResources:
    """What can be read of pictures; the list and the records are read without starting the engine."""

    def __init__(self, desk: Desk, state_dir: Path) -> None:
        self._desk = desk
        self._state_dir = state_dir

    def all(self) -> list[Readable]:
        """Return the kinds of resources there are of each picture."""
        return [
            Readable(IMAGE, "image", say("A picture"), say("The file of a picture."), "image/*", self._whole),
            Readable(
                PREVIEW,
                "preview",
                say("A picture, small"),
                say("A picture as a JPEG of at most {side} pixels a side.", side=PREVIEW_SIDE),
                "image/jpeg",
                self._preview,
            ),
            Readable(
                INFO,
                "info",
                say("A picture's record"),
                say("All that is known of a picture: prompt, arguments, references, who made it, cost, times, tags."),
                JSON,
                self._info,
            ),
        ]

    async def newest(self) -> list[Resource]:
        """List the newest pictures. A journal that cannot be read is no reason to list nothing else."""
        from seedream_hub.jobs.records import newest  # not loaded before it is needed

        try:
            listed = await anyio.to_thread.run_sync(newest, self._state_dir, NEWEST)
        except HubError as exc:
            log.warning("The pictures cannot be listed: %s", exc.message)
            return []
        return list(map(_resource, listed))

    async def _whole(self, image_id: str) -> ReadResourceContents:
        async with self._kept(image_id) as (record, library), library.reading(record.path) as path:
            content = await anyio.Path(path).read_bytes()
        return ReadResourceContents(content=content, mime_type=record.mime_type)

    async def _preview(self, image_id: str) -> bytes:
        async with self._kept(image_id) as (record, library):
            return await library.preview(record.path, PREVIEW_SIDE, PREVIEW_BYTES)

    async def _info(self, image_id: str) -> str:
        from seedream_hub.jobs.records import recorded  # not loaded before it is needed
        from seedream_hub.tools.image_info import image_info

        known = await anyio.to_thread.run_sync(recorded, self._state_dir, image_id)
        if known is None:
            raise _missing(image_id)
        return image_info(known, self._desk.menu.limits).model_dump_json()

    @asynccontextmanager
    async def _kept(self, image_id: str) -> "AsyncGenerator[tuple[ImageRecord, Library]]":
        """Lend a picture's record and the library it is in.

        Raises:
            ResourceNotFoundError: If there is no such picture, or its file is gone.
        """
        engine = await self._desk.studio.engine()
        record = await engine.journal.image(image_id)
        if record is None:
            raise _missing(image_id)
        if record.pruned:
            raise ResourceNotFoundError(say("The file of {uri} was pruned.", uri=record.uri))
        try:
            yield record, engine.library
        except OSError as exc:
            message = say(
                "The file of {uri} is gone or cannot be read: {name} ({problem}).",
                uri=record.uri,
                name=Path(record.path).name,
                problem=exc.strerror or exc,
            )
            raise ResourceNotFoundError(message) from exc


def _missing(image_id: str) -> ResourceNotFoundError:
    return ResourceNotFoundError(say("There is no picture {uri}.", uri=IMAGE.format(image_id=image_id)))


def _resource(listed: "Listed") -> Resource:
    """Present a picture as people know it: by its file's name, and by what it shows."""
    record = listed.record
    title = " ".join(listed.prompt.split())
    return Resource(
        uri=record.uri,
        name=PurePath(record.path).name,
        title=title if len(title) <= TITLE_CHARS else title[: TITLE_CHARS - 1] + "…",
        description=f"{record.width}x{record.height}, {listed.model}",
        mime_type=record.mime_type,
        size=record.bytes,
        annotations=Annotations(last_modified=listed.stored),
    )
