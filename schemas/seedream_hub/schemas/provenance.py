"""The record that stays with a picture: what was asked of whom, and what came. Its field names are a contract."""

import json
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from .limits import Json
from .result import Cost, Part

SCHEMA: Final = "seedream-hub/picture"
VERSION: Final = 1
"""Raised when a field changes its meaning or goes; a new one may come without."""


class ReferenceOrigin(Part):
    """A picture that was passed along."""

    argument: str = Field(description="The argument that named it, as `images[0]`")
    origin: str = Field(description="A path, an id, or a link without its query; `data URI` where it came as bytes")
    sha256: str | None = Field(description="Of its bytes as passed; null for a link, which is never fetched here")


class Provenance(Part):
    """Where a picture came from."""

    schema_name: Annotated[Literal["seedream-hub/picture"], Field(alias="schema")] = SCHEMA
    schema_version: Literal[1] = VERSION
    id: str
    job_id: str
    index: int
    tool: str
    prompt: str
    prompt_sent: str
    arguments: Json
    references: tuple[ReferenceOrigin, ...]
    provider: str
    model: str
    request_id: str | None = Field(description="The provider's own id of the request")
    sandbox: bool
    created: str | None = Field(description="When the provider had made it, ISO 8601")
    stored: str | None = Field(description="When it was saved; null inside a picture, which is not saved yet")
    sha256: str = Field(description="Of the picture as it came, which is the file unless this was put into it")
    bytes: int
    width: int
    height: int
    mime_type: str
    cost: Cost

    def as_json(self, *, indent: int | None = None) -> str:
        """Return it as JSON, its fields in their order."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), ensure_ascii=False, indent=indent)


def owner_of(content: bytes) -> tuple[str, str] | None:
    """Return the id and the hash of the picture a record is of; None if the bytes are no record of ours."""
    try:
        facts: Any = json.loads(content)
        if facts["schema"] != SCHEMA:
            return None
        return str(facts["id"]), str(facts["sha256"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
