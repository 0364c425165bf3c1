"""What error codes mean for whoever asked (Ark's error-code table, doc 1299023, read 2026-10-09)."""

import re
from collections.abc import Mapping
from typing import Final, TypeVar, cast

from seedream_hub.schemas.errors import UpstreamError
from seedream_hub.schemas.language import later, say
from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.outcome import FailedImage

from .dialect import Refused

Code = TypeVar("Code", str, int)

RETRYABLE: Final = frozenset(
    {
        "APIAccountRpmRateLimitExceeded",
        "AccountRateLimitExceeded",
        "InflightBatchsizeExceeded",
        "ModelAccountIpmRateLimitExceeded",
        "ModelAccountRpmRateLimitExceeded",
        "ModelAccountTpmRateLimitExceeded",
        "RateLimitExceeded",
        "RequestBurstTooFast",
        "ServerOverloaded",
        "rate_limit_error",
    }
)
"""Refused for now, not billed."""

FINAL: Final = frozenset({"QuotaExceeded", "SetLimitExceeded", "insufficient_quota_error", "insufficient_user_quota"})
"""Refused until somebody pays or raises a cap: waiting does not help."""

NEXT_STEPS: Final = {
    "InputTextSensitiveContentDetected": later("Rephrase the prompt."),
    "InputTextRiskDetection": later("Rephrase the prompt."),
    "InputImageSensitiveContentDetected": later("Use another reference image."),
    "InputImageRiskDetection": later("Use another reference image."),
    "OutputImageSensitiveContentDetected": later(
        "Rephrase the prompt; the picture was made, withheld and not billed."
    ),
    "OutputImageRiskDetection": later("Rephrase the prompt; the picture was made, withheld and not billed."),
    "SensitiveContentDetected": later("Rephrase the prompt."),
    "AccountOverdueError": later("Settle the account's balance."),
    "ModelNotOpen": later("Activate the model in the provider's console."),
    "InvalidEndpointOrModel": later("Check the model id and that the account may use it."),
    "QuotaExceeded": later("Raise the account's quota, or wait until it resets."),
    "SetLimitExceeded": later("Raise the spending limit set in the provider's console."),
    "model_not_found": later("Check the model id and that the account may use it."),
}
BY_STATUS: Final = {
    401: later("Check the API key."),
    402: later("Top up the account's balance."),
    403: later("Check what the account may do."),
    404: later("Check the model id and the base URL."),
    413: later("Use smaller reference images."),
}

ARGUMENTS: Final = {
    "image": "images",
    "image_urls": "images",
    "n": "count",
    "max_images": "count",
    "sequential_image_generation": "count",
    "sequential_image_generation_options": "count",
    "optimize_prompt_options": "optimize_prompt",
    "prompt_priority": "optimize_prompt",
    "tools": "web_search",
    "quality": "size",
}
"""Which of our arguments an upstream's parameter is."""

INTERNAL: Final = "InternalServiceError"
"""May stand in an answer of status 200; pictures of a set may have been made before it."""

QUOTED: Final = re.compile(r"parameter `([\w.]+)`")
"""Relays blank `param`; Ark's message names it all the same (recorded 2026-09-17)."""

LATER: Final = later("Wait a little and ask again.")

MESSAGE_CHARS: Final = 500
TOO_MANY: Final = 429
SERVER_ERROR: Final = 500
UNAVAILABLE: Final = 503


def family(code: str) -> str:
    """Return the part of a code before its first dot; the rest is detail."""
    return code.partition(".")[0]


def is_retryable(code: str) -> bool:
    """Say whether the same request may be sent again later without being paid twice."""
    return family(code) in RETRYABLE


def refusal(refused: Refused) -> UpstreamError:
    """Read an error body: `{"error": {"code", "message", "param", "type"}}`."""
    error = _error(refused.body.get("error"))
    code = str(error.get("code") or error.get("type") or f"http_{refused.status}")
    return upstream_error(refused, code, error.get("message"), error.get("param"))


def upstream_error(
    refused: Refused, code: str, message: object, parameter: object, step: str | None = None
) -> UpstreamError:
    """Say what a refusal means.

    A limit or overload code, and a 503 that gives a Retry-After or names a model it does not have, was not accepted.
    Any other 5xx may have been billed.
    """
    status = refused.status
    is_unaccepted = status == UNAVAILABLE and (refused.wait_s is not None or code == "model_not_found")
    is_limit = status == TOO_MANY and family(code) not in FINAL
    passes = (is_retryable(code) or is_limit or is_unaccepted) and code != "model_not_found"
    is_free = (status < SERVER_ERROR and family(code) != INTERNAL) or passes or is_unaccepted
    told = plain(message) or _spoken(refused.body) or say("The provider answered HTTP {status}.", status=status)
    if parameter:
        told = say("{message} (parameter {name})", message=told, name=plain(parameter))
    error = UpstreamError(
        f"{code}: {told}",
        code=code,
        billed="no" if is_free else "unknown",
        retryable=passes,
        next_step=_next_step(code, refused, passes=passes, is_free=is_free, own=step),
        request_id=refused.request_id,
    )
    error.status = status
    error.argument = argument_of(parameter or _quoted(message))
    error.retry_after_s = refused.wait_s
    return error


def failed(index: int, error: object, request_id: str | None) -> FailedImage:
    """Read why one picture of an answer is missing."""
    facts = _error(error)
    code = str(facts.get("code") or "no_image")
    message = plain(facts.get("message")) or say("The provider returned neither a picture nor an error.")
    billed = "no" if facts else "unknown"
    return FailedImage(
        index,
        code,
        message,
        billed,
        is_retryable(code),
        argument_of(facts.get("param")),
        request_id,
        step_of(NEXT_STEPS, family(code)),
    )


def step_of(steps: Mapping[Code, str], code: Code) -> str | None:
    """Return what to do about a code, where that is known."""
    return say(steps[code]) if code in steps else None


def argument_of(parameter: object) -> str | None:
    """Return our name of an upstream's parameter."""
    name = plain(parameter).partition(".")[0].partition("[")[0]
    return ARGUMENTS.get(name, name) or None


def _spoken(body: Json) -> str:
    """Return what a body of no documented shape says in words."""
    words = (body.get(name) for name in ("error", "message", "detail"))
    return next((plain(text) for text in words if text and isinstance(text, str)), "")


def _quoted(message: object) -> str:
    found = QUOTED.search(str(message))
    return found[1] if found else ""


def plain(text: object) -> str:
    """Return upstream text as data: one line, no control characters, not long."""
    words = "".join(c if c.isprintable() else " " for c in str(text or "")).split()
    line = " ".join(words)
    return line if len(line) <= MESSAGE_CHARS else f"{line[: MESSAGE_CHARS - 1]}…"


def _next_step(code: str, refused: Refused, *, passes: bool, is_free: bool, own: str | None) -> str | None:
    if passes:
        wait_s = round(refused.wait_s or 0)
        if wait_s:
            return say("Wait {seconds:,} s, as the provider wishes, and ask again.", seconds=wait_s)
        return say(LATER)
    if not is_free:
        return say("It may have been billed: look at the provider's console before asking again.")
    return own or step_of(NEXT_STEPS, family(code)) or step_of(BY_STATUS, refused.status)


def _error(raw: object) -> Json:
    return cast("Json", raw) if isinstance(raw, dict) else {}
