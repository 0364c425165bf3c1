"""Let a scripted fault happen to an answer, in the words of the dialect it happens to."""

import json
from http import HTTPStatus
from typing import Final

import anyio
from starlette.responses import HTMLResponse, Response

from .answers import DONE, Event, Wire, event_bytes
from .connection import HalfResponse, ResetResponse
from .faults import (
    ChattyStream,
    Cut,
    Delay,
    Error200,
    FailedTask,
    Fault,
    Html,
    InternalError,
    Moderation,
    NoUsage,
    Reset,
    ResetBefore,
    Status,
)
from .refusal import RefusalError, internal_failure
from .replies import json_response
from .studio import Spoil

_CODES: Final = {
    400: "InvalidParameter",
    401: "AuthenticationError",
    402: "AccountOverdueError",
    403: "AccessDenied",
    404: "InvalidEndpointOrModel.NotFound",
    429: "ModelAccountIpmRateLimitExceeded",
}
PAGE: Final = "<html><body>The service is busy, try again later.</body></html>"
_MODERATED: Final = "The request failed because the output image may contain sensitive information."
_FAILED: Final = "The service hit an internal error."


async def at_once(fault: Fault | None) -> Response | None:
    """Return the answer of a fault that happens before anything is drawn, None to go on; raise a refusal."""
    if isinstance(fault, Delay):
        await anyio.sleep(fault.seconds)
    if isinstance(fault, Status):
        raise scripted(fault)
    if isinstance(fault, ResetBefore):
        return ResetResponse()
    return HTMLResponse(PAGE) if isinstance(fault, Html) else None


def scripted(fault: Status) -> RefusalError:
    """Return the refusal a fault states, in Ark's words where it states no code."""
    kind = HTTPStatus(fault.status).phrase.replace(" ", "") if fault.status in set(HTTPStatus) else ""
    code = fault.code or _CODES.get(fault.status, _CODES[400] if fault.status < 500 else "InternalServiceError")  # noqa: PLR2004 -- HTTP
    why = "scripted" if fault.code else "status"
    refusal = RefusalError(fault.status, code, fault.message, "", kind, why)
    refusal.retry_after_s = fault.retry_after
    return refusal


def error_200(*, streamed: bool) -> Response:
    """Return Ark's HTTP 200 with an error and no data."""
    error: Wire = {"error": {"code": "InternalServiceError", "message": _FAILED}}
    if streamed:
        return Response(event_bytes(("error", error)) + DONE, media_type="text/event-stream")
    return json_response(error)


def refuse_error_200(fault: Fault | None) -> None:
    """Raise status 500 where an error with HTTP 200 is unheard of."""
    if isinstance(fault, Error200):
        raise internal_failure()


def refuse_internal_error(fault: Fault | None) -> None:
    """Raise status 500 where a single picture cannot fail on its own."""
    if isinstance(fault, InternalError):
        raise internal_failure()


def refuse_failed_task(fault: Fault | None) -> None:
    """Raise status 500 where there is no task that could fail."""
    if isinstance(fault, FailedTask):
        raise internal_failure()


def spoil_of(fault: Fault | None) -> Spoil | None:
    """Return the picture that is not to be made, with Ark's code."""
    if isinstance(fault, Moderation):
        return Spoil(fault.index, "OutputImageSensitiveContentDetected", _MODERATED)
    if isinstance(fault, InternalError):
        return Spoil(fault.index, "InternalServiceError", _FAILED, ends_all=True)
    return None


def task_spoil_of(fault: Fault | None) -> Spoil | None:
    """Return the picture at which a task fails, with EvoLink's code."""
    if isinstance(fault, FailedTask):
        return Spoil(0, fault.code, fault.message, ends_all=True)
    if isinstance(fault, Moderation):
        return Spoil(fault.index, "content_policy_violation", _MODERATED)
    if isinstance(fault, InternalError):
        return Spoil(fault.index, "service_error", _FAILED, ends_all=True)
    return None


def without_usage(fault: Fault | None, body: Wire) -> Wire:
    """Return the body, without `usage` and `model` if that is the fault."""
    if not isinstance(fault, NoUsage):
        return body
    return {name: value for name, value in body.items() if name not in {"usage", "model"}}


def broken(fault: Fault | None, answer: Response) -> Response:
    """Return the answer, or what a fault makes of a finished one."""
    if isinstance(fault, Reset):
        return ResetResponse()
    return HalfResponse(answer) if isinstance(fault, Cut) else answer


def said(fault: Fault | None, event: Event) -> bytes:
    """Return an event as it goes over the wire, with more around it if that is the fault."""
    named = (event[0], without_usage(fault, event[1]))
    return _chatty(named) if isinstance(fault, ChattyStream) else event_bytes(named)


def _chatty(event: Event) -> bytes:
    lines = json.dumps(event[1], indent=1).splitlines()
    spread = "".join(f"data: {line}\r\n" for line in lines)
    unknown = 'event: image_generation.heartbeat\r\ndata: {"type": "image_generation.heartbeat"}\r\n\r\n'
    return f": keep-alive\r\n\r\n{unknown}event: {event[0]}\r\nid: 1\r\nretry: 3000\r\n{spread}\r\n".encode()
