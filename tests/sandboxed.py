"""A running sandbox with a client for every dialect, for the tests that speak to it."""

import base64
import io
import json
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import httpx2 as httpx
from PIL import Image

from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from seedream_hub.providers.tls import trusted

T = TypeVar("T")

PATHS = {
    "ark": "/images/generations",
    "relay": "/images/generations",
    "aigc": "/images/generations",
    "novita": "/v3/seedream-4.0",
    "evolink": "/v1/images/generations",
}
BODIES: dict[str, dict[str, object]] = {
    "ark": {"model": "doubao-seedream-4-0-250828", "prompt": "a cat", "size": "1280x720"},
    "relay": {"model": "doubao-seedream-4-0-250828", "prompt": "a cat", "size": "1K"},
    "aigc": {"model": "seedream-4.5", "prompt": "a cat", "size": "320x240"},
    "novita": {"prompt": "a cat", "size": "1K"},
    "evolink": {"model": "doubao-seedream-4.0", "prompt": "a cat", "quality": "1K"},
}
GROUP, MOST = "sequential_image_generation", "sequential_image_generation_options"
SETS: dict[str, dict[str, object]] = {
    "ark": {"prompt": "3 images of a cat", GROUP: "auto"},
    "relay": {"prompt": "3 images of a cat", GROUP: "auto"},
    "aigc": {"prompt": "3 images of a cat", GROUP: "auto"},
    "novita": {"prompt": "3 images of a cat", GROUP: "auto"},
    "evolink": {"n": 3},
}


@dataclass
class Clock:
    now: float = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Bench:
    sandbox: Sandbox
    http: httpx.Client
    clock: Clock

    def ask(self, dialect: str, path: str = "", /, **fields: object) -> httpx.Response:
        url = self.sandbox.base_urls[dialect] + (path or PATHS[dialect])
        return self.http.post(url, json={**BODIES[dialect], **fields})

    def draw(self, dialect: str, path: str = "", /, **fields: object) -> Any:
        answer = self.ask(dialect, path, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def poll(self, task: Any) -> httpx.Response:
        return self.http.get(f"{self.sandbox.base_urls['evolink']}/v1/tasks/{task['id']}")

    def finished(self, task: Any) -> Any:
        """Ask after a task, as often as it says, until it is over."""

        def over() -> Any:
            answer = self.poll(task)
            return answer.json() if answer.json()["status"] in {"completed", "failed"} else None

        return within_ten_seconds(over)

    def upload(self, path: str, **sent: Any) -> httpx.Response:
        return self.http.post(f"{self.sandbox.base_urls['evolink_files']}/api/v1/files/upload/{path}", **sent)

    def script(self, fault: str, **parameters: object) -> None:
        answer = self.http.post(f"{self.sandbox.url}/admin/faults", json={"fault": fault, **parameters})
        assert answer.status_code == 200, answer.text

    def faults(self) -> Any:
        return self.http.get(f"{self.sandbox.url}/admin/faults").json()["faults"]

    def ledger(self) -> Any:
        return self.http.get(f"{self.sandbox.url}/admin/ledger").json()

    def billed(self) -> int:
        return self.ledger()["billed_images"]

    def settled(self) -> int:
        """Return what was billed once nothing is under way any more."""
        within_ten_seconds(lambda: not self.ledger()["under_way"])
        return self.billed()

    def last_row(self) -> Any:
        return self.ledger()["requests"][-1]


class Reachable(Protocol):
    """A sandbox, however it was started."""

    @property
    def base_urls(self) -> dict[str, str]: ...

    @property
    def api_key(self) -> str: ...


def configured(at: Reachable, *providers: str) -> dict[str, Any]:
    """Return the settings of a server whose providers are all this sandbox."""
    settings = {f"{name}_api_key": at.api_key for name in providers}
    settings |= {f"{name}_base_url": at.base_urls[name] for name in providers}
    return settings | ({"evolink_files_base_url": at.base_urls["evolink_files"]} if "evolink" in providers else {})


@contextmanager
def running(*, is_ready: bool = True, **options: Any) -> Generator[Bench]:
    """Run a sandbox; unless `is_ready` is false, all its pictures of one size are the same."""
    clock = Clock()
    sandbox = start_sandbox(SandboxOptions(clock=clock, is_ready=is_ready, **options))
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    try:
        with httpx.Client(headers=headers, timeout=60, verify=trusted(trust_env=False)) as http:
            yield Bench(sandbox, http, clock)
    finally:
        sandbox.stop()


def within_ten_seconds(look: Callable[[], T]) -> T:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if seen := look():
            return seen
    raise AssertionError("nothing came within ten seconds")


def picture(size: tuple[int, int] = (64, 64), kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, 128).save(buffer, kind)
    return buffer.getvalue()


def data_uri(content: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def events_of(answer: httpx.Response) -> list[tuple[str, Any]]:
    """Read a stream of one-line events, without the last `[DONE]`."""
    *events, done, rest = answer.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    pairs = (event.split("\n") for event in events)
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in pairs]
