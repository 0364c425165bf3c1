"""A client for addresses that somebody else chose: it connects to the public Internet and nowhere else.

A host is resolved once, every address it has is checked, and the connection goes to a checked address, so that a
name cannot be checked as one machine and reached as another. Where the system's settings put a proxy in between,
the proxy resolves; there the URL alone is checked.
"""

import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypedDict, Unpack

import anyio
import httpcore2
import httpx2 as httpx
from httpx2._utils import get_environment_proxies  # one reading of NO_PROXY in all our clients; no public name yet

from seedream_hub.schemas.addresses import is_internal, is_public, plain_host
from seedream_hub.schemas.language import later, say, sentences

from .guarded_transport import Checked, Direct
from .tls import trusted

MAX_REDIRECTS: Final = 3
ALLOWED_BY: Final = later("SEEDREAM_ALLOW_PRIVATE_HOSTS=1 lets it pass.")

Resolve = Callable[[str, int], Awaitable[list[str]]]


class RefusedAddress(httpx.ConnectError):
    """The URL leads somewhere the hub does not go. Nothing was sent."""


class ClientOptions(TypedDict, total=False):
    """What else a guarded client takes."""

    timeout: httpx.Timeout
    limits: httpx.Limits
    headers: dict[str, str]
    verify: ssl.SSLContext


async def resolve(host: str, port: int) -> list[str]:
    """Return every address of a host, in the system's order."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Guard:
    """What may be reached: the public Internet over https, and the hosts the user named."""

    allowed_hosts: frozenset[str] = frozenset()
    allow_private: bool = False
    resolve: Resolve = resolve
    is_public: Callable[[str], bool] = is_public

    def lets_pass(self, host: str) -> bool:
        """Say whether a host goes unchecked."""
        return self.allow_private or plain_host(host) in {plain_host(allowed) for allowed in self.allowed_hosts}

    def check(self, url: httpx.URL) -> None:
        """Check a URL by what it says, before anything is resolved.

        Raises:
            RefusedAddress: If it is not https, carries a user name, or names an internal host.
        """
        if url.scheme not in {"http", "https"}:
            raise RefusedAddress(say("The link is no http or https address of a host."))
        if self.lets_pass(url.host):
            return
        if url.userinfo:
            raise RefusedAddress(say("The address of {host} carries a user name.", host=url.host))
        if url.scheme != "https":
            told = say("{address} is not https.", address=f"{url.scheme}://{url.host}")
            raise RefusedAddress(sentences(told, say(ALLOWED_BY)))
        if is_internal(url.host):
            told = say("{host} is not a host of the public Internet.", host=url.host)
            raise RefusedAddress(sentences(told, say(ALLOWED_BY)))

    async def addresses(self, host: str, port: int) -> list[str]:
        """Resolve a host, once.

        Raises:
            RefusedAddress: If any of its addresses is not public.
            httpcore2.ConnectError: If it has none.
        """
        try:
            found = await self.resolve(host, port)
        except (OSError, UnicodeError) as exc:
            raise httpcore2.ConnectError(say("{host} cannot be resolved: {reason}", host=host, reason=exc)) from exc
        if not found:
            raise httpcore2.ConnectError(say("{host} has no address.", host=host))
        if refused := next((address for address in found if not self.is_public(address)), None):
            told = say(
                "{host} leads to {address}, which is not an address of the public Internet.",
                host=host,
                address=refused,
            )
            raise RefusedAddress(sentences(told, say(ALLOWED_BY)))
        return found


def guarded_client(
    *, allowed_hosts: frozenset[str], allow_private: bool, trust_env: bool, **options: Unpack[ClientOptions]
) -> httpx.AsyncClient:
    """Return a client that refuses what is not public; `allowed_hosts` pass, and with `allow_private` everything."""
    return client_behind(Guard(allowed_hosts, allow_private), trust_env=trust_env, **options)


def client_behind(guard: Guard, *, trust_env: bool, **options: Unpack[ClientOptions]) -> httpx.AsyncClient:
    """Return a client behind a guard: direct where no proxy of the system's applies, else through it."""
    limits = options.get("limits", httpx.Limits())
    context = options.get("verify") or trusted(trust_env=trust_env)

    def through(proxy: str) -> Checked:
        return Checked(guard, httpx.AsyncHTTPTransport(verify=context, limits=limits, proxy=proxy))

    proxies = get_environment_proxies() if trust_env else {}
    return httpx.AsyncClient(
        transport=Checked(guard, Direct(guard, context, limits)),
        mounts={pattern: through(proxy) if proxy else None for pattern, proxy in proxies.items()},
        headers=options.get("headers"),
        timeout=options.get("timeout", httpx.Timeout(5)),
        follow_redirects=False,
        trust_env=trust_env,
    )


@asynccontextmanager
async def follow(
    client: httpx.AsyncClient, url: str, headers: Mapping[str, str] | None = None
) -> AsyncGenerator[httpx.Response]:
    """Stream what is behind a URL, through at most three redirects; the client checks each hop.

    Neither the Authorization header nor cookies go along to the next hop.

    Raises:
        RefusedAddress: If a hop leads where the client does not go, or cannot be read.
        httpx.TooManyRedirects: If there are more.
    """
    response = await _get(client, url, headers)
    try:
        for _ in range(MAX_REDIRECTS):
            if response.next_request is None:
                break
            await response.aclose()
            response = await _get(client, response.next_request.url, headers, without=("authorization", "cookie"))
        if response.next_request is not None:
            told = say("More than {most} redirects.", most=MAX_REDIRECTS)
            raise httpx.TooManyRedirects(told, request=response.request)
        yield response
    finally:
        await response.aclose()


async def _get(
    client: httpx.AsyncClient,
    url: httpx.URL | str,
    headers: Mapping[str, str] | None = None,
    without: tuple[str, ...] = (),
) -> httpx.Response:
    try:
        request = client.build_request("GET", url, headers=headers)
    except httpx.InvalidURL as exc:
        raise RefusedAddress(say("The address cannot be read: {reason}", reason=exc)) from exc
    for header in without:
        request.headers.pop(header, None)
    return await client.send(request, stream=True, auth=None)
