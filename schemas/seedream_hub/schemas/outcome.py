"""What an upstream answered, in our words: news as it comes, and the whole at the end."""

from dataclasses import dataclass
from typing import TypeAlias

from .errors import Billed, HubError


@dataclass(frozen=True, slots=True)
class Layer:
    """Where a picture lies that is a layer of another: the lowest `z_index` is the base, under all others."""

    z_index: int
    name: str = ""
    left_top: tuple[int, int] | None = None
    """In pixels of the base."""


@dataclass(frozen=True, slots=True)
class MadeImage:
    """A picture the upstream made and billed: behind `url` for a day, or as Base64 in `data`."""

    index: int
    url: str | None = None
    data: str | None = None
    size: str | None = None
    layer: Layer | None = None


@dataclass(frozen=True, slots=True)
class FailedImage:
    """A picture the upstream did not make."""

    index: int
    code: str
    message: str
    billed: Billed = "no"
    retryable: bool = False
    argument: str | None = None
    request_id: str | None = None
    next_step: str | None = None


@dataclass(frozen=True, slots=True)
class TaskNews:
    """The upstream works on it under this id; `percent` of it is done."""

    task_id: str
    percent: int


@dataclass(frozen=True, slots=True)
class Answering:
    """The upstream took the request, and begins to answer."""

    request_id: str | None
    sandbox: bool


News: TypeAlias = Answering | MadeImage | FailedImage | TaskNews


@dataclass(frozen=True, slots=True)
class Usage:
    """What the upstream says it counted; None where it does not say."""

    generated_images: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """All of one answer. `index` is 0-based within the request.

    `cut` is set where the connection broke after part of the answer: what came counts, the rest may be billed.
    """

    images: tuple[MadeImage, ...]
    failures: tuple[FailedImage, ...]
    billed: int
    request_id: str | None = None
    usage: Usage = Usage()
    sandbox: bool = False
    task_id: str | None = None
    cut: HubError | None = None
