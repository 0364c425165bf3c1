"""Object stores nobody here wrote, on real sockets: moto keeps names apart as S3 does, rclone checks signatures."""

import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import httpx2 as httpx

from tests.judge import python_of
from tests.sandboxed import within_ten_seconds

KEY, SECRET = "AKIATESTSTESTSTESTST", "not-a-secret-of-anybody"
NAME = "pictures"
SIGNED = "AWS4-HMAC-SHA256 Credential=x/20261121/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
"""Moto wants a signature, and does not look at it."""

FACTS = ("content-type", "x-amz-meta-image", "x-amz-meta-sha256")


@dataclass(frozen=True)
class Bucket:
    """A bucket over plain HTTP."""

    endpoint: str

    def environment(self, secret: str = SECRET) -> dict[str, str]:
        """Return what leads obstore here."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": secret,
        }

    def put(self, key: str, content: bytes, **metadata: str) -> None:
        headers = {f"x-amz-meta-{name}": value for name, value in metadata.items()}
        self._ask("PUT", f"/{key}", content, headers)

    def drop(self, key: str) -> None:
        self._ask("DELETE", f"/{key}")

    def get(self, key: str) -> tuple[bytes, dict[str, str]]:
        """Return an object's bytes, and what is told of it."""
        answer = self._ask("GET", f"/{key}")
        return answer.content, {name: answer.headers.get(name, "") for name in FACTS}

    def listed(self) -> list[str]:
        tree = ElementTree.fromstring(self._ask("GET", "?list-type=2").text)
        return [key.text or "" for key in tree.iterfind(".//{*}Contents/{*}Key")]

    def remove(self) -> None:
        """Take the bucket away, with all that is in it."""
        for key in self.listed():
            self.drop(key)
        self._ask("DELETE")

    def _ask(
        self, method: str, path: str = "", content: bytes = b"", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        signed = {"authorization": SIGNED, **(headers or {})}
        answer = httpx.request(method, f"{self.endpoint}/{NAME}{path}", content=content, headers=signed)
        return answer.raise_for_status()


@contextmanager
def moto() -> Generator[Bucket]:
    """Run moto's server with one bucket."""
    port = _free_port()
    command = [python_of("buckets").with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with _running(command, port) as endpoint:
        httpx.put(f"{endpoint}/{NAME}").raise_for_status()
        yield Bucket(endpoint)


@contextmanager
def rclone(folder: Path) -> Generator[Bucket]:
    """Run rclone over a folder, with one bucket."""
    (folder / NAME).mkdir(parents=True)
    port = _free_port()
    program = python_of("buckets").with_name("rclone")
    command = [program, "serve", "s3", "--auth-key", f"{KEY},{SECRET}", "--addr", f"127.0.0.1:{port}", folder]
    with _running(command, port) as endpoint:
        yield Bucket(endpoint)


@contextmanager
def _running(command: list[str | Path], port: int) -> Generator[str]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            within_ten_seconds(lambda: _listens(port))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
