"""The result of a call that makes images. Its field names are a contract."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from .errors import Billed
from .language import later

Status = Literal["completed", "partial", "running", "failed", "cancelled"]


class Part(BaseModel):
    """Frozen; an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageRecord(Part):
    """A picture that was saved."""

    id: str
    uri: str = Field(description=later("Read it with resources/read"))
    path: str = Field(description=later("Absolute path of the file, or its s3://, gs:// or az:// address"))
    index: int = Field(description=later("0-based place in the call"))
    width: int
    height: int
    bytes: int
    mime_type: str
    sha256: str
    pruned: bool = Field(default=False, description=later("True: the file was deleted since, on the user's word"))
    provider: str = ""


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


class Cost(Part):
    """What the upstream charges for the images billed, as far as prices are known; null where none is."""

    amount: float | None
    currency: str | None
    estimated: bool
    expected: float | None = Field(default=None, description=later("With what is to come, or may have been charged"))


class Result(Part):
    """The result of a call that makes images."""

    status: Status
    job_id: str
    images: tuple[ImageRecord, ...]
    failures: tuple[Failure, ...]
    requested: int
    delivered: int
    billed: int = Field(description=later("Images the upstream charged for"))
    billed_unknown: int = Field(description=later("Images it may have charged for beside them; not in cost"))
    cost: Cost
    provider: str
    model: str
    prompt_sent: str
    warnings: tuple[str, ...]
    sandbox: bool = Field(description=later("True: the sandbox answered, no model was called"))
    next: str | None = Field(description=later("What to call or change"))
