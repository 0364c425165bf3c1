"""What a dialect is: pure functions between our words and one upstream's, and nothing that touches the network."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from seedream_hub.schemas.errors import UpstreamError
from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.outcome import FailedImage, MadeImage, Outcome, Usage
from seedream_hub.schemas.requests import ImageRequest

TaskStatus: TypeAlias = Literal["running", "completed", "failed"]


@dataclass(frozen=True, slots=True)
class Refused:
    """An error answer as it came: HTTP status, parsed body, request id, and Retry-After in seconds."""

    status: int
    body: Json
    request_id: str | None = None
    wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """How far a task is. `outcome` is there once it is settled."""

    id: str
    status: TaskStatus
    percent: int
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """What one event of a stream says: a picture made or failed, an error of the whole request, or the end."""

    image: MadeImage | FailedImage | None = None
    usage: Usage | None = None
    error: UpstreamError | None = None
    is_end: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """One upstream's wire.

    `parse` raises UpstreamError for an answer that is an error in spite of its status 200. `task` reads a task, where
    the upstream works in tasks; `event` reads one stream event's data, where it streams.
    """

    path: Callable[[ImageRequest], str]
    body: Callable[[ImageRequest], Json]
    refusal: Callable[[Refused], UpstreamError]
    parse: Callable[[Json, str | None], Outcome]
    event: Callable[[Json, str | None], StreamEvent] | None = None
    task: Callable[[Json, str | None], Task] | None = None
    task_path: str = ""
    files_path: str = ""
