"""Script what goes wrong, and when: a list of faults, each for the next requests of a dialect.

`POST /admin/faults` adds one, `GET` lists what is left, `DELETE` clears. A fault waits for the next request it
matches that is valid: a request the sandbox would refuse anyway uses none up. Each request takes at most one.
Every fault has `dialect` (a name or "*", the default) and `times` (1); `at` sends those that have it to EvoLink's
queries ("poll") or uploads ("upload") in place of the request for pictures ("create").

fault            parameters                         what happens
status           status, code, message,             that error, in the dialect's own shape; nothing is billed
                 retry_after, at
delay            seconds, at                        the answer begins that much later
html             at                                 HTTP 200 with a page in place of the answer; nothing billed
reset_before     at                                 connection reset once the request was read; nothing billed
reset                                               pictures drawn and billed, then a reset without an answer
cut              after_images                       stream: closed after so many pictures; JSON: after half the
                                                    body; all is drawn and billed
moderation       index                              that picture is refused, the others go on; EvoLink: the task
                                                    fails
internal_error   index                              that picture fails and later ones are not made; EvoLink: the
                                                    task fails; Novita: status 500
error_200                                           HTTP 200 with an error and no data; outside Ark's family 500
failed_task      code, message                      the task fails; outside EvoLink status 500
stuck_task       polls                              the task says "processing" for so many more queries; waits
                                                    for a request to EvoLink
expired_link                                        drawn and billed, but links answer 403; EvoLink: those of the
                                                    first query
html_picture                                        links give a page with HTTP 200
slow_picture     bytes_per_s                        links give the picture slowly
cut_picture      after_bytes, times_picture         the first downloads of each picture break off there
no_usage                                            no `usage` and no `model` in the answer
chatty_stream                                       comments, an unknown event, CRLF, data over several lines;
                                                    waits for a streamed request
"""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from .dialects.dialect import DialectName
from .refusal import RefusalError, bad_body

At = Literal["create", "poll", "upload"]
Index = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, le=600)]


class _Fault(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    dialect: DialectName | Literal["*"] = "*"
    times: int = Field(1, ge=1)


class _Anywhere(_Fault):
    at: At = "create"


class Status(_Anywhere):
    """Refuse the request."""

    fault: Literal["status"]
    status: int = Field(ge=400, le=599)
    code: str = ""
    message: str = "A scripted fault."
    retry_after: float | None = Field(None, ge=0)


class Delay(_Anywhere):
    """Begin the answer later."""

    fault: Literal["delay"]
    seconds: Seconds


class Html(_Anywhere):
    """Answer with a page."""

    fault: Literal["html"]


class ResetBefore(_Anywhere):
    """Reset the connection with nothing done."""

    fault: Literal["reset_before"]


class Reset(_Fault):
    """Reset the connection with everything done."""

    fault: Literal["reset"]


class Cut(_Fault):
    """End the answer in its middle."""

    fault: Literal["cut"]
    after_images: Index = 0


class Moderation(_Fault):
    """Refuse one picture."""

    fault: Literal["moderation"]
    index: Index = 0


class InternalError(_Fault):
    """Fail at one picture, and make no later one."""

    fault: Literal["internal_error"]
    index: Index = 0


class Error200(_Fault):
    """Answer an error with HTTP 200."""

    fault: Literal["error_200"]


class FailedTask(_Fault):
    """Let a task fail."""

    fault: Literal["failed_task"]
    code: str = "generation_failed_no_content"
    message: str = "A scripted fault."


class StuckTask(_Fault):
    """Let a task seem unfinished."""

    fault: Literal["stuck_task"]
    polls: int = Field(ge=1)


class ExpiredLink(_Fault):
    """Hand out links whose time is over."""

    fault: Literal["expired_link"]


class HtmlPicture(_Fault):
    """Send a page where a picture should be."""

    fault: Literal["html_picture"]


class SlowPicture(_Fault):
    """Send pictures slowly."""

    fault: Literal["slow_picture"]
    bytes_per_s: float = Field(gt=0)


class CutPicture(_Fault):
    """Break downloads off."""

    fault: Literal["cut_picture"]
    after_bytes: int = Field(ge=1)
    times_picture: int = Field(1, ge=1)


class NoUsage(_Fault):
    """Leave out what was used."""

    fault: Literal["no_usage"]


class ChattyStream(_Fault):
    """Say more in a stream than the documents do."""

    fault: Literal["chatty_stream"]


PictureFault = HtmlPicture | SlowPicture | CutPicture
AtOnce = Status | Delay | Html | ResetBefore
Fault = (
    AtOnce
    | Reset
    | Cut
    | Moderation
    | InternalError
    | Error200
    | FailedTask
    | StuckTask
    | ExpiredLink
    | PictureFault
    | NoUsage
    | ChattyStream
)
_READER: Final[TypeAdapter[Fault]] = TypeAdapter(Annotated[Fault, Field(discriminator="fault")])


@dataclass(slots=True)
class _Waiting:
    fault: Fault
    times: int


class Faults:
    """Keep the faults that have not happened yet, in the order they were added."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []

    def add(self, content: bytes) -> None:
        """Add the fault a JSON object states; raise `RefusalError` for one that is none."""
        try:
            fault = _READER.validate_json(content)
        except ValidationError as exc:
            raise _unreadable(exc) from exc
        self._waiting.append(_Waiting(fault, fault.times))

    def clear(self) -> None:
        """Forget them all."""
        self._waiting.clear()

    def listed(self) -> list[dict[str, object]]:
        """Return what is left, with the times left."""
        rows: list[dict[str, object]] = [{**one.fault.model_dump(), "times": one.times} for one in self._waiting]
        return rows

    def take(self, dialect: DialectName, *, streamed: bool = False, at: At = "create") -> Fault | None:
        """Return the first fault for such a request, None for none; it is used up once."""
        for one in self._waiting:
            if _matches(one.fault, dialect, at, streamed=streamed):
                one.times -= 1
                if not one.times:
                    self._waiting.remove(one)
                return one.fault
        return None


def _matches(fault: Fault, dialect: DialectName, at: At, *, streamed: bool) -> bool:
    if isinstance(fault, ChattyStream) and not streamed:
        return False
    if isinstance(fault, StuckTask) and dialect != "evolink":
        return False
    place = fault.at if isinstance(fault, AtOnce) else "create"
    return fault.dialect in {"*", dialect} and place == at


def _unreadable(error: ValidationError) -> RefusalError:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return bad_body(f"{place}: {first['msg']}." if place else f"{first['msg']}.")
