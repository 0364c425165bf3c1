"""Pictures as objects of S3, Google Cloud Storage or Azure Blob Storage, through obstore.

Credentials and endpoints come from the environment obstore reads (`AWS_…`, `GOOGLE_…`, `AZURE_…`). Its errors repeat
the request, so they are told in our words and never chained.
"""

import errno
import re
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import anyio
import anyio.to_thread

from seedream_hub.schemas.errors import StorageError
from seedream_hub.schemas.language import later, say
from seedream_hub.schemas.provenance import owner_of

from .shelf import TAKEN, Folder, Whole
from .sidecar import beside

if TYPE_CHECKING:
    from obstore import Attributes
    from obstore.store import AzureStore, GCSStore, RetryConfig, S3Store

    Store: TypeAlias = S3Store | GCSStore | AzureStore

ADDRESS: Final = re.compile(r"(s3|gs|az)://([^/?#@:]+)(?:/([^?#]*))?")
CHUNK_BYTES: Final = 5 * 1024 * 1024
"""The smallest part S3 takes. A picture of one part is put at once, a larger one part by part."""

UPLOADS: Final = 3
MOST_RECORD_BYTES: Final = 10_000_000
STATUS: Final = re.compile(r"status code: (\d{3})")
NO_OBSTORE: Final = later(
    "{address} needs obstore, which comes with the extra `storage`: install seedream-hub[storage]."
)
WHERE: Final = {"s3": "AWS_", "gs": "GOOGLE_", "az": "AZURE_"}


class ObjectStore:
    """A bucket, and the part of it under a prefix."""

    variable: Final = "SEEDREAM_STORAGE"

    def __init__(self, address: str, spool: Folder) -> None:
        self.address = address.rstrip("/")
        self.spool = spool
        self._uploads = anyio.CapacityLimiter(UPLOADS)
        self._stores: dict[tuple[str, str], Store] = {}
        self._is_proven = False

    async def check(self) -> None:
        """Put an object and delete it again, once; and prove that the spool can be written to."""
        await self.spool.check()
        if self._is_proven:
            return
        from obstore import delete_async, put_async

        store, key = self._find(f"{self.address}/.seedream-hub")
        try:
            await put_async(store, key, b"Seedream Hub proves that it can write here.\n")
        except _errors() as exc:
            step = say(
                "Have the user check SEEDREAM_STORAGE and the {prefix} variables.", prefix=WHERE[self.address[:2]]
            )
            message = say(
                "Pictures cannot be saved in {place}: {reason}. Nothing was sent.",
                place=self.address,
                reason=_reason(exc),
            )
            raise StorageError(message, code="storage_unwritable", next_step=step) from None
        with suppress(*_errors()):  # who may not delete may save all the same
            await delete_async(store, key)
        self._is_proven = True

    async def publish(self, whole: Whole, *, is_resumed: bool) -> str:  # noqa: ARG002 - an object says whose it is
        """Put the picture under a name that is free."""
        try:
            async with self._uploads:
                for name in whole.files:
                    address = f"{self.address}/{name}"
                    if await self._put(address, whole):
                        return address
        except _errors() as exc:
            self._is_proven = False
            message = say("Cannot save to {place}: {reason}.", place=self.address, reason=_reason(exc))
            raise StorageError(message, code="storage_error", billed="yes") from None
        message = say("{path} exists already.", path=f"{self.address}/{whole.files[-1]}")
        raise StorageError(message, code="storage_error", billed="yes")

    @asynccontextmanager
    async def reading(self, location: str) -> AsyncGenerator[Path]:
        """Lend a copy that is gone afterwards."""
        from obstore import get_async

        store, key = self._find(location)
        await self.spool.check()
        with tempfile.NamedTemporaryFile(dir=self.spool.path, prefix=".read-") as file:
            try:
                found = await get_async(store, key)
                async for chunk in found.stream(min_chunk_size=CHUNK_BYTES // 20):
                    await anyio.to_thread.run_sync(file.write, memoryview(chunk))
            except FileNotFoundError:
                raise FileNotFoundError(errno.ENOENT, say("does not exist"), location) from None
            except _errors() as exc:
                message = say("{path} cannot be read: {reason}.", path=location, reason=_reason(exc))
                raise StorageError(message, code="storage_error") from None
            file.flush()
            yield Path(file.name)

    async def write_beside(self, location: str, image_id: str, record: bytes) -> None:
        """Put the record under the picture's name and `.json`."""
        from obstore import put_async
        from obstore.exceptions import AlreadyExistsError

        address = beside(location)
        store, key = self._find(address)
        told: Attributes = {"Content-Type": "application/json", "image": image_id}
        try:
            async with self._uploads:
                try:
                    await put_async(store, key, record, mode="create", attributes=told)
                except AlreadyExistsError:
                    owner = await _owner_of(store, key)
                    if owner is None:
                        raise StorageError(say(TAKEN, location=address), code="name_taken") from None
                    if owner[0] != image_id:
                        await put_async(store, key, record, attributes=told)
        except _errors() as exc:
            message = say("Cannot save to {address}: {reason}.", address=self.address, reason=_reason(exc))
            raise StorageError(message, code="storage_error") from None

    async def delete(self, location: str, size: int, sha256: str) -> bool:
        """Delete the object if it has the picture's size, and the record that goes with it."""
        from obstore import delete_async, head_async

        store, key = self._find(location)
        try:
            with suppress(FileNotFoundError):
                if (await head_async(store, key))["size"] != size:
                    return False
                await delete_async(store, key)
            with suppress(FileNotFoundError):
                owner = await _owner_of(store, beside(key))
                if owner and owner[1] == sha256:
                    await delete_async(store, beside(key))
        except _errors() as exc:
            message = say("{path} cannot be deleted: {reason}.", path=location, reason=_reason(exc))
            raise StorageError(message, code="storage_error") from None
        return True

    async def _put(self, address: str, whole: Whole) -> bool:
        """Put a picture where nothing is; False if something else is there.

        Stores promise "only where nothing is" for a single part only, so a larger picture first takes its name with
        an empty object.
        """
        from obstore import get_async, put_async
        from obstore.exceptions import AlreadyExistsError

        store, key = self._find(address)
        told: Attributes = {
            "Content-Type": whole.picture.mime_type,
            "image": whole.image_id,
            "sha256": whole.sha256,
        }
        is_small = whole.bytes <= CHUNK_BYTES
        try:
            await put_async(store, key, whole.part if is_small else b"", mode="create", attributes=told)
        except AlreadyExistsError:
            found = await get_async(store, key)
            if found.attributes.get("image") != whole.image_id:
                return False
            is_small = found.meta["size"] == whole.bytes
        if not is_small:
            await self._put_parts(store, key, whole.part, told)
        return True

    async def _put_parts(self, store: "Store", key: str, part: Path, told: "Attributes") -> None:
        from obstore import delete_async, put_async

        try:
            await put_async(
                store, key, part, attributes=told, use_multipart=True, chunk_size=CHUNK_BYTES, max_concurrency=1
            )
        except _errors():
            with suppress(*_errors()):
                await delete_async(store, key)
            raise

    def _find(self, address: str) -> "tuple[Store, str]":
        """Return the bucket of an address, and the key in it.

        Raises:
            StorageError: If obstore is missing or takes no such settings.
        """
        found = ADDRESS.fullmatch(address)
        if not found:
            message = say("{address} is no address of an object.", address=address)
            raise StorageError(message, code="storage_error")
        bucket = (found[1], found[2])
        if bucket not in self._stores:
            self._stores[bucket] = _open(*bucket)
        return self._stores[bucket], found[3] or ""


async def _owner_of(store: "Store", key: str) -> tuple[str, str] | None:
    """Return the id and the hash of the picture whose record an object is; None if it is none."""
    from obstore import get_async

    found = await get_async(store, key)
    return owner_of(bytes(await found.bytes_async())) if found.meta["size"] <= MOST_RECORD_BYTES else None


def _open(scheme: str, bucket: str) -> "Store":
    try:
        from obstore.store import AzureStore, GCSStore, S3Store
    except ImportError as exc:
        message = say(NO_OBSTORE, address=f"{scheme}://{bucket}")
        raise StorageError(message, code="storage_missing") from exc
    patience: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=60)}
    try:
        if scheme == "s3":
            return S3Store(bucket, retry_config=patience)
        return (
            GCSStore(bucket, retry_config=patience) if scheme == "gs" else AzureStore(bucket, retry_config=patience)
        )
    except _errors() as exc:
        message = say(
            "{address} cannot be used: {reason}. Check the {prefix} variables.",
            address=f"{scheme}://{bucket}",
            reason=_reason(exc),
            prefix=WHERE[scheme],
        )
        raise StorageError(message, code="storage_error") from None


def _errors() -> tuple[type[Exception], ...]:
    from obstore.exceptions import BaseError

    return BaseError, OSError, ValueError


def _reason(exc: Exception) -> str:
    """Say what went wrong without the request, which holds key ids and signatures."""
    status = STATUS.search(str(exc))
    answered = f" (HTTP {status[1]})" if status else ""
    match type(exc).__name__:
        case "FileNotFoundError" | "NotFoundError":
            return say("there is no such bucket{answered}", answered=answered)
        case "PermissionDeniedError" | "UnauthenticatedError":
            return say("the credentials were refused{answered}", answered=answered)
        case name:
            if status:
                return say("the store answered HTTP {status}", status=status[1])
            return say("it cannot be reached ({name})", name=name)
