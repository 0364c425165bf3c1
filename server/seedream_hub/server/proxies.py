"""What `seedream-hub doctor` finds out about proxies: which are named, and whether those that matter can be used."""

from typing import Final
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

import anyio

from seedream_hub.providers.account import LOOPBACK
from seedream_hub.schemas.language import later, listed, say

from .findings import Finding

WAIT_S: Final = 5
PORTS: Final = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}

INSTEAD: Final = later("Start it, name another in {variable}, or unset that.")


async def proxies(urls: list[str], *, is_offline: bool) -> list[Finding]:
    """Say which proxies the environment names, without the passwords in them; those in use are connected to."""
    named = {kind: proxy for kind, proxy in getproxies().items() if kind in {"http", "https", "all"}}
    if not named or all(urlsplit(url).hostname in LOOPBACK for url in urls):
        return [Finding("proxy", "ok", say("none is used"))]
    all_shown = listed(f"{kind} {shown(proxy)}" for kind, proxy in sorted(named.items()))
    told = say("{proxies}, from the environment or the system", proxies=all_shown)
    used = sorted({proxy for url in urls if (proxy := proxy_of(url))})
    troubles = [one for proxy in used for one in await _trouble(proxy, is_offline=is_offline)]
    return troubles or [Finding("proxy", "ok", told)]


def proxy_of(url: str) -> str | None:
    """Return the proxy an address is asked through."""
    parts, named = urlsplit(url), getproxies()
    host = parts.hostname or ""
    is_direct = host in LOOPBACK or proxy_bypass(host)
    return None if is_direct else named.get(parts.scheme) or named.get("all")


def shown(proxy: str) -> str:
    """Return a proxy's address without the password in it."""
    parts = _split(proxy)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _split(proxy: str) -> SplitResult:
    return urlsplit(proxy if "://" in proxy else f"http://{proxy}")


async def _trouble(proxy: str, *, is_offline: bool) -> list[Finding]:
    """Say what keeps a proxy from being used."""
    parts = _split(proxy)
    variable = next((f"{kind.upper()}_PROXY" for kind, one in sorted(getproxies().items()) if one == proxy), "")
    if parts.scheme not in PORTS or not parts.hostname or not (port := _port(parts)):
        told = say("{proxy} is no address of a proxy", proxy=shown(proxy))
        return [
            Finding("proxy", "fail", told, say("For example {variable}=http://127.0.0.1:8080", variable=variable))
        ]
    if is_offline:
        return []
    try:
        with anyio.fail_after(WAIT_S):
            await (await anyio.connect_tcp(parts.hostname, port)).aclose()
    except OSError:  # TimeoutError is one
        told = say("the proxy at {proxy} does not answer", proxy=shown(proxy))
        return [Finding("proxy", "fail", told, say(INSTEAD, variable=variable))]
    return []


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return None
