"""Ask again, but only for what was certainly not accepted, or costs nothing: there is no idempotency key upstream."""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeAlias, TypeVar

import httpx2 as httpx
import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.language import say

log: Final = logging.getLogger(__name__)

T = TypeVar("T")

ATTEMPTS: Final = 4
WAIT_INITIAL_S: Final = 1.0
WAIT_MAX_S: Final = 60.0
"""A longer Retry-After is not waited for: another provider is asked, or nobody."""

FREE_ATTEMPTS: Final = 4
FREE_WAIT_INITIAL_S: Final = 0.2
FREE_WAIT_MAX_S: Final = 10.0

REQUEST_TIMEOUT: Final = 408
TOO_MANY: Final = 429
SERVER_ERROR: Final = 500


Pause: TypeAlias = Callable[[Callable[[], Awaitable[stamina.Attempt]]], Awaitable[stamina.Attempt]]


async def ask(send: Callable[[], Awaitable[T]], tell: Callable[[str], None], pause: Pause) -> T:
    """Send, and send again while the refusal is known to have cost nothing and to pass; say so each time.

    `pause` waits for the next attempt, or raises if there is to be none.

    Raises:
        HubError: The last refusal, or the first that must not be repeated.
    """
    tries = 0

    def is_worth_it(exc: Exception) -> bool | float:
        nonlocal tries
        tries += 1
        if not isinstance(exc, HubError) or not exc.retryable or exc.billed != "no":
            return False
        wait_s = exc.retry_after_s
        if wait_s is not None and wait_s > WAIT_MAX_S:
            return False
        if tries < ATTEMPTS:
            tell(
                say(
                    "not accepted ({code}), asking again in {seconds:g} s, as it wishes",
                    code=exc.error_code,
                    seconds=wait_s,
                )
                if wait_s
                else say("not accepted ({code}), asking again shortly", code=exc.error_code)
            )
        return True if wait_s is None else wait_s

    attempts = stamina.retry_context(
        on=is_worth_it, attempts=ATTEMPTS, timeout=None, wait_initial=WAIT_INITIAL_S, wait_max=WAIT_MAX_S
    )
    rounds = aiter(attempts)
    while True:
        with await pause(rounds.__anext__):
            return await send()


async def patiently(
    send: Callable[[], Awaitable[httpx.Response]], is_answer: Callable[[httpx.Response], bool]
) -> httpx.Response:
    """Send what costs nothing, again while the network or the server is unwell; return the last answer.

    A success that is no answer (a proxy's page) counts as unwell.

    Raises:
        httpx.RequestError: If no attempt was answered.
    """
    attempts = stamina.retry_context(
        on=_passes,
        attempts=FREE_ATTEMPTS,
        timeout=None,
        wait_initial=FREE_WAIT_INITIAL_S,
        wait_max=FREE_WAIT_MAX_S,
    )
    try:
        async for attempt in attempts:
            with attempt:
                return _well(await send(), is_answer)
    except _Unwell as exc:
        return exc.response
    raise AssertionError("the last attempt returns or raises")


def log_retries() -> None:
    """Log in this process what is asked again, in place of stamina's own lines, which say neither whom nor why."""
    set_on_retry_hooks([_log])


def is_transient(status: int) -> bool:
    """Say whether a status may pass by itself."""
    return status in {REQUEST_TIMEOUT, TOO_MANY} or status >= SERVER_ERROR


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


class _Unwell(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def _passes(exc: Exception) -> bool | float:
    if isinstance(exc, _Unwell):
        stated = retry_after_s(exc.response.headers.get("retry-after"))
        return True if stated is None else min(stated, FREE_WAIT_MAX_S)
    return isinstance(exc, httpx.RequestError)


def _well(response: httpx.Response, is_answer: Callable[[httpx.Response], bool]) -> httpx.Response:
    if is_transient(response.status_code) or (response.is_success and not is_answer(response)):
        raise _Unwell(response)
    return response


def _log(details: RetryDetails) -> None:
    host, reason = _cause(details.caused_by)
    log.warning("%s: %s; asked again in %.1f s", host, reason, details.wait_for)


def _cause(exc: Exception) -> tuple[str, str]:
    """Return whom we asked, and what came of it."""
    if isinstance(exc, HubError):
        return exc.host, exc.error_code
    if isinstance(exc, _Unwell):
        return exc.response.request.url.host, f"HTTP {exc.response.status_code}"
    return (exc.request.url.host if isinstance(exc, httpx.RequestError) else ""), type(exc).__name__
