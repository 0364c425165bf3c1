"""The image library: a folder of whole pictures, each written under a temporary name and then renamed."""

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from seedream_hub.schemas.errors import StorageError

from .picture import Picture, inspect

DECODERS: Final = 2
"""Pictures decoded at once: one of 16 megapixels takes 50 to 260 MB."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A whole picture on disk."""

    path: Path
    bytes: int
    sha256: str
    picture: Picture


class Library:
    """The folder pictures are saved in."""

    def __init__(self, folder: Path, max_image_bytes: int) -> None:
        self.folder = folder
        self.max_image_bytes = max_image_bytes
        self._decoders = anyio.CapacityLimiter(DECODERS)

    async def check(self) -> None:
        """Make the folder and prove that it can be written to, before any money is spent.

        Raises:
            StorageError: If it cannot.
        """
        await anyio.to_thread.run_sync(_probe, self.folder)

    async def store(self, chunks: AsyncIterator[bytes], image_id: str, names: tuple[str, str]) -> StoredFile:
        """Save a picture as it arrives. The file appears under its name only when it is whole and on disk.

        Raises:
            NotAnImageError: If what arrived is no whole picture; nothing is left behind.
            StorageError: If the disk refuses.
        """
        part = self.folder / f".{image_id}.part"
        try:
            size, sha256 = await _write(part, chunks)
            picture = await anyio.to_thread.run_sync(inspect, part, limiter=self._decoders)
            path = await anyio.to_thread.run_sync(_publish, part, names, picture.extension)
        except OSError as exc:
            message = f"Cannot write to {self.folder}: {exc.strerror or exc}. The picture's link is in the journal."
            raise StorageError(message, code="disk_error", billed="yes") from exc
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        return StoredFile(path, size, sha256, picture)


async def _write(part: Path, chunks: AsyncIterator[bytes]) -> tuple[int, str]:
    """Write and fsync the chunks; return their length and SHA-256."""
    digest, size = hashlib.sha256(), 0
    async with await anyio.open_file(part, "wb") as file:
        async for chunk in chunks:
            await file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        await file.flush()
        await anyio.to_thread.run_sync(os.fsync, file.wrapped.fileno())
    return size, digest.hexdigest()


def _publish(part: Path, names: tuple[str, str], extension: str) -> Path:
    """Give the file its name without ever overwriting another, and fsync the folder."""
    for name in names:
        path = part.with_name(f"{name}.{extension}")
        with suppress(FileExistsError):
            _link(part, path)
            _sync_folder(part.parent)
            return path
    raise FileExistsError(f"{names[-1]}.{extension} exists already")


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
    probe = folder / f".probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as exc:
        message = (
            f"Pictures cannot be saved in {folder}: {exc.strerror or exc}. Nothing was sent. "
            f"Set SEEDREAM_OUTPUT_DIR to a folder you can write to."
        )
        raise StorageError(message, code="output_folder_unwritable", next_step="Set SEEDREAM_OUTPUT_DIR.") from exc
