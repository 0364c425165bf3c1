"""The guard behind a proxy of the system's: HTTP and SOCKS5, over real sockets, on loopback."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2 as httpx
import pytest

from seedream_hub.providers.guard import Guard, RefusedAddress, client_behind, follow, guarded_client
from tests.test_guard import HOSTILE, NAME, OK, Resolver, Site, serving


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("no_proxy")
async def test_the_systems_proxy_is_used_and_resolves_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    resolver = Resolver([])
    async with serving(lambda target: OK if target.startswith("http:") else refusal) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        guard = Guard(frozenset({"gateway.example.com"}), resolve=resolver)
        async with client_behind(guard, trust_env=True) as client:
            assert (await client.get("http://gateway.example.com/a")).text == "picture"
            with pytest.raises(httpx.ProxyError):
                await client.get(f"https://{NAME}/b")
    assert proxy.lines == ["GET http://gateway.example.com/a HTTP/1.1", f"CONNECT {NAME}:443 HTTP/1.1"]
    assert resolver.asked == []


@asynccontextmanager
async def socks5(site: Site, names: list[str]) -> AsyncGenerator[int]:
    """Run a SOCKS5 proxy (RFC 1928) to which every name is one site's; return its port."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        assert await reader.readexactly(4) == b"\x05\x01\x00\x03"
        (length,) = await reader.readexactly(1)
        names.append((await reader.readexactly(length)).decode())
        await reader.readexactly(2)
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        theirs, ours = await asyncio.open_connection("127.0.0.1", site.port)
        await asyncio.gather(pass_on(reader, ours), pass_on(theirs, writer))

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.usefixtures("no_proxy")
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_a_socks_proxy_is_used_and_resolves_the_names(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    names = list[str]()
    async with serving(lambda _: OK) as site, socks5(site, names) as port:
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{port}")
        guard = Guard(frozenset({"gateway.example.com"}), resolve=Resolver([]))
        async with client_behind(guard, trust_env=True) as client:
            assert (await client.get("http://gateway.example.com/a")).text == "picture"
    assert (site.lines, names) == (["GET /a HTTP/1.1"], ["gateway.example.com"])


@pytest.mark.usefixtures("no_proxy")
@pytest.mark.parametrize("url", HOSTILE)
async def test_a_hostile_address_is_refused_before_a_proxy_hears_of_it(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    async with serving(lambda _: OK) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        client = guarded_client(allowed_hosts=frozenset(), allow_private=False, trust_env=True)
        async with client:
            with pytest.raises(RefusedAddress):
                async with follow(client, url):
                    pass
    assert proxy.heads == []


@pytest.mark.usefixtures("no_proxy")
async def test_what_no_proxy_names_goes_direct_and_is_checked_there(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(lambda _: OK) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", NAME)
        async with client_behind(Guard(resolve=Resolver([["10.0.0.1"]])), trust_env=True) as client:
            with pytest.raises(RefusedAddress, match=r"leads to 10\.0\.0\.1"):
                await client.get(f"https://{NAME}/")
    assert proxy.heads == []


@pytest.mark.usefixtures("no_proxy")
async def test_the_systems_proxy_is_left_alone_where_the_environment_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(lambda _: OK) as proxy, serving(lambda _: OK) as site:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        client = guarded_client(allowed_hosts=frozenset({"127.0.0.1"}), allow_private=False, trust_env=False)
        async with client:
            await client.get(f"http://127.0.0.1:{site.port}/")
    assert (len(proxy.heads), len(site.heads)) == (0, 1)
