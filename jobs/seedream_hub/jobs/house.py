"""What every running job works with: the journal, the library, and a place for its tasks."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.language import say
from seedream_hub.schemas.outcome import FailedImage
from seedream_hub.schemas.result import ImageRecord

from .backlog import Backlog, Write
from .job import SETTLED, Job, Slot, State, failure_of, now
from .journal import Journal
from .library import Library, PacketOf, StoredFile
from .shelf import Whole

log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class House:
    """The means, and how a picture's end is written down."""

    journal: Journal
    library: Library
    spawn: Callable[[Callable[[], Awaitable[None]]], None]
    finished: Callable[[Job], None]
    backlog: Backlog = field(default_factory=Backlog)
    on_stored: list[Callable[[ImageRecord], None]] = field(default_factory=list[Callable[[ImageRecord], None]])
    """Called whenever a picture is there."""

    async def note(self, job: Job, write: Write) -> None:
        """Write to the journal; a disk that refuses is no reason to leave a paid picture unfetched."""
        if refused := await self.backlog.write(write):
            job.warn(refused.message)

    def packet_for(self, job: Job, index: int) -> PacketOf | None:
        """Return what makes the packet a picture is to be saved with, if it is to have one."""
        scribe = self.library.scribe
        if scribe is None or scribe.mode != "embed":
            return None

        def packet(whole: Whole) -> bytes:
            file = StoredFile("", whole.bytes, whole.sha256, whole.picture)
            return scribe.packet(job, picture_of(job, index, file))

        return packet

    async def describe(self, job: Job, picture: ImageRecord, file: StoredFile) -> None:
        """Write a picture's record beside it, unless it is in it. The picture is kept, whatever becomes of that."""
        if file.left_alone:
            job.warn(say("Records stand in files beside the pictures: {reason}.", reason=file.left_alone))
        if not file.is_embedded:
            await self._write_beside(job, picture, now())

    async def describe_again(self, job: Job, slot: Slot) -> None:
        """Write the record of a picture whose process ended before it had, if that is missing."""
        scribe, picture = self.library.scribe, slot.record
        if scribe is None or picture is None or picture.pruned:
            return
        if scribe.mode == "embed":
            with suppress(HubError, OSError):
                if await self.library.is_embedded(picture.path):
                    return
        await self._write_beside(job, picture, slot.settled)

    async def _write_beside(self, job: Job, picture: ImageRecord, stored: str) -> None:
        scribe = self.library.scribe
        if scribe is None or scribe.mode == "off":
            return
        try:
            record = scribe.sidecar(job, picture, stored)
            await self.library.write_beside(picture.path, picture.id, record)
        except HubError as exc:
            job.warn(say("Pictures are saved without their records: {reason}", reason=exc.message))
        except Exception:  # the picture is paid and stored: it is told, whatever is wrong with its record
            log.exception("The record of image %s could not be written", picture.id)

    async def keep(self, job: Job, record: ImageRecord) -> None:
        """Settle a picture that is stored."""
        job.keep(record)
        await self.finish(job)
        for tell in self.on_stored:
            tell(record)

    async def lose(self, job: Job, indices: tuple[int, ...], failed: FailedImage) -> None:
        """Settle pictures that will not come."""
        for index in indices:
            if job.slots[index].state in SETTLED:
                continue
            state, provider = _end(failed), job.slots[index].provider
            await self.library.release(job.image_id(index))
            told = failure_of(index, failed, provider)
            await self.note(job, partial(self.journal.failed, job.image_id(index), state, told))
            job.lose(index, state, replace(failed, index=index))
        await self.finish(job)

    async def finish(self, job: Job) -> None:
        """Write down that a job is settled, if it is; it is held until that is written."""
        if job.is_settled:
            await self.note(job, partial(self._finish, job))

    async def _finish(self, job: Job) -> None:
        await self.journal.finish(job)
        self.finished(job)


def picture_of(job: Job, index: int, file: StoredFile) -> ImageRecord:
    """Return what is told of a stored picture."""
    picture, image_id = file.picture, job.image_id(index)
    return ImageRecord(
        id=image_id,
        uri=f"seedream://images/{image_id}",
        path=file.path,
        index=index,
        width=picture.width,
        height=picture.height,
        bytes=file.bytes,
        mime_type=picture.mime_type,
        sha256=file.sha256,
        provider=job.slots[index].provider,
    )


def _end(failed: FailedImage) -> State:
    if failed.code == "cancelled":
        return "cancelled"
    return {"yes": "lost", "unknown": "unknown", "no": "failed"}[failed.billed]  # pyright: ignore[reportReturnType]
