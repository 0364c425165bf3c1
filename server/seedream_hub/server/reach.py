"""What `seedream-hub doctor` asks the network: proxies, whether providers answer, the clock. Nothing is billed.

A provider is asked for its base URL without a key: that it answers at all, if only with 404, is what is looked for.
"""

import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies

import anyio
import anyio.to_thread
import httpx2 as httpx

from seedream_hub.providers.account import LOOPBACK
from seedream_hub.providers.sandbox.server import start_sandbox
from seedream_hub.schemas.errors import SettingsError
from seedream_hub.schemas.language import listed, say

from .accounts import SANDBOX, account_of, choose_providers
from .findings import Finding
from .limits_file import load_limits
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
        return [await anyio.to_thread.run_sync(_sandbox), *_proxies([])]
    accounts = [account_of(name, settings, limits) for name in chosen]
    targets = {f"{one.provider}": one.base_url for one in accounts}
    targets |= {f"{one.provider} files": one.files_url for one in accounts if one.files_url}
    if is_offline:
        names = listed(targets)
        return [*_proxies(list(targets.values())), Finding("network", "skip", say("{names} not asked", names=names))]
    answers: dict[str, Answer] = {}

    async def ask(name: str, url: str) -> None:
        answers[name] = await _asked(name, url)

    async with anyio.create_task_group() as tasks:
        for name, url in targets.items():
            tasks.start_soon(ask, name, url)
    told = [answers[name] for name in targets]
    return [*_proxies(list(targets.values())), *(one.finding for one in told), _clock(told)]


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


def _proxies(urls: list[str]) -> Iterator[Finding]:
    """Say which proxies the environment names, without the passwords in them."""
    is_outside = any(urlsplit(url).hostname not in LOOPBACK for url in urls)
    used = {kind: proxy for kind, proxy in getproxies().items() if kind in {"http", "https", "all"}}
    if not used or not is_outside:
        yield Finding("proxy", "ok", say("none is used"))
        return
    shown = listed(f"{kind} {_shown(proxy)}" for kind, proxy in sorted(used.items()))
    told = say("{proxies}, from the environment or the system", proxies=shown)
    if any(proxy.startswith("socks") for proxy in used.values()) and find_spec("socksio") is None:
        step = say("A SOCKS proxy needs the package socksio beside seedream-hub: install it, or name an HTTP proxy.")
        yield Finding("proxy", "fail", told, step)
        return
    yield Finding("proxy", "ok", told)


def _shown(proxy: str) -> str:
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


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
    told = say(
        "{name} answers at {url} ({status} in {took} ms, asked without a key)",
        name=name,
        url=url,
        status=response.status_code,
        took=took_ms,
    )
    if response.status_code >= FIRST_FAULT:
        step = say("It has trouble of its own, or a proxy on the way has: try again later.")
        return Answer(Finding("network", "warn", told, step))
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
    text = next((str(one) for one in _causes(exc) if str(one)), "")
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__


def _advice(exc: Exception, url: str) -> str:
    host = urlsplit(url).hostname
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in _causes(exc)):
        return say("A proxy that looks inside? Name its certificates in SSL_CERT_FILE. Or the clock is wrong.")
    if isinstance(exc, httpx.ProxyError):
        return say("The proxy refused. Check HTTPS_PROXY, or exempt {host} in NO_PROXY.", host=host)
    if host in LOOPBACK:
        return say("Nothing listens there. Start it, or unset the base URL.")
    return say("Check the network; behind a proxy, set HTTPS_PROXY.")
