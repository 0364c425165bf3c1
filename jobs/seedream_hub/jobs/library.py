"""The image library: pictures are spooled here under a temporary name, verified, and put on their shelf whole."""

import errno
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import anyio
import anyio.to_thread

from seedream_hub.schemas.errors import StorageError
from seedream_hub.schemas.language import say
from seedream_hub.schemas.result import ImageRecord

from .embed import LeftAloneError, embed, is_embedded
from .picture import Picture, inspect, preview
from .room import FULL, Room
from .scribe import Scribe
from .shelf import Folder, Shelf, Whole, unwritable

log: Final = logging.getLogger(__name__)

T = TypeVar("T")

PacketOf: TypeAlias = Callable[[Whole], bytes]
"""Makes the packet for a picture, once it is there and verified."""

HANDS: Final = 4
"""Threads that write: each brings an allocator's arena of its own, so fifty of them would show in memory."""

DOWNLOADS: Final = 8
"""Pictures fetched at once: each holds a few hundred kilobytes on their way."""

MEGA: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A whole picture where it stays."""

    path: str
    """Absolute, or an address in the object store."""
    bytes: int
    sha256: str
    picture: Picture
    trouble: str = ""
    """Why it is in the fallback folder, if it is."""
    is_embedded: bool = False
    """Whether its record is in it."""
    left_alone: str = ""
    """Why its record is not in it, though it was to be."""


class Library:
    """The shelf pictures are put on, and the folder a paid one goes to when that refuses."""

    def __init__(self, shelf: Shelf, max_image_bytes: int, fallback: Folder, scribe: Scribe | None = None) -> None:
        self.shelf = shelf
        self.scribe = scribe
        """Who knows what is to be written of a picture, if anything is."""
        self.fallback = fallback
        self.max_image_bytes = max_image_bytes
        self._hands = anyio.CapacityLimiter(HANDS)
        self._downloads = anyio.CapacityLimiter(DOWNLOADS)
        self._decoder = anyio.CapacityLimiter(1)
        self._last: Folder | None = None
        self._room = Room()

    def shelters(self) -> Iterator[Folder]:
        """Yield where a paid picture goes when its shelf refuses it, at last the system's temporary folder."""
        yield self.fallback
        with suppress(OSError):
            self._last = self._last or Folder(Path(tempfile.mkdtemp(prefix="seedream-hub-")), "TMPDIR")
            yield self._last

    async def check(self) -> None:
        """Prove that pictures can be saved, before any money is spent.

        Raises:
            StorageError: If they cannot.
        """
        await self.shelf.check()

    async def reserve(self, image_ids: list[str], bytes_each: int, tell: Callable[[str], None]) -> None:
        """Take the space pictures will need, before they are paid for; wait for what others under way give back.

        Raises:
            StorageError: If there is not enough; nothing is taken.
        """
        spool, parts = self.shelf.spool, [self._part(image_id) for image_id in image_ids]
        waits = say("waits for room in {folder}, which pictures under way have reserved", folder=spool.path)
        attempt = partial(self._by_hand, partial(_reserve, parts, bytes_each))
        try:
            await self._room.take(image_ids, attempt, partial(tell, waits))
        except OSError as exc:
            reserved = await self._by_hand(partial(_reserved, spool.path)) if exc.errno in FULL else 0
            raise _no_room(spool, len(image_ids) * bytes_each, reserved, exc) from exc

    async def release(self, *image_ids: str) -> None:
        """Give back the space of pictures that will not come."""
        if not image_ids:
            return
        folders = (self.shelf.spool.path, self.fallback.path)
        names = [name for image_id in image_ids for name in (self._part(image_id).name, _spare(image_id))]
        parts = [folder / name for name in names for folder in folders]
        await self._by_hand(partial(_remove, parts))
        self._room.give_back(*image_ids)

    async def store(
        self,
        chunks: AsyncIterator[bytes],
        image_id: str,
        names: tuple[str, str],
        *,
        shelter: Folder | None = None,
        is_resumed: bool = False,
        packet: PacketOf | None = None,
    ) -> StoredFile:
        """Save a picture as it arrives, on its shelf or in a shelter; with a packet in it, where it takes one.

        It appears under its name only when it is whole and there to stay. One that is whole here and refused by its
        shelf is kept in the fallback folder, where that is its spool.

        Raises:
            NotAnImageError: If what arrived is no whole picture; nothing is left behind.
            StorageError: If the disk refuses.
        """
        shelf: Shelf = shelter or self.shelf
        folder = shelf.spool.path
        part, trouble = folder / self._part(image_id).name, ""
        try:
            whole = await self._spool(chunks, part, image_id, names)
            received = whole.sha256
            whole, left_alone = await self._embed(whole, packet) if packet else (whole, "")
            try:
                path = await shelf.publish(whole, is_resumed=is_resumed)
            except StorageError as exc:
                if shelter or shelf.spool is not self.fallback:
                    raise
                trouble = exc.message
                path = await self.fallback.publish(whole, is_resumed=is_resumed)
        except OSError as exc:
            raise unwritable(folder, exc) from exc
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            self._room.give_back(image_id)
        is_embedded = whole.sha256 != received
        return StoredFile(path, whole.bytes, whole.sha256, whole.picture, trouble, is_embedded, left_alone)

    async def write_beside(self, location: str, image_id: str, record: bytes) -> None:
        """Write a picture's record beside it, unless it is there.

        Raises:
            StorageError: If it was refused.
        """
        await self._shelf_of(location).write_beside(location, image_id, record)

    async def is_embedded(self, location: str) -> bool:
        """Say whether a picture has its record in it.

        Raises:
            OSError: If it is gone.
            StorageError: If its place cannot be reached.
        """
        async with self.reading(location) as path:
            return await self._by_hand(partial(is_embedded, path))

    def reading(self, location: str) -> AbstractAsyncContextManager[Path]:
        """Lend a picture as a local file, wherever it is.

        Raises:
            OSError: If it is gone.
            StorageError: If its place cannot be reached.
        """
        return self._shelf_of(location).reading(location)

    async def preview(self, location: str, max_side: int, max_bytes: int) -> bytes:
        """Draw a small JPEG of a picture.

        Raises:
            OSError: If the picture is gone.
            StorageError: If its place cannot be reached.
        """
        async with self.reading(location) as path:
            return await anyio.to_thread.run_sync(preview, path, max_side, max_bytes, limiter=self._decoder)

    async def delete(self, record: ImageRecord) -> bool:
        """Delete a picture; False if what is there is another one by now.

        Raises:
            StorageError: If it was refused.
        """
        return await self._shelf_of(record.path).delete(record.path, record.bytes, record.sha256)

    async def _spool(self, chunks: AsyncIterator[bytes], part: Path, image_id: str, names: tuple[str, str]) -> Whole:
        await self._by_hand(partial(part.parent.mkdir, parents=True, exist_ok=True))
        async with self._downloads:
            size, sha256 = await self._write(part, chunks)
        picture = await anyio.to_thread.run_sync(inspect, part, limiter=self._decoder)
        return Whole(part, image_id, names, size, sha256, picture)

    async def _embed(self, whole: Whole, packet: PacketOf) -> tuple[Whole, str]:
        """Put a packet into a picture that is not published yet; where it takes none, say why."""
        spare = whole.part.with_name(_spare(whole.image_id))
        try:
            size, sha256 = await self._by_hand(partial(embed, whole.part, spare, packet(whole)))
            await self._by_hand(partial(spare.replace, whole.part))
        except LeftAloneError as exc:
            return whole, str(exc)
        except Exception as exc:  # the picture is paid: it is kept, whatever is wrong with its record
            log.exception("The record of image %s could not be put into it", whole.image_id)
            await self._by_hand(partial(_remove, [spare]))
            return whole, str(exc)
        return replace(whole, bytes=size, sha256=sha256), ""

    async def _write(self, part: Path, chunks: AsyncIterator[bytes]) -> tuple[int, str]:
        """Write and fsync the chunks, in the space that was taken for them; return their length and SHA-256."""
        digest, size = hashlib.sha256(), 0
        file = os.fdopen(await self._by_hand(partial(os.open, part, os.O_WRONLY | os.O_CREAT, 0o666)), "wb", 0)
        with file:
            async for chunk in chunks:
                await self._by_hand(partial(_write_all, file.fileno(), chunk))
                digest.update(chunk)
                size += len(chunk)
            await self._by_hand(partial(_end, file.fileno(), size))
        return size, digest.hexdigest()

    async def _by_hand(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self._hands)

    def _part(self, image_id: str) -> Path:
        return self.shelf.spool.path / f".{image_id}.part"

    def _shelf_of(self, location: str) -> Shelf:
        """Return who can read a picture, also one of an earlier setting."""
        if "://" not in location:
            return self.fallback
        from .object_store import ObjectStore  # not loaded before it is needed

        return self.shelf if isinstance(self.shelf, ObjectStore) else ObjectStore(location, self.fallback)


def _spare(image_id: str) -> str:
    """Return the name of the copy that a record is put into."""
    return f".{image_id}.copy"


def _no_room(spool: Folder, need: int, reserved: int, exc: OSError) -> StorageError:
    """Say that there is no space; what other processes reserved may come free."""
    named = {"folder": spool.path, "need": need / MEGA, "reason": exc.strerror or exc}
    if not reserved:
        message = say("{folder} has no room for {need:,.0f} MB: {reason}. Nothing was sent.", **named)
        step = say("Free space there, or have the user set {variable}.", variable=spool.variable)
        return StorageError(message, code="disk_full", next_step=step)
    message = say(
        "{folder} has no room for {need:,.0f} MB: {reason}; {reserved:,.0f} MB are reserved by pictures under way "
        "in another process. Nothing was sent.",
        reserved=reserved / MEGA,
        **named,
    )
    step = say("Wait a little and ask again, or free space there.")
    return StorageError(message, code="disk_full", retryable=True, next_step=step)


def _reserve(parts: list[Path], bytes_each: int) -> None:
    """Take the space for all parts, or for none."""
    try:
        for part in parts:
            _take(part, bytes_each, bytes_each * len(parts))
    except OSError:
        _remove(parts)
        raise


def _take(part: Path, size: int, together: int) -> None:
    handle = os.open(part, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle, 0, size)
        elif shutil.disk_usage(part.parent).free < together:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(handle)


def _reserved(folder: Path) -> int:
    """Return the bytes of pictures on their way; this process has none there when it is asked."""
    sizes = 0
    for part in folder.glob(".*.part"):
        with suppress(OSError):
            sizes += part.stat().st_size
    return sizes


def _remove(parts: list[Path]) -> None:
    for part in parts:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _write_all(handle: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _end(handle: int, size: int) -> None:
    os.ftruncate(handle, size)
    os.fsync(handle)
