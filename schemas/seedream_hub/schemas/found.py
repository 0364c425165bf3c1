"""What `find_images` looks for, and what it tells. Its field names are a contract."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import Field

from .language import later
from .limits import Json
from .result import More, Part, Picture

ImageKind: TypeAlias = Literal["generate", "edit", "fuse", "batch"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pictures are looked for; what is empty or None does not matter."""

    words: tuple[str, ...] = ()
    """All in the prompt, whatever their case."""
    tags: tuple[str, ...] = ()
    """All of them."""
    since: datetime | None = None
    until: datetime | None = None
    """The first moment that is too late."""
    model: str | None = None
    kind: ImageKind | None = None
    limit: int = 10


class FoundImage(Picture):
    """A picture made earlier."""

    created: str = Field(description=later("Local time"))
    kind: ImageKind
    model: str
    prompt: str
    arguments: Json
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found."""

    images: tuple[FoundImage, ...]
    """The newest."""
    matching: int
    """How many there are."""
    total: int
    """How many pictures there are, whatever was looked for."""
    without: tuple[tuple[str, int], ...] = ()
    """If there are none: how many there would be without each of the arguments."""
    unknown: tuple[str, ...] = ()
    """If there are none: the words that no prompt has."""


class Found(Part):
    """The result of `find_images`."""

    images: tuple[FoundImage, ...]
    more: More | None = None
    matching: int = Field(description=later("How many pictures match"))
    total: int = Field(description=later("How many there are in all"))
    next: str | None
