"""The guard against downloads from where nobody meant: over real sockets, on loopback."""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2 as httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from seedream_hub.providers.guard import (
    Guard,
    RefusedAddress,
    Resolve,
    client_behind,
    follow,
    guarded_client,
    resolve,
)

NAME = "pictures.example.com"
OK = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\npicture"


def moved(location: str) -> str:
    return f"HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


@dataclass
class Site:
    """A server on 127.0.0.1, what it was asked, and whom the client called by TLS."""

    port: int = 0
    heads: list[str] = field(default_factory=list[str])
    names: list[str] = field(default_factory=list[str])

    @property
    def lines(self) -> list[str]:
        return [head.partition("\r\n")[0] for head in self.heads]


@asynccontextmanager
async def serving(answer: Callable[[str], str], context: ssl.SSLContext | None = None) -> AsyncGenerator[Site]:
    site = Site()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        site.heads.append(head)
        writer.write(answer(head.split(" ")[1]).encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
    site.port = server.sockets[0].getsockname()[1]
    if context:
        context.sni_callback = lambda _socket, name, _context: site.names.append(name or "")
    try:
        yield site
    finally:
        server.close()
        await server.wait_closed()


@dataclass
class Resolver:
    """Answers in turn, and remembers what it was asked."""

    answers: list[list[str]]
    asked: list[str] = field(default_factory=list[str])

    async def __call__(self, host: str, _port: int) -> list[str]:
        self.asked.append(host)
        return self.answers.pop(0)


def behind(*answers: list[str], context: ssl.SSLContext | None = None) -> tuple[httpx.AsyncClient, Resolver]:
    """Return a client to which 127.0.0.1 and 127.0.0.3 are the public Internet, over plain http too."""
    resolver = Resolver(list(answers))
    guard = Guard(resolve=resolver, is_public=lambda address: address in {"127.0.0.1", "127.0.0.3"})
    return client_behind(guard, trust_env=False, verify=context or httpx.create_ssl_context()), resolver


def certificates(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context for NAME, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(private + certificate)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=certificate.decode())


HOSTILE = [
    "https://127.1/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://2130706433/",
    "https://0/",
    "https://10.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1]/",
    "https://169.254.169.254/latest/meta-data/",
    "https://localhost/",
    "https://localhost./",
    "https://LOCALHOST/",
    "https://printer.local/",
    "https://metadata.google.internal./",
    "https://router/",
    "https://１２７.0.0.1/",
    "https://127。0。0。1/",
    "https://pictures.example.com@127.0.0.1/",
    "https://me:secret@pictures.example.com/",
    "https://pictures.example.com\\@127.0.0.1/",
    "http://pictures.example.com/",
    "ftp://pictures.example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "https://",
    "https://[::1",
]


@pytest.mark.parametrize("url", HOSTILE)
async def test_a_hostile_address_is_refused_before_anything_is_resolved(url: str) -> None:
    resolver = Resolver([])
    async with client_behind(Guard(resolve=resolver), trust_env=False) as client:
        with pytest.raises(RefusedAddress):
            async with follow(client, url):
                pass
    assert resolver.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1"])
async def test_a_server_on_this_machine_is_refused_and_never_connected_to(host: str) -> None:
    async with (
        serving(lambda _: OK) as site,
        guarded_client(allowed_hosts=frozenset(), allow_private=False, trust_env=False) as client,
    ):
        with pytest.raises(RefusedAddress, match="not a host of the public Internet"):
            await client.get(f"https://{host}:{site.port}/")
    assert site.heads == []


async def test_a_name_that_leads_to_this_machine_is_refused_by_what_it_leads_to() -> None:
    async with serving(lambda _: OK) as site:
        client = client_behind(Guard(resolve=Resolver([["127.0.0.1"]])), trust_env=False)
        async with client:
            with pytest.raises(RefusedAddress, match=r"pictures\.example\.com leads to 127\.0\.0\.1"):
                await client.get(f"https://{NAME}:{site.port}/")
    assert site.heads == []


async def test_an_allowed_host_passes_whatever_its_address_and_scheme() -> None:
    allowed = frozenset({"LocalHost."})
    async with (
        serving(lambda _: OK) as site,
        guarded_client(allowed_hosts=allowed, allow_private=False, trust_env=False) as client,
    ):
        assert (await client.get(f"http://localhost:{site.port}/a")).text == "picture"
        with pytest.raises(RefusedAddress):
            await client.get(f"http://127.0.0.1:{site.port}/b")
    assert site.lines == ["GET /a HTTP/1.1"]


async def test_everything_passes_where_private_addresses_are_allowed() -> None:
    async with (
        serving(lambda _: OK) as site,
        guarded_client(allowed_hosts=frozenset(), allow_private=True, trust_env=False) as client,
    ):
        assert (await client.get(f"http://127.0.0.1:{site.port}/")).text == "picture"


async def test_a_name_is_resolved_once_and_the_address_checked_is_the_one_connected_to(tmp_path: Path) -> None:
    server, trusting = certificates(tmp_path)
    async with serving(lambda _: OK, server) as site:
        client, resolver = behind(["127.0.0.1"], ["127.0.0.2"], context=trusting)
        async with client:
            response = await client.get(f"https://{NAME}:{site.port}/a.jpeg")
            assert (response.text, resolver.asked) == ("picture", [NAME])
            with pytest.raises(RefusedAddress, match=r"leads to 127\.0\.0\.2"):
                await client.get(f"https://{NAME}:{site.port}/b.jpeg")
    assert site.names == [NAME]
    (head,) = site.heads
    assert f"\r\nhost: {NAME}:{site.port}\r\n" in head.lower()


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    server, trusting = certificates(tmp_path)
    async with serving(lambda _: OK, server) as site:
        client, _ = behind(["127.0.0.1"], context=trusting)
        async with client:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await client.get(f"https://other.example.com:{site.port}/")


async def test_one_private_address_among_several_is_enough_to_refuse() -> None:
    client, _ = behind(["127.0.0.1", "10.0.0.1"])
    async with client:
        with pytest.raises(RefusedAddress, match=r"leads to 10\.0\.0\.1"):
            await client.get(f"https://{NAME}/")


async def test_the_next_address_is_tried_where_the_first_does_not_answer(tmp_path: Path) -> None:
    server, trusting = certificates(tmp_path)
    async with serving(lambda _: OK, server) as site:
        client, _ = behind(["127.0.0.3", "127.0.0.1"], context=trusting)
        async with client:
            assert (await client.get(f"https://{NAME}:{site.port}/")).text == "picture"


async def not_found(host: str, _port: int) -> list[str]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


async def found_nothing(host: str, _port: int) -> list[str]:
    return []


@pytest.mark.parametrize("answer", [not_found, found_nothing, resolve])
async def test_a_name_without_an_address_is_a_failure_to_connect_not_a_refusal(answer: Resolve) -> None:
    async with client_behind(Guard(resolve=answer), trust_env=False) as client:
        with pytest.raises(httpx.ConnectError) as caught:
            await client.get(f"https://{'a' * 70}.example.com/")
    assert not isinstance(caught.value, RefusedAddress)


async def test_redirects_are_not_followed_unasked() -> None:
    async with (
        serving(lambda _: moved("https://elsewhere.example.com/")) as site,
        guarded_client(allowed_hosts=frozenset({"127.0.0.1"}), allow_private=False, trust_env=False) as client,
    ):
        assert (await client.get(f"http://127.0.0.1:{site.port}/")).status_code == 302


@pytest.mark.parametrize(
    "location",
    [
        "http://localhost:{port}/secret",
        "https://localhost:{port}/secret",
        "https://169.254.169.254/",
        "//10.0.0.1/",
        "http://pictures.example.com/",
        "https://me:secret@pictures.example.com/",
        "file:///etc/passwd",
    ],
)
async def test_a_redirect_from_an_allowed_host_to_a_private_one_is_refused(location: str) -> None:
    def answer(_: str) -> str:
        return moved(location.format(port=site.port))

    async with (
        serving(answer) as site,
        guarded_client(allowed_hosts=frozenset({"127.0.0.1"}), allow_private=False, trust_env=False) as client,
    ):
        with pytest.raises(RefusedAddress):
            async with follow(client, f"http://127.0.0.1:{site.port}/start"):
                pass
    assert site.lines == ["GET /start HTTP/1.1"]


@pytest.mark.parametrize(("redirects", "works"), [(0, True), (3, True), (4, False)])
async def test_at_most_three_redirects_are_followed(redirects: int, works: bool) -> None:
    def answer(path: str) -> str:
        left = int(path[1:])
        return moved(f"/{left - 1}") if left else OK

    async with (
        serving(answer) as site,
        guarded_client(allowed_hosts=frozenset({"127.0.0.1"}), allow_private=False, trust_env=False) as client,
    ):
        url = f"http://127.0.0.1:{site.port}/{redirects}"
        if works:
            async with follow(client, url) as response:
                assert await response.aread() == b"picture"
        else:
            with pytest.raises(httpx.TooManyRedirects):
                async with follow(client, url):
                    pass
    assert len(site.heads) == min(redirects, 3) + 1


async def test_the_authorization_header_is_never_sent_on() -> None:
    def answer(path: str) -> str:
        return OK if path == "/end" else moved("/end")

    headers = {"authorization": "Bearer sk-secret", "user-agent": "seedream-hub"}
    guard = Guard(frozenset({"127.0.0.1"}))
    async with (
        serving(answer) as site,
        client_behind(guard, trust_env=False, headers=headers) as client,
        follow(client, f"http://127.0.0.1:{site.port}/start") as response,
    ):
        assert response.status_code == 200
    first, second = (head.lower() for head in site.heads)
    assert "sk-secret" in first
    assert "authorization" not in second
    assert "user-agent: seedream-hub" in second
