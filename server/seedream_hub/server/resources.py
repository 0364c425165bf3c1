"""What clients can read: each resource with its address, and who reads it."""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError, UnexpectedResourceError
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, Resource, ResourceTemplate
from mcp.types.version import MODERN_PROTOCOL_VERSIONS

from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.language import say

JSON: Final = "application/json"

NOT_FOUND_BEFORE_2026: Final = -32002
"""The code of a resource that is not there, which revision 2026-07-28 gave up for that of wrong parameters."""

VARIABLE: Final = re.compile("{[a-z_]+}")


@dataclass(frozen=True, slots=True)
class Readable:
    """One resource, or many of a kind: then the address has a variable, whose value the reader gets."""

    uri: str
    name: str
    title: str
    description: str
    mime_type: str
    read: Callable[[str], Awaitable[str | bytes | ReadResourceContents]]

    @property
    def is_template(self) -> bool:
        """Whether the address has a variable."""
        return VARIABLE.search(self.uri) is not None

    def value_in(self, uri: str) -> str | None:
        """Return the variable's value in an address, empty where there is no variable; None if it is another's."""
        before, _, after = VARIABLE.sub("\0", self.uri).partition("\0")
        if not self.is_template:
            return "" if uri == before else None
        found = re.fullmatch(f"{re.escape(before)}([^/]+){re.escape(after)}", uri)
        return found[1] if found else None


class Resources:
    """All that can be read."""

    def __init__(self, readables: Iterable[Readable]) -> None:
        self._readables = tuple(readables)

    def fixed(self) -> list[Resource]:
        """Return those with one address."""
        return [
            Resource(
                uri=one.uri, name=one.name, title=one.title, description=one.description, mime_type=one.mime_type
            )
            for one in self._readables
            if not one.is_template
        ]

    def templates(self) -> list[ResourceTemplate]:
        """Return those with many."""
        return [
            ResourceTemplate(
                uri_template=one.uri,
                name=one.name,
                title=one.title,
                description=one.description,
                mime_type=one.mime_type,
            )
            for one in self._readables
            if one.is_template
        ]

    async def read(self, uri: str) -> ReadResourceContents | None:
        """Return what is at an address; None if it is no address of ours.

        Raises:
            ResourceError: If nothing is there, or it cannot be read.
        """
        for one in self._readables:
            if (value := one.value_in(uri)) is not None:
                return await _read(one, uri, value)
        return None


def not_found(uri: str, message: str, protocol_version: str | None) -> MCPError:
    """Return the error of a resource that is not there, with the code the client's revision has for it."""
    is_modern = protocol_version is None or protocol_version in MODERN_PROTOCOL_VERSIONS
    return MCPError(INVALID_PARAMS if is_modern else NOT_FOUND_BEFORE_2026, message, {"uri": uri})


async def _read(one: Readable, uri: str, value: str) -> ReadResourceContents:
    try:
        content = await one.read(value)
    except ResourceNotFoundError:
        raise
    except HubError as exc:
        raise ResourceError(exc.message) from exc
    except Exception as exc:
        raise UnexpectedResourceError(say("Error reading resource {uri}", uri=uri)) from exc
    if isinstance(content, ReadResourceContents):
        return content
    return ReadResourceContents(content=content, mime_type=one.mime_type)
