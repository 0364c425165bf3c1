"""The image library: a folder of whole pictures, each written under a temporary name and then renamed."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from seedream_hub.schemas.errors import StorageError

from .picture import Picture, inspect

DECODERS: Final = 2
"""Pictures decoded at once: one of 16 megapixels takes 50 to 260 MB."""

MEGA: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A whole picture on disk."""

    path: Path
    bytes: int
    sha256: str
    picture: Picture


class Library:
    """The folder pictures are saved in, and where a paid one goes when that folder refuses."""

    def __init__(self, folder: Path, max_image_bytes: int, fallback: Path) -> None:
        self.folder = folder
        self.fallback = fallback
        self.max_image_bytes = max_image_bytes
        self._decoders = anyio.CapacityLimiter(DECODERS)

    async def check(self) -> None:
        """Make the folder and prove that it can be written to, before any money is spent.

        Raises:
            StorageError: If it cannot.
        """
        await anyio.to_thread.run_sync(_probe, self.folder)

    async def reserve(self, image_ids: list[str], bytes_each: int) -> None:
        """Take the space pictures will need, before they are paid for.

        Raises:
            StorageError: If there is not enough; nothing is taken.
        """
        try:
            await anyio.to_thread.run_sync(_reserve, [self._part(image_id) for image_id in image_ids], bytes_each)
        except OSError as exc:
            await self.release(*image_ids)
            need = f"{len(image_ids) * bytes_each / MEGA:,.0f} MB"
            message = f"{self.folder} has no room for {need}: {exc.strerror or exc}. Nothing was sent."
            step = "Free space there, or have the user set SEEDREAM_OUTPUT_DIR."
            raise StorageError(message, code="disk_full", next_step=step) from exc

    async def release(self, *image_ids: str) -> None:
        """Give back the space of pictures that will not come."""
        for image_id in image_ids:
            with suppress(OSError):
                await anyio.to_thread.run_sync(partial(self._part(image_id).unlink, missing_ok=True))

    async def store(
        self,
        chunks: AsyncIterator[bytes],
        image_id: str,
        names: tuple[str, str],
        folder: Path | None = None,
        *,
        is_resumed: bool = False,
    ) -> StoredFile:
        """Save a picture as it arrives. The file appears under its name only when it is whole and on disk.

        A resumed picture may have been given its name already, just before the process died.

        Raises:
            NotAnImageError: If what arrived is no whole picture; nothing is left behind.
            StorageError: If the disk refuses.
        """
        folder = folder or self.folder
        part = folder / self._part(image_id).name
        try:
            await anyio.to_thread.run_sync(partial(folder.mkdir, parents=True, exist_ok=True))
            size, sha256 = await _write(part, chunks)
            picture = await anyio.to_thread.run_sync(inspect, part, limiter=self._decoders)
            publish = partial(_publish, part, names, picture.extension, sha256 if is_resumed else None)
            path = await anyio.to_thread.run_sync(publish)
        except OSError as exc:
            message = f"Cannot write to {folder}: {exc.strerror or exc}."
            raise StorageError(message, code="disk_error", billed="yes") from exc
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        return StoredFile(path, size, sha256, picture)

    def _part(self, image_id: str) -> Path:
        return self.folder / f".{image_id}.part"


def _reserve(parts: list[Path], bytes_each: int) -> None:
    for part in parts:
        handle = os.open(part, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(handle, 0, bytes_each)
            elif shutil.disk_usage(part.parent).free < bytes_each * len(parts):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(handle)


async def _write(part: Path, chunks: AsyncIterator[bytes]) -> tuple[int, str]:
    """Write and fsync the chunks; return their length and SHA-256."""
    digest, size = hashlib.sha256(), 0
    async with await anyio.open_file(part, "wb", opener=_untruncated) as file:
        async for chunk in chunks:
            await file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        await file.truncate(size)
        await file.flush()
        await anyio.to_thread.run_sync(os.fsync, file.wrapped.fileno())
    return size, digest.hexdigest()


def _untruncated(path: str, flags: int) -> int:
    """Open a file keeping the space that was taken for it."""
    return os.open(path, flags & ~os.O_TRUNC, 0o666)


def _publish(part: Path, names: tuple[str, str], extension: str, twin: str | None) -> Path:
    """Give the file its name without ever overwriting another, and fsync the folder.

    A file whose SHA-256 is `twin` is this picture, named before the process died.
    """
    for name in names:
        path = part.with_name(f"{name}.{extension}")
        if twin and path.exists() and _sha256(path) == twin:
            return path
        with suppress(FileExistsError):
            _link(part, path)
            _sync_folder(part.parent)
            return path
    raise FileExistsError(f"{names[-1]}.{extension} exists already")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _link(part: Path, path: Path) -> None:
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # no hard links here (exFAT, some network shares): reserve the name, then rename over it
        path.open("xb").close()
        part.replace(path)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # Windows cannot open a folder
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _probe(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as exc:
        message = (
            f"Pictures cannot be saved in {folder}: {exc.strerror or exc}. Nothing was sent. "
            f"Set SEEDREAM_OUTPUT_DIR to a folder you can write to."
        )
        raise StorageError(message, code="output_folder_unwritable", next_step="Set SEEDREAM_OUTPUT_DIR.") from exc
