"""A job: what one call asked for, how far each picture is, and what can be said of it."""

import secrets
from base64 import b32encode
from dataclasses import dataclass, field
from typing import Final

import anyio

from seedream_hub.schemas.limits import ModelLimits
from seedream_hub.schemas.outcome import FailedImage
from seedream_hub.schemas.requests import ImageRequest
from seedream_hub.schemas.result import Failure, ImageRecord

from .naming import Naming
from .reference_book import ReferenceBook

ID_BYTES: Final = 10


@dataclass(frozen=True, slots=True)
class Route:
    """One provider's model that can do the request, and the request as planned for it."""

    provider: str
    model: ModelLimits
    request: ImageRequest


@dataclass(frozen=True, slots=True)
class Order:
    """What a call asks for, and who may serve it, the first one preferred."""

    tool: str
    routes: tuple[Route, ...]
    references: ReferenceBook
    naming: Naming

    @property
    def count(self) -> int:
        """How many pictures are asked for."""
        return self.routes[0].request.count


@dataclass(frozen=True, slots=True)
class Part:
    """The places in the call that one upstream request fills."""

    indices: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many pictures the request asks for."""
        return len(self.indices)


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened. `done` counts the pictures that are settled."""

    message: str
    done: int


@dataclass(slots=True)
class Served:
    """What one provider did for the job."""

    model: ModelLimits
    billed: int = 0
    indices: set[int] = field(default_factory=set[int])


@dataclass
class Job:
    """The state of one order while this process works on it."""

    id: str
    order: Order
    made: set[int] = field(default_factory=set[int])
    """The pictures the provider made: paid, on disk or on the way there."""
    images: dict[int, ImageRecord] = field(default_factory=dict[int, ImageRecord])
    failures: dict[int, Failure] = field(default_factory=dict[int, Failure])
    served: dict[str, Served] = field(default_factory=dict[str, Served])
    """By provider, in the order they were asked."""
    sandbox: bool = False
    is_cancelled: bool = False
    prompt_sent: str = ""
    notes: list[Note] = field(default_factory=list[Note])
    warnings: list[str] = field(default_factory=list[str])
    advice: list[str] = field(default_factory=list[str])
    """What to do about the failures."""

    def __post_init__(self) -> None:
        self.total = self.order.count
        self._changed = anyio.Event()

    @property
    def done(self) -> int:
        """How many pictures are settled: stored, failed or cancelled."""
        return len(self.images) + len(self.failures)

    @property
    def billed(self) -> int:
        """How many pictures the providers charged for."""
        return sum(served.billed for served in self.served.values())

    def image_id(self, index: int) -> str:
        """Return the id of the picture at a place in the call."""
        return f"{self.id}-{index}"

    def add_slot(self) -> int:
        """Make room for a picture nobody asked for: it was paid, so it is kept."""
        self.total += 1
        return self.total - 1

    def serve(self, route: Route, indices: tuple[int, ...]) -> Served:
        """Note that a provider was asked for these places."""
        served = self.served.setdefault(route.provider, Served(route.model))
        served.indices.update(indices)
        return served

    def say(self, indices: tuple[int, ...], message: str) -> None:
        """Tell whoever follows the job what happened to some of its pictures."""
        first, last = indices[0] + 1, indices[-1] + 1
        which = f"Image {first}" if first == last else f"Images {first} to {last}"
        self.notes.append(Note(f"{which} of {self.total}: {message}", self.done))
        self._changed.set()
        self._changed = anyio.Event()

    async def news(self, since: int) -> list[Note]:
        """Return the notes after the first `since`, as soon as there is one; none when all is settled and told."""
        while len(self.notes) <= since and self.done < self.total:
            await self._changed.wait()
        return self.notes[since:]

    def warn(self, message: str) -> None:
        """Add a warning, once."""
        if message not in self.warnings:
            self.warnings.append(message)

    def keep(self, record: ImageRecord) -> None:
        """Add a stored picture."""
        self.images[record.index] = record
        self.say((record.index,), f"saved {record.path}")

    def lose(self, failed: FailedImage) -> None:
        """Add a picture that will not come; its index is its place in the call."""
        self.failures[failed.index] = Failure(
            index=failed.index,
            code=failed.code,
            message=failed.message,
            billed=failed.billed,
            retryable=failed.retryable,
            argument=failed.argument,
            request_id=failed.request_id,
        )
        self.advice += [failed.next_step] if failed.next_step else []
        self.say((failed.index,), f"failed ({failed.code})")

    def cancel(self) -> None:
        """Send nothing more. What was sent is still awaited and saved."""
        self.is_cancelled = True


def new_job_id() -> str:
    """Return 80 random bits as 16 lowercase letters and digits."""
    return b32encode(secrets.token_bytes(ID_BYTES)).decode().lower()
