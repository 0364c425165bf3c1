"""Ask again, but only for what was certainly not accepted: there is no idempotency key upstream."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import stamina

from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.outcome import Outcome

ATTEMPTS: Final = 4
WAIT_INITIAL_S: Final = 1.0
WAIT_MAX_S: Final = 60.0
"""A longer Retry-After is cut to this."""


async def ask(send: Callable[[], Awaitable[Outcome]], tell: Callable[[str], None]) -> Outcome:
    """Send, and send again while the refusal is known to have cost nothing and to pass; say so each time.

    Raises:
        HubError: The last refusal, or the first that must not be repeated.
    """
    tries = 0

    def is_worth_it(exc: Exception) -> bool | float:
        nonlocal tries
        tries += 1
        if not isinstance(exc, HubError) or not exc.retryable or exc.billed != "no":
            return False
        if tries < ATTEMPTS:
            tell(f"not accepted ({exc.error_code}), asking again")
        return True if exc.retry_after_s is None else min(exc.retry_after_s, WAIT_MAX_S)

    attempts = stamina.retry_context(
        on=is_worth_it, attempts=ATTEMPTS, timeout=None, wait_initial=WAIT_INITIAL_S, wait_max=WAIT_MAX_S
    )
    async for attempt in attempts:
        with attempt:
            return await send()
    raise AssertionError("the last attempt returns or raises")


def retry_after_s(header: str | None) -> float | None:
    """Read a Retry-After header: seconds, or an HTTP date."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
