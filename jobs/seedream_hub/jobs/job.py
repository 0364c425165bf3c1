"""A job: what one call asked for, how far each picture is, and what can be said of it."""

import secrets
from base64 import b32encode
from dataclasses import dataclass, field
from typing import Final

import anyio

from seedream_hub.schemas.outcome import FailedImage
from seedream_hub.schemas.requests import ImageRequest
from seedream_hub.schemas.result import Failure, ImageRecord

from .naming import Naming

ID_BYTES: Final = 10


@dataclass(frozen=True, slots=True)
class Order:
    """What a call asks for: one request a picture."""

    tool: str
    model: str
    requests: tuple[ImageRequest, ...]
    naming: Naming


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened. `done` counts the pictures that are settled."""

    message: str
    done: int


@dataclass
class Job:
    """The state of one order while this process works on it."""

    id: str
    order: Order
    images: dict[int, ImageRecord] = field(default_factory=dict[int, ImageRecord])
    failures: dict[int, Failure] = field(default_factory=dict[int, Failure])
    billed: int = 0
    sandbox: bool = False
    is_cancelled: bool = False
    notes: list[Note] = field(default_factory=list[Note])
    advice: list[str] = field(default_factory=list[str])
    """What to do about the failures."""

    def __post_init__(self) -> None:
        self._changed = anyio.Event()

    @property
    def total(self) -> int:
        """How many pictures were asked for."""
        return len(self.order.requests)

    @property
    def done(self) -> int:
        """How many pictures are settled: stored, failed or cancelled."""
        return len(self.images) + len(self.failures)

    def say(self, index: int, message: str) -> None:
        """Tell whoever follows the job what happened to a picture."""
        which = f"Image {index + 1} of {self.total}: "
        self.notes.append(Note(f"{which}{message}", self.done))
        self._changed.set()
        self._changed = anyio.Event()

    async def news(self, since: int) -> list[Note]:
        """Return the notes after the first `since`, as soon as there is one; none when all is settled and told."""
        while len(self.notes) <= since and self.done < self.total:
            await self._changed.wait()
        return self.notes[since:]

    def keep(self, record: ImageRecord) -> None:
        """Add a stored picture."""
        self.images[record.index] = record
        self.say(record.index, f"saved {record.path}")

    def lose(self, failed: FailedImage) -> None:
        """Add a picture that will not come; its index is its place in the call."""
        self.failures[failed.index] = Failure(
            index=failed.index,
            code=failed.code,
            message=failed.message,
            billed=failed.billed,
            retryable=failed.retryable,
        )
        self.say(failed.index, f"failed ({failed.code})")

    def cancel(self) -> None:
        """Send nothing more. What was sent is still awaited and saved."""
        self.is_cancelled = True


def new_job_id() -> str:
    """Return 80 random bits as 16 lowercase letters and digits."""
    return b32encode(secrets.token_bytes(ID_BYTES)).decode().lower()
