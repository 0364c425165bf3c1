"""What Ark's error codes mean for whoever asked (error-code table, doc 1299023, read 2026-10-09)."""

from typing import Final

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
    }
)
"""Refused for now, not billed."""

NEXT_STEPS: Final = {
    "InputTextSensitiveContentDetected": "Rephrase the prompt.",
    "InputTextRiskDetection": "Rephrase the prompt.",
    "InputImageSensitiveContentDetected": "Use another reference image.",
    "InputImageRiskDetection": "Use another reference image.",
    "OutputImageSensitiveContentDetected": "Rephrase the prompt; the picture was made, withheld and not billed.",
    "OutputImageRiskDetection": "Rephrase the prompt; the picture was made, withheld and not billed.",
    "SensitiveContentDetected": "Rephrase the prompt.",
    "AuthenticationError": "Check the API key, and that it belongs to this region.",
    "AccountOverdueError": "Settle the account's balance.",
    "ModelNotOpen": "Activate the model in the provider's console.",
    "InvalidEndpointOrModel": "Check the model id and that the account may use it.",
    "QuotaExceeded": "Raise the account's quota, or wait until it resets.",
    "SetLimitExceeded": "Raise the spending limit set in the provider's console.",
}

MESSAGE_CHARS: Final = 500
SERVER_ERROR: Final = 500


def family(code: str) -> str:
    """Return the part of a code before its first dot; the rest is detail."""
    return code.partition(".")[0]


def is_retryable(code: str) -> bool:
    """Say whether the same request may be sent again later without being paid twice."""
    return family(code) in RETRYABLE


def next_step(code: str, status: int, *, passes: bool) -> str | None:
    """Say what whoever asked can do about it; a refusal that `passes` cost nothing."""
    if passes:
        return "Wait a little and ask again."
    if status >= SERVER_ERROR:
        return "It may have been billed: look at the provider's console before asking again."
    return NEXT_STEPS.get(family(code))


def plain(text: object) -> str:
    """Return upstream text as data: one line, no control characters, not long."""
    words = "".join(c if c.isprintable() else " " for c in str(text or "")).split()
    line = " ".join(words)
    return line if len(line) <= MESSAGE_CHARS else f"{line[: MESSAGE_CHARS - 1]}…"
