"""The result of a call that makes images. Its field names are a contract."""

from copy import deepcopy
from functools import cache
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from .described import described
from .errors import Billed
from .language import later
from .limits import Json

Status = Literal["completed", "partial", "running", "failed", "cancelled"]


class Part(BaseModel):
    """Frozen; an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def output_schema(model: type[BaseModel]) -> Json:
    """Return the JSON Schema of a result in few tokens: no titles or docstrings."""
    return described(deepcopy(_untitled(model)))


@cache
def _untitled(model: type[BaseModel]) -> Json:
    schema = model.model_json_schema(mode="serialization")
    for part in (schema, *cast("dict[str, Json]", schema["$defs"]).values()):
        for told_elsewhere in ("title", "description", "additionalProperties"):
            part.pop(told_elsewhere, None)
        for prop in cast("dict[str, Json]", part["properties"]).values():
            prop.pop("title", None)
    return schema


class Picture(Part):
    """What is told of every picture that was saved."""

    id: str
    uri: str = Field(description=later("Read it with resources/read"))
    path: str = Field(description=later("Absolute path of the file, or its s3://, gs:// or az:// address"))
    width: int
    height: int
    provider: str = ""


class ImageRecord(Picture):
    """A picture as it was saved."""

    index: int = Field(description=later("0-based place in the call"))
    bytes: int
    mime_type: str
    sha256: str
    pruned: bool = Field(default=False, description=later("True: the file was deleted since, on the user's word"))


class More(Part):
    """Further pictures, by name only."""

    path: str = Field(description=later("Of each, once its id and its name stand for {{id}} and {{name}}"))
    names: dict[str, str] = Field(description=later("By id"))


class Failure(Part):
    """A picture that was asked for and is not there."""

    index: int
    provider: str = Field(default="", description=later("Who was asked last"))
    code: str
    message: str
    billed: Billed
    retryable: bool
    argument: str | None = Field(description=later("The argument at fault"))
    request_id: str | None
    count: int = Field(default=1, description=later("Pictures that failed alike; the rest is of the last one"))


class Cost(Part):
    """What the upstream charges for the images billed, as far as prices are known; null where none is."""

    amount: float | None
    currency: str | None
    estimated: bool


class JobCost(Cost):
    """What a job's images cost so far, and what all of it is expected to."""

    expected: float | None = Field(default=None, description=later("With what is to come, or may have been charged"))


class Result(Part):
    """The result of a call that makes images."""

    status: Status
    job_id: str
    images: tuple[ImageRecord, ...]
    more: More | None = None
    failures: tuple[Failure, ...]
    counts: dict[str, int] | None = Field(default=None, description=later("A job's pictures by state"))
    requested: int
    delivered: int
    billed: int = Field(description=later("Images the upstream charged for"))
    billed_unknown: int = Field(description=later("Images it may have charged for beside them; not in cost"))
    cost: JobCost
    provider: str
    model: str
    prompt_sent: str
    warnings: tuple[str, ...]
    sandbox: bool = Field(description=later("True: the sandbox answered, no model was called"))
    next: str | None = Field(description=later("What to call or change"))
