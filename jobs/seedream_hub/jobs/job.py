"""A job: what was asked for, how far each picture is, and what can be said of it."""

import secrets
from base64 import b32encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias, TypeVar

import anyio
from pydantic import BaseModel

from seedream_hub.schemas.cost import SANDBOX
from seedream_hub.schemas.errors import Billed, HubError
from seedream_hub.schemas.language import later, say
from seedream_hub.schemas.outcome import FailedImage, Layer
from seedream_hub.schemas.result import Cost, Failure, ImageRecord, Status

from .order import NOTHING, Asked, Sent

T = TypeVar("T")

ID_BYTES: Final = 10

MOST_PERCENT: Final = 95
"""A picture that is not settled is not there, whatever its provider says."""

CANCELLED: Final = later("Cancelled before it was sent.")

State: TypeAlias = Literal["queued", "sent", "linked", "stored", "failed", "cancelled", "unknown", "lost"]

SETTLED: Final = frozenset({"stored", "failed", "cancelled", "unknown", "lost"})


def now() -> str:
    """Return this moment, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(slots=True)
class Slot:
    """One picture that was asked for, and how far it is."""

    index: int
    number: int
    """Of the request it belongs to."""
    state: State = "queued"
    provider: str = ""
    model: str = ""
    billed: Billed = "no"
    record: ImageRecord | None = None
    failure: Failure | None = None
    url: str | None = None
    linked: str | None = None
    """When its link came, ISO 8601."""
    size: str | None = None
    """What was promised."""
    task_id: str | None = None
    settled: str = ""
    """When it was settled, ISO 8601."""
    request_id: str | None = None
    """The upstream's own id of the request that brought it."""
    sent: Sent = NOTHING
    cost: Cost | None = None
    """What it is estimated at, where it was asked for last; None: an earlier version did not say."""

    @property
    def dies_unknown(self) -> bool:
        """Whether nobody could say what became of it, if its process ended now; tasks are followed by the next."""
        return self.state == "sent" and self.task_id is None and self.provider != SANDBOX


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened. `far` counts the pictures that are settled, and the others as far as is known."""

    message: str
    far: float


class Facts(BaseModel):
    """What is told of a whole job."""

    prompt_sent: str = ""
    sandbox: bool = False
    warnings: list[str] = []
    advice: list[str] = []
    """What to do about the failures."""
    asked_again: str = ""
    """The job in which the pictures of unknown fate were asked for again."""
    layers: dict[int, Layer] = {}
    """Of the pictures that are layers, where they lie, by index."""
    billed_unknown: int = 0
    """Pictures that may have been billed and were asked for again all the same."""


@dataclass
class Job:
    """The state of one job: in this process while it works on it, else as the journal has it."""

    id: str
    asked: tuple[Asked, ...]
    slots: dict[int, Slot]
    facts: Facts = field(default_factory=Facts)
    created: str = field(default_factory=now)
    is_background: bool = False
    is_cancelled: bool = False
    is_left: bool = False
    """Whether the next process shall send what was not sent."""
    tool: str = ""
    """Which tool began it."""
    owner: str = ""
    """Who works on it, as the journal has it; empty while this process does."""
    notes: list[Note] = field(default_factory=list[Note])
    percents: dict[int, int] = field(default_factory=dict[int, int])
    """How far the providers say pictures are that they make as tasks."""
    told: float = 0.0
    """How far anybody was told the job is, at most."""

    def __post_init__(self) -> None:
        self._changed = anyio.Event()
        self._pauses: set[anyio.CancelScope] = set()

    @property
    def total(self) -> int:
        """How many pictures there are or will be."""
        return len(self.slots)

    @property
    def requested(self) -> int:
        """How many pictures were asked for. Of layers all that came count as asked for."""
        layers = sum(self.asked[slot.number].is_layered for slot in self.slots.values())
        return layers + sum(asked.count for asked in self.asked if not asked.is_layered)

    @property
    def done(self) -> int:
        """How many pictures are settled."""
        return sum(slot.state in SETTLED for slot in self.slots.values())

    @property
    def has_percents(self) -> bool:
        """Whether a provider says how far pictures are that are to come."""
        return any(self.slots[index].state not in SETTLED for index in self.percents)

    @property
    def far(self) -> float:
        """How many pictures are settled, and how much of the others the providers say is done."""
        shares = [done / 100 for index, done in self.percents.items() if self.slots[index].state not in SETTLED]
        return self.done + sum(shares)

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will happen."""
        return self.done == self.total

    @property
    def status(self) -> Status:
        """How far it is, in a word."""
        if not self.is_settled:
            return "running"
        if len(self.images) >= self.requested and not self.failures:
            return "completed"
        if self.images:
            return "partial"
        return "cancelled" if all(failure.code == "cancelled" for failure in self.failures) else "failed"

    @property
    def billed(self) -> int:
        """How many pictures the providers charged for."""
        return sum(slot.billed == "yes" for slot in self.slots.values())

    @property
    def billed_unknown(self) -> int:
        """How many pictures the providers may have charged for beside them."""
        return self.facts.billed_unknown + sum(slot.billed == "unknown" for slot in self.slots.values())

    @property
    def is_drawn(self) -> bool:
        """Whether the sandbox answered: `facts` say so from the end on, what each picture was sent with before."""
        return self.facts.sandbox or any(slot.sent.sandbox for slot in self.slots.values())

    @property
    def images(self) -> tuple[ImageRecord, ...]:
        """The stored pictures, in their order."""
        return tuple(slot.record for slot in self._ordered if slot.record)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The pictures that will not come, in their order."""
        return tuple(slot.failure for slot in self._ordered if slot.failure)

    @property
    def updated(self) -> str:
        """When a picture was settled last, or the job begun, ISO 8601."""
        return max(self.created, *(slot.settled for slot in self.slots.values()))

    @property
    def newest_first(self) -> tuple[ImageRecord, ...]:
        """The pictures, the one stored last in front."""
        newest = sorted(self.slots.values(), key=lambda slot: slot.settled, reverse=True)
        return tuple(slot.record for slot in newest if slot.record)

    @property
    def _ordered(self) -> list[Slot]:
        return [self.slots[index] for index in sorted(self.slots)]

    def image_id(self, index: int) -> str:
        """Return the id of the picture at a place in the job."""
        return f"{self.id}-{index}"

    def asked_of(self, index: int) -> Asked:
        """Return the request a picture belongs to."""
        return self.asked[self.slots[index].number]

    def add_slot(self, number: int) -> Slot:
        """Make room for a picture nobody asked for: it was paid, so it is kept."""
        index = max(self.slots) + 1
        self.slots[index] = Slot(index, number, "sent")
        return self.slots[index]

    def say(self, indices: tuple[int, ...], message: str) -> None:
        """Tell whoever follows the job what happened to some of its pictures."""
        first, last = indices[0] + 1, indices[-1] + 1
        named = {"first": first, "total": self.total, "message": message}
        if first == last:
            self.tell(say("Image {first} of {total}: {message}", **named))
        else:
            self.tell(say("Images {first} to {last} of {total}: {message}", last=last, **named))

    def hear(self, indices: tuple[int, ...], percent: int) -> None:
        """Take in how far a provider says some of the pictures are."""
        for index in indices:
            self.percents[index] = max(self.percents.get(index, 0), min(percent, MOST_PERCENT))
        self.say(indices, f"{percent} %")

    def tell(self, message: str) -> None:
        """Tell whoever follows the job that something happened."""
        self.notes.append(Note(message, self.far))
        self._changed.set()
        self._changed = anyio.Event()

    async def news(self, since: int) -> list[Note]:
        """Return the notes after the first `since`, as soon as there is one; none when all is settled and told."""
        while len(self.notes) <= since and not self.is_settled:
            await self._changed.wait()
        return self.notes[since:]

    async def progress(self, done: int) -> None:
        """Return when more than `done` pictures are settled, or all."""
        while self.done <= done and not self.is_settled:
            await self._changed.wait()

    def warn(self, message: str) -> None:
        """Add a warning, once."""
        if message not in self.facts.warnings:
            self.facts.warnings.append(message)

    def advise(self, step: str | None) -> None:
        """Say what to do about a failure."""
        if step and step not in self.facts.advice:
            self.facts.advice.append(step)

    def keep(self, record: ImageRecord) -> None:
        """Add a stored picture."""
        slot = self.slots[record.index]
        slot.state, slot.record, slot.billed = "stored", record, "yes"
        slot.settled = now()
        self.say((record.index,), say("saved {path}", path=record.path))

    def lose(self, index: int, state: State, failed: FailedImage) -> None:
        """Settle a picture that will not come."""
        slot = self.slots[index]
        slot.state, slot.billed, slot.failure = state, failed.billed, failure_of(index, failed, slot.provider)
        slot.settled = now()
        self.advise(failed.next_step)
        self.say((index,), say("failed ({code})", code=failed.code))

    def cancel(self) -> None:
        """Send nothing more. What was sent is still awaited and saved."""
        self.is_cancelled = True
        self._end_pauses()

    def end(self) -> None:
        """Send nothing more: the process is about to end."""
        self.leave() if self.is_background else self.cancel()

    def leave(self) -> None:
        """Send nothing more in this process; the next one goes on."""
        self.is_left = True
        self._end_pauses()

    async def unless_cancelled(self, pause: Callable[[], Awaitable[T]]) -> T:
        """Wait for what comes before a request is sent, and give up when nothing more is to be sent.

        Raises:
            HubError: If nothing more is to be sent.
        """
        with anyio.CancelScope() as scope:
            self._pauses.add(scope)
            if self.is_cancelled or self.is_left:
                scope.cancel()
            try:
                return await pause()
            finally:
                self._pauses.discard(scope)
        raise HubError(say(CANCELLED), code="cancelled")

    def _end_pauses(self) -> None:
        for scope in self._pauses:
            scope.cancel()


def failure_of(index: int, failed: FailedImage, provider: str) -> Failure:
    """Return a failure as results tell it."""
    return Failure(
        index=index,
        provider=provider,
        code=failed.code,
        message=failed.message,
        billed=failed.billed,
        retryable=failed.retryable,
        argument=failed.argument,
        request_id=failed.request_id,
    )


def new_job_id() -> str:
    """Return 80 random bits as 16 lowercase letters and digits."""
    return b32encode(secrets.token_bytes(ID_BYTES)).decode().lower()
