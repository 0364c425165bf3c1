"""Take in what one request brings: journal every picture before it is fetched, and fetch it at once."""

import logging
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import PurePath
from typing import Final

import anyio

from seedream_hub.providers.client import Upstream
from seedream_hub.providers.download import LINK_DEAD
from seedream_hub.schemas.errors import HubError, NotAnImageError, StorageError
from seedream_hub.schemas.language import later, say
from seedream_hub.schemas.outcome import Answering, FailedImage, MadeImage, News, Outcome, TaskNews
from seedream_hub.schemas.requests import ImageRequest
from seedream_hub.schemas.result import ImageRecord

from .house import House, picture_of
from .job import Job, Slot, now
from .library import StoredFile
from .order import Part
from .shelf import Folder

log: Final = logging.getLogger(__name__)

ATTEMPTS: Final = 3
PAUSES_S: Final = (0.2, 1.0)
"""A link that gave no whole picture is tried again: the picture is paid."""

INTERNAL: Final = later("Something went wrong in Seedream Hub; the log has the details.")

AGAIN_S: Final = 2.0
"""How long to wait for a disk where nothing can be written."""

BASE64_CHARS: Final = 4 * 256 * 1024


class Gather:
    """The pictures of one part of a job, as they come."""

    def __init__(self, job: Job, part: Part, upstream: Upstream, house: House) -> None:
        self._job = job
        self._part = part
        self._upstream = upstream
        self._house = house
        self._seen: dict[int, int] = {}
        self._task_id: str | None = None
        self._request_id: str | None = None
        self._wanted: str | None = None

    async def send(self, request: ImageRequest) -> Outcome:
        """Send the request and take in what comes."""
        self._wanted = request.size
        call_id = f"{self._job.id}-v{self._part.indices[0]}"
        return await self._upstream.generate(request, call_id, self.receive)

    async def follow(self, task_id: str) -> Outcome:
        """Wait for a task an earlier process began, and take in what comes."""
        self._task_id = task_id
        self._recall(self._job.slots[self._part.indices[0]])
        outcome = await self._upstream.follow(task_id, self.receive, wait_s=0)
        for image in outcome.images:
            await self.receive(image)
        return outcome

    async def resume(self, slot: Slot) -> None:
        """Fetch a picture an earlier process was told of and did not store."""
        self._task_id = slot.task_id
        self._recall(slot)
        wire_index = self._part.indices.index(slot.index)
        await self._fetch(slot.index, MadeImage(wire_index, slot.url, size=slot.size), is_resumed=True)

    async def receive(self, news: News) -> None:
        """Take one piece of news, as soon as it is read off the wire."""
        match news:
            case Answering():
                self._note_answer(news)
            case TaskNews():
                await self._note_task(news)
            case MadeImage():
                index = await self._place(news.index)
                slot = self._job.slots[index]
                if slot.state != "sent":
                    return  # an earlier process had it already
                if news.layer:
                    self._job.facts.layers[index] = news.layer
                promised = news.size or self._wanted
                known = replace(slot, url=news.url, size=promised, linked=now())
                await self._note(self._house.journal.linked, self._job.image_id(index), known)
                slot.state, slot.url, slot.size, slot.billed = "linked", news.url, promised, "yes"
                slot.linked = known.linked
                self._job.say((index,), say("made; downloading") if news.url else say("made; saving"))
                self._house.spawn(lambda: self._fetch(index, news))
            case FailedImage():
                await self.lose(await self._place(news.index), news)

    async def lose(self, index: int, failed: FailedImage) -> None:
        """Write down that a picture will not come."""
        await self._house.lose(self._job, (index,), failed)

    async def settle(self, outcome: Outcome) -> tuple[int, ...]:
        """Take in the whole answer; return the places it left open."""
        self._job.facts.sandbox = self._job.facts.sandbox or outcome.sandbox
        for failed in outcome.failures:
            if failed.index not in self._seen and (outcome.images or len(outcome.failures) > 1):
                await self.receive(failed)
        if request_id := self._request_id or outcome.request_id:
            ids = [self._job.image_id(index) for index in self._part.indices]
            for index in self._part.indices:
                self._job.slots[index].request_id = request_id
            await self._note(self._house.journal.answered, ids, request_id)
        taken = set(self._seen.values())
        return tuple(index for index in self._part.indices if index not in taken)

    async def _place(self, wire_index: int) -> int:
        """Return the place in the job; a picture nobody asked for gets a new one."""
        if wire_index not in self._seen:
            known = wire_index < self._part.count
            self._seen[wire_index] = self._part.indices[wire_index] if known else await self._add_place()
        return self._seen[wire_index]

    async def _add_place(self) -> int:
        first = self._job.slots[self._part.indices[0]]
        slot = self._job.add_slot(first.number)
        slot.provider, slot.model = first.provider, first.model
        slot.request_id, slot.sent = first.request_id, first.sent
        slot.cost = self._house.journal.spending.cost_of(self._job, slot.index)
        await self._note(self._house.journal.add_image, self._job, replace(slot))
        return slot.index

    async def _note_task(self, news: TaskNews) -> None:
        if self._task_id is None:
            self._task_id = news.task_id
            ids = [self._job.image_id(index) for index in self._part.indices]
            known = replace(self._job.slots[self._part.indices[0]], task_id=news.task_id)
            await self._note(self._house.journal.task, ids, known)
        self._job.hear(self._part.indices, news.percent)

    def _note_answer(self, news: Answering) -> None:
        self._request_id = news.request_id
        for slot in (self._job.slots[index] for index in self._part.indices):
            slot.request_id = news.request_id
            slot.sent = slot.sent.model_copy(update={"sandbox": news.sandbox})

    def _recall(self, slot: Slot) -> None:
        """Take up what an earlier process was told."""
        self._request_id = slot.request_id
        self._job.facts.sandbox = self._job.facts.sandbox or slot.sent.sandbox

    async def _note(self, write: Callable[..., Awaitable[None]], *what: object) -> None:
        await self._house.note(self._job, partial(write, *what))

    async def _fetch(self, index: int, image: MadeImage, *, is_resumed: bool = False) -> None:
        """See one paid picture to the disk."""
        try:
            file = await self._store(index, image, is_resumed=is_resumed)
        except HubError as exc:
            await self.lose(index, FailedImage(index, exc.error_code, exc.message, "yes", next_step=exc.next_step))
            return
        except Exception:  # nobody is above this task: the picture would be billed and never spoken of
            log.exception("Image %s could not be saved", self._job.image_id(index))
            await self.lose(index, FailedImage(index, "internal_error", say(INTERNAL), "yes"))
            return
        if file.trouble:
            kept = say("Image {number} is kept in {folder}.", number=index + 1, folder=PurePath(file.path).parent)
            self._job.warn(f"{file.trouble} {kept}")
        record = picture_of(self._job, index, file)
        asked = self._job.asked_of(index)
        if changed := asked.naming.change(PurePath(file.path), record.id, index - asked.first):
            self._job.warn(changed)
        self._check_promise(record, image.size or self._wanted)
        cost = self._house.journal.spending.cost_of(self._job, index, record)
        await self._note(self._house.journal.stored, record, cost)
        await self._house.describe(self._job, record, file)
        await self._house.keep(self._job, record)

    async def _store(self, index: int, image: MadeImage, *, is_resumed: bool) -> StoredFile:
        """Save a picture on its shelf, or in the first shelter that takes it, as long as its link lives."""
        write = partial(self._write_whole, index, image, is_resumed=is_resumed)
        while True:
            try:
                return await write(None)
            except StorageError as exc:
                refused = exc.message
            for shelter in self._house.library.shelters():
                with suppress(StorageError):
                    return replace(await write(shelter), trouble=refused)
            step = say("Free space there: image {number} is paid, and saved as soon as it can be.", number=index + 1)
            self._job.warn(f"{refused} {step}")
            await anyio.sleep(AGAIN_S)

    async def _write_whole(
        self, index: int, image: MadeImage, shelter: Folder | None, *, is_resumed: bool
    ) -> StoredFile:
        """Save a picture; a link that gives none is tried again."""
        for attempt in range(ATTEMPTS):
            try:
                return await self._write(index, image, shelter, is_resumed=is_resumed)
            except NotAnImageError as exc:
                if attempt == ATTEMPTS - 1 or not self._is_worth_another(image, exc):
                    raise
                await anyio.sleep(PAUSES_S[attempt])
                image = await self._refreshed(image)
        raise AssertionError("the last attempt returns or raises")

    async def _write(self, index: int, image: MadeImage, shelter: Folder | None, *, is_resumed: bool) -> StoredFile:
        image_id, asked, library = self._job.image_id(index), self._job.asked_of(index), self._house.library
        moment = datetime.fromisoformat(self._job.slots[index].linked or now())
        names = asked.naming.names(image_id, index - asked.first, moment.astimezone())
        chunks = self._upstream.downloads.fetch(image.url, library.max_image_bytes) if image.url else _decoded(image)
        async with aclosing(chunks):
            packet = self._house.packet_for(self._job, index)
            return await library.store(chunks, image_id, names, shelter=shelter, is_resumed=is_resumed, packet=packet)

    def _is_worth_another(self, image: MadeImage, exc: NotAnImageError) -> bool:
        """Say whether the link may give a picture next time: a busy page passes, a dead link may be renewed."""
        if exc.error_code == LINK_DEAD:
            return self._task_id is not None
        return image.url is not None and exc.error_code in {"not_an_image", "download_changed"}

    async def _refreshed(self, image: MadeImage) -> MadeImage:
        """Return the picture with a new link, where the upstream still knows its task."""
        if self._task_id is None:
            return image
        try:
            fresh = await self._upstream.look(self._task_id)
        except HubError:
            return image  # what is wrong with the link is what there is to say
        return next((again for again in fresh.images if again.index == image.index), image)

    def _check_promise(self, record: ImageRecord, promised: str | None) -> None:
        real = f"{record.width}x{record.height}"
        if promised and "x" in promised and promised != real:
            number = record.index + 1
            self._job.warn(
                say(
                    "Image {number} has {real} pixels instead of {promised}.",
                    number=number,
                    real=real,
                    promised=promised,
                )
            )


async def _decoded(image: MadeImage) -> AsyncGenerator[bytes]:
    data = image.data or ""
    try:
        for start in range(0, len(data), BASE64_CHARS):
            yield b64decode(data[start : start + BASE64_CHARS], validate=True)
    except Base64Error as exc:
        raise NotAnImageError(say("The provider sent a picture that is no Base64."), billed="yes") from exc
