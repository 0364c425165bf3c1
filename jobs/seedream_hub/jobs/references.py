"""Read what a caller passes for a reference picture: a path, an https URL, a data URI, or an earlier picture's id."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit

import anyio.to_thread

from seedream_hub.schemas.addresses import is_internal
from seedream_hub.schemas.errors import ArgumentError
from seedream_hub.schemas.language import later, say

from .reference_files import read_inside, read_regular, shown

SCHEME: Final = re.compile(r"(data):|([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
DATA_URI: Final = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64,", re.IGNORECASE)
IMAGE_URI: Final = "seedream://images/"
IMAGE_ID: Final = re.compile(r"[a-z2-7]{16}-[0-9]{1,4}")
LIKE_ID: Final = re.compile(r"[A-Za-z0-9]{1,40}-[0-9]{1,4}")
"""Meant for an id, where it is no file."""

BARE_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{1000}")
SECRETS: Final = re.compile(r"(?<=//)[^/@]*@|\?.*", re.DOTALL)
"""What of a URL stays out of messages: a password, a signature."""
NO_URL: Final = re.compile(r"[\x00-\x20\x7f\\]")
"""Characters on which readers of URLs disagree."""

DATA: Final = "data URI"

EARLIER: Final = later("use an id or uri from an earlier result")

TAKEN: Final = later(
    "pass a path, an https URL, a data URI (data:image/png;base64,...) or the id of a picture made before"
)


@dataclass(frozen=True, slots=True)
class LinkReference:
    """A picture on the web; the upstream fetches it, the hub never does."""

    url: str


@dataclass(frozen=True, slots=True)
class FileReference:
    """A picture the hub has read. `origin` is its path, its id, or "data URI"."""

    content: bytes
    sha256: str
    origin: str

    @property
    def is_data(self) -> bool:
        """Whether it came as bytes, so that there is nowhere to read it again."""
        return self.origin == DATA


Reference: TypeAlias = LinkReference | FileReference


class ReferenceReader:
    """Reads references; files only from `folders`, and none of more than `max_bytes`.

    `find` lends the file of a picture made before by its id, or None.
    """

    def __init__(
        self,
        folders: tuple[Path, ...],
        find: Callable[[str], AbstractAsyncContextManager[Path | None]],
        max_bytes: int,
    ) -> None:
        self._folders = folders
        self._find = find
        self._max_bytes = max_bytes

    async def read(self, value: str, argument: str) -> Reference:
        """Return the reference behind what the caller passed as `argument`.

        Raises:
            ArgumentError: If it is none, or one that must not be read.
        """
        if not value.strip():
            raise ArgumentError(argument, say("is empty"), say(TAKEN))
        match = SCHEME.match(value)
        scheme = (match[1] or match[2]).lower() if match else None
        if scheme == "data":
            return await anyio.to_thread.run_sync(_from_data, value, argument, self._max_bytes)
        if scheme == "seedream" or IMAGE_ID.fullmatch(value):
            return await self._made_before(value, argument)
        if scheme:
            return LinkReference(_checked_link(value, scheme, argument))
        return await anyio.to_thread.run_sync(_from_path, value, argument, self._folders, self._max_bytes)

    async def _made_before(self, value: str, argument: str) -> FileReference:
        image_id = value.removeprefix(IMAGE_URI)
        problem = say("{value} is no picture made here", value=shown(value))
        works = say(EARLIER)
        if not IMAGE_ID.fullmatch(image_id):
            raise ArgumentError(argument, problem, works)
        try:
            async with self._find(image_id) as path:
                if path is None:
                    raise ArgumentError(argument, problem, works)
                return await anyio.to_thread.run_sync(_from_library, image_id, path, argument, self._max_bytes)
        except FileNotFoundError as exc:
            raise ArgumentError(argument, f"{exc.filename} {exc.strerror}", works) from exc


def _from_path(value: str, argument: str, folders: tuple[Path, ...], max_bytes: int) -> FileReference:
    if BARE_BASE64.match(value):
        works = say("pass it as a data URI: data:image/png;base64,...")
        raise ArgumentError(argument, say("is base64 without a word on what it is"), works)
    if LIKE_ID.fullmatch(value) and not Path(value).exists():
        problem = say("{value} is the id of no known picture", value=value)
        raise ArgumentError(argument, problem, say(EARLIER))
    path, content = read_inside(value, argument, folders, max_bytes)
    return _file(content, str(path))


def _from_library(image_id: str, path: Path, argument: str, max_bytes: int) -> FileReference:
    works = say("use another picture, or pass the path it was moved to")
    return _file(read_regular(path, argument, max_bytes, works), image_id)


def _from_data(uri: str, argument: str, max_bytes: int) -> FileReference:
    head = DATA_URI.match(uri)
    if not head:
        problem = say("{value} is no data URI of a picture in base64", value=shown(uri))
        works = say("write data:image/png;base64,... with the format the picture has")
        raise ArgumentError(argument, problem, works)
    size = (len(uri) - head.end()) * 3 // 4 - uri.count("=", -2)
    if size > max_bytes:
        problem = say("is a data URI of {size:,} bytes", size=size)
        raise ArgumentError(argument, problem, say("pass one of at most {most:,} bytes", most=max_bytes))
    try:
        return _file(base64.b64decode(uri[head.end() :], validate=True), DATA)
    except (binascii.Error, ValueError) as exc:
        problem = say("is a data URI whose base64 cannot be decoded: {reason}", reason=exc)
        raise ArgumentError(argument, problem, say("send it whole, without line breaks")) from exc


def _file(content: bytes, origin: str) -> FileReference:
    return FileReference(content, hashlib.sha256(content).hexdigest(), origin)


def _checked_link(url: str, scheme: str, argument: str) -> str:
    """Return an https URL of the public Internet, as far as its text tells."""
    named = shown(SECRETS.sub("", url))
    if scheme == "file":
        path = unquote(url.partition("://")[2])
        problem, works = say("{url} is a file URL", url=named), say("pass the path: {path}", path=shown(path))
        raise ArgumentError(argument, problem, works)
    if scheme not in {"http", "https"}:
        raise ArgumentError(argument, say("{url} is neither a path nor an https URL", url=named), say(TAKEN))
    if problem := _link_problem(url):
        works = say("pass an https URL that anybody can open, or a path")
        raise ArgumentError(argument, f"{named} {problem}", works)
    return url


def _link_problem(url: str) -> str | None:
    if NO_URL.search(url):
        return say("holds characters no URL has")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as exc:
        return say("cannot be read as a URL: {reason}", reason=exc)
    return _host_problem(parts, host)


def _host_problem(parts: SplitResult, host: str) -> str | None:
    if parts.username is not None or parts.password is not None:
        return say("carries a user name or password")
    if is_internal(host):
        return say("leads to no host of the public Internet")
    return None if parts.scheme == "https" else say("is not https")
