"""Where whole pictures live: a folder here, or what speaks the same protocol elsewhere."""

import hashlib
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import anyio.to_thread

from seedream_hub.schemas.errors import StorageError
from seedream_hub.schemas.language import later, say

from .linking import link, sync_folder
from .picture import Picture
from .sidecar import beside, delete_beside, write_beside

TAKEN: Final = later("{location} is something else's")


@dataclass(frozen=True, slots=True)
class Whole:
    """A verified picture under a temporary name, and what it shall be called."""

    part: Path
    image_id: str
    names: tuple[str, str]
    """Without extension: the wanted one, and the one to take when that is taken."""
    bytes: int
    sha256: str
    picture: Picture

    @property
    def files(self) -> tuple[str, ...]:
        """The names, with extension, in the order they are tried."""
        return tuple(f"{name}.{self.picture.extension}" for name in dict.fromkeys(self.names))


class Shelf(Protocol):
    """A place that never shows half a picture and never overwrites one."""

    @property
    def spool(self) -> "Folder":
        """Where pictures are written before they are whole."""
        ...

    async def check(self) -> None:
        """Prove that pictures can be put here, before any money is spent.

        Raises:
            StorageError: If they cannot.
        """
        ...

    async def publish(self, whole: Whole, *, is_resumed: bool) -> str:
        """Give a picture its name, durably; return its path or address.

        A resumed picture may have been given its name already, just before the process died.

        Raises:
            StorageError: If it was refused.
        """
        ...

    def reading(self, location: str) -> AbstractAsyncContextManager[Path]:
        """Lend a picture as a local file.

        Raises:
            OSError: If it is gone.
            StorageError: If its place cannot be reached.
        """
        ...

    async def write_beside(self, location: str, image_id: str, record: bytes) -> None:
        """Write a picture's record beside it, durably. One that is there already stays; nothing else is overwritten.

        Raises:
            StorageError: If it was refused.
        """
        ...

    async def delete(self, location: str, size: int, sha256: str) -> bool:
        """Delete a picture and its record; False if what is there is another one by now.

        One that is gone already is deleted.

        Raises:
            StorageError: If it was refused.
        """
        ...


class Folder:
    """Pictures as files."""

    def __init__(self, path: Path, variable: str) -> None:
        self.path = path
        self.variable = variable
        """The setting that names another folder."""

    @property
    def spool(self) -> "Folder":
        """The folder itself: a file can be renamed inside it."""
        return self

    async def check(self) -> None:
        """Make the folder and write to it."""
        await anyio.to_thread.run_sync(_probe, self.path, self.variable)

    async def publish(self, whole: Whole, *, is_resumed: bool) -> str:
        """Link the file under its name, and fsync the folder."""
        try:
            return str(await anyio.to_thread.run_sync(partial(_publish, self.path, whole, is_resumed=is_resumed)))
        except OSError as exc:
            raise unwritable(self.path, exc) from exc

    @asynccontextmanager
    async def reading(self, location: str) -> AsyncGenerator[Path]:
        """Lend the file itself."""
        yield Path(location)

    async def write_beside(self, location: str, image_id: str, record: bytes) -> None:
        """Link the record under its name, and fsync the folder."""
        path = Path(location)
        try:
            await anyio.to_thread.run_sync(write_beside, path, image_id, record)
        except FileExistsError as exc:
            raise StorageError(say(TAKEN, location=beside(location)), code="name_taken") from exc
        except OSError as exc:
            message = say("Cannot write to {folder}: {reason}.", folder=path.parent, reason=exc.strerror or exc)
            raise StorageError(message, code="disk_error") from exc

    async def delete(self, location: str, size: int, sha256: str) -> bool:
        """Unlink the file if it is the picture still, and what is written beside it."""
        path = Path(location)
        try:
            return await anyio.to_thread.run_sync(_delete, path, size, sha256)
        except OSError as exc:
            message = say("{path} cannot be deleted: {reason}.", path=path, reason=exc.strerror or exc)
            raise StorageError(message, code="disk_error") from exc


def unwritable(folder: Path, exc: OSError) -> StorageError:
    """Say that a paid picture could not be written."""
    message = say("Cannot write to {folder}: {reason}.", folder=folder, reason=exc.strerror or exc)
    return StorageError(message, code="disk_error", billed="yes")


def _publish(folder: Path, whole: Whole, *, is_resumed: bool) -> Path:
    """Give the file its name without ever overwriting another, and fsync the folder."""
    for name in whole.files:
        path = folder / name
        if is_resumed and path.exists() and _sha256(path) == whole.sha256:
            return path
        with suppress(FileExistsError):
            link(whole.part, path)
            sync_folder(path)
            return path
    raise FileExistsError(say("{name} exists already", name=whole.files[-1]))


def _delete(path: Path, size: int, sha256: str) -> bool:
    with suppress(FileNotFoundError):
        if path.stat().st_size != size or _sha256(path) != sha256:
            return False
        path.unlink()
    delete_beside(path, sha256)
    return True


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _probe(folder: Path, variable: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as exc:
        message = say(
            "Pictures cannot be saved in {folder}: {reason}. Nothing was sent. "
            "Set {variable} to a folder you can write to.",
            folder=folder,
            reason=exc.strerror or exc,
            variable=variable,
        )
        step = say("Set {variable}.", variable=variable)
        raise StorageError(message, code="output_folder_unwritable", next_step=step) from exc
