"""What `seedream-hub doctor` asks the network: proxies, whether providers answer, the clock. Nothing is billed.

A provider is asked for its base URL without a key: that it answers at all, if only with 404, is what is looked for.
"""

import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import httpx2 as httpx

from seedream_hub.providers.account import LOOPBACK
from seedream_hub.providers.sandbox.server import start_sandbox
from seedream_hub.schemas.errors import SettingsError
from seedream_hub.schemas.language import later, listed, say

from .accounts import SANDBOX, account_of, choose_providers
from .findings import Finding
from .limits_file import load_limits
from .proxies import proxies, proxy_of, shown
from .settings import Settings

WAIT_S: Final = 10
SKEW_S: Final = 60
"""Certificates and signed links bear more, but not much."""

FIRST_FAULT: Final = 500
"""HTTP statuses from here on are the server's own faults."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking."""

    finding: Finding
    ahead_s: float | None = None
    """How far our clock is ahead of theirs."""


async def network(settings: Settings, *, is_offline: bool) -> list[Finding]:
    """Ask every provider at once."""
    try:
        chosen, limits = choose_providers(settings), load_limits(settings.limits_file)
    except SettingsError:
        return []
    if chosen == (SANDBOX,):
        return [await anyio.to_thread.run_sync(_sandbox), *await proxies([], is_offline=is_offline)]
    accounts = [account_of(name, settings, limits) for name in chosen]
    targets = {f"{one.provider}": one.base_url for one in accounts}
    targets |= {f"{one.provider} files": one.files_url for one in accounts if one.files_url}
    between = await proxies(list(targets.values()), is_offline=is_offline)
    if is_offline:
        return [*between, Finding("network", "skip", say("{names} not asked", names=listed(targets)))]
    answers: dict[str, Answer] = {}

    async def ask(name: str, url: str) -> None:
        answers[name] = await _asked(name, url)

    async with anyio.create_task_group() as tasks:
        for name, url in targets.items():
            tasks.start_soon(ask, name, url)
    told = [answers[name] for name in targets]
    return [*between, *(one.finding for one in told), _clock(told)]


def _sandbox() -> Finding:
    """Start it and ask it, as a server would."""
    try:
        sandbox = start_sandbox()
    except OSError as exc:
        told = say("the sandbox cannot listen on 127.0.0.1: {problem}", problem=exc.strerror or exc)
        return Finding("network", "fail", told, say("Allow programs to listen on 127.0.0.1."))
    try:
        httpx.get(sandbox.url, trust_env=False, timeout=WAIT_S)
    except httpx.RequestError as exc:
        told = say("the sandbox cannot be reached on 127.0.0.1: {problem}", problem=type(exc).__name__)
        return Finding("network", "fail", told, say("Allow programs to connect to 127.0.0.1."))
    finally:
        sandbox.stop()
    return Finding("network", "ok", say("the sandbox answers; nobody outside this machine is asked"))


async def _asked(name: str, url: str) -> Answer:
    is_local = urlsplit(url).hostname in LOOPBACK
    began = time.monotonic()
    try:
        async with (
            httpx.AsyncClient(trust_env=not is_local, timeout=WAIT_S, headers={"user-agent": "seedream-hub"}) as http,
            http.stream("GET", url) as response,
        ):
            took_ms = round((time.monotonic() - began) * 1000)
    except (httpx.RequestError, httpx.InvalidURL, ImportError, ValueError, ssl.SSLError) as exc:
        told = say("{name} cannot be reached at {url}: {problem}", name=name, url=url, problem=_problem(exc))
        return Answer(Finding("network", "fail", told, _advice(exc, url)))
    status = response.status_code
    if status >= FIRST_FAULT:
        told = say("{name} answers at {url} with HTTP {status}", name=name, url=url, status=status)
        step = say("It has trouble of its own, or a proxy on the way has: try again later.")
        return Answer(Finding("network", "warn", told, step))
    told = say(
        "{name} answers at {url} in {took} ms (HTTP {status}, as may be: it was asked for nothing, without the key)",
        name=name,
        url=url,
        status=status,
        took=took_ms,
    )
    return Answer(Finding("network", "ok", told), _ahead_s(response.headers.get("date")))


def _ahead_s(date: str | None) -> float | None:
    try:
        return (datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds() if date else None
    except (TypeError, ValueError):
        return None


def _clock(answers: list[Answer]) -> Finding:
    """Hold our clock to those of whoever answered; one of them may be wrong, but not all."""
    ahead = [one.ahead_s for one in answers if one.ahead_s is not None]
    if not ahead:
        return Finding("clock", "skip", say("nobody told the time"))
    off_s = min(ahead, key=abs)
    if abs(off_s) <= SKEW_S:
        return Finding("clock", "ok", say("within {seconds} s of the providers'", seconds=SKEW_S))
    told = say("{seconds:+,.0f} s off the providers'", seconds=off_s)
    step = say("Set it right, best by NTP: certificates and links are refused at the wrong time.")
    return Finding("clock", "fail", told, step)


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


def _problem(exc: Exception) -> str:
    if isinstance(exc, ImportError):
        return say("the proxy cannot be used")
    text = next((str(one) for one in _causes(exc) if str(one)), "")
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__


def _advice(exc: Exception, url: str) -> str:
    host = urlsplit(url).hostname
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in _causes(exc)):
        return say("A proxy that looks inside? Name its certificates in SSL_CERT_FILE. Or the clock is wrong.")
    if isinstance(exc, httpx.ProxyError):
        return say("The proxy refused. Check HTTPS_PROXY, or exempt {host} in NO_PROXY.", host=host)
    if proxy := proxy_of(url):
        between = later("It is asked through the proxy {proxy}. Check that one, or exempt {host} in NO_PROXY.")
        return say(between, proxy=shown(proxy), host=host)
    if host in LOOPBACK:
        return say("Nothing listens there. Start it, or unset the base URL.")
    return say("Check the network; behind a proxy, set HTTPS_PROXY.")
