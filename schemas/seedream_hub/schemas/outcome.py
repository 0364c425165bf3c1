"""What an upstream answered, in our words."""

from dataclasses import dataclass

from .errors import Billed


@dataclass(frozen=True, slots=True)
class MadeImage:
    """A picture the upstream made and billed; it waits behind `url` for a day."""

    index: int
    url: str
    size: str | None = None


@dataclass(frozen=True, slots=True)
class FailedImage:
    """A picture the upstream did not make."""

    index: int
    code: str
    message: str
    billed: Billed = "no"
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """All of one answer. `index` is 0-based within the request."""

    images: tuple[MadeImage, ...]
    failures: tuple[FailedImage, ...]
    billed: int
    request_id: str | None = None
    sandbox: bool = False
