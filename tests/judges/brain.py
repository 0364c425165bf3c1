"""What the model of an agent does here, in every framework alike: call the tools, and judge what comes back.

A framework hands its model the tools and, after each turn, what the calls returned; the frameworks differ in the form
of both. A driver turns that form into `Received`, and this script decides the next calls. It knows of the server only
what a model is told: the tools and their results.
"""

import base64
import json
import re
import sys
import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

TOOLS: Final = {
    "generate_image",
    "edit_image",
    "fuse_images",
    "batch_images",
    "start_job",
    "get_job",
    "cancel_job",
    "find_images",
}
MOST_CHARACTERS: Final = 150_000
"""The smallest cap on a tool's result that a client is known to have."""

STATUS: Final = re.compile(r"(?:^|\"status\": ?\")(running|completed|partial|failed|cancelled)\b")
JOB_ID: Final = re.compile(r"(?:\(job |\"job_id\": ?\")([a-z2-7]{16})\b")
IMAGE_ID: Final = re.compile(r"[a-z2-7]{16}-\d+")
PATH: Final = re.compile(r"/[^\s\",]+\.jpg")
ERROR: Final = re.compile("error|timed out", re.IGNORECASE)

Call: TypeAlias = tuple[str, dict[str, Any]]

QUICK: Final[dict[str, Any]] = {"model": "seedream-4.0", "size": "1K", "provider": "ark"}
LONG_S: Final = 5
SLOW: Final[dict[str, Any]] = {**QUICK, "provider": "byteplus"}


@dataclass(frozen=True)
class Received:
    """What the model got for one call: the text, the pictures, and whether it was told that the call failed."""

    text: str
    pictures: list[bytes] = field(default_factory=list[bytes])
    is_error: bool | None = False
    """None where the framework marks no errors: the model has the text alone."""
    raw: str = ""
    """All of it, as the framework would send it to the model's API."""


@dataclass(frozen=True)
class Connection:
    """How to reach the server, from the command line: `{"command", "env"}` or `{"url"}`."""

    command: str = ""
    env: dict[str, str] = field(default_factory=dict[str, str])
    url: str = ""


class Brain:
    """The model's decisions, and what it found."""

    def __init__(self, *, stops_waiting: bool) -> None:
        self.checks: list[dict[str, str]] = []
        self._stops_waiting = stops_waiting
        self._turns = self._script()
        self._is_begun = False
        self._revision = ""

    def check(self, name: str, is_met: bool, problem: object = "it is not so") -> None:
        """Note one finding."""
        self.checks.append({"name": name, "problem": "" if is_met else str(problem)[:1000] or "nothing came"})

    def tools(self, names: Iterable[str]) -> None:
        """Look at the tools the model was handed."""
        if not self._is_begun:
            named = set(names)
            self.check("the model is handed the eight tools", named == TOOLS, sorted(named ^ TOOLS))

    def next_calls(self, received: list[Received]) -> list[Call]:
        """Return the next calls, made side by side; none when all is done."""
        try:
            if self._is_begun:
                return self._turns.send(received)
            self._is_begun = True
            return next(self._turns)
        except StopIteration:
            return []

    def negotiated(self, revision: str) -> None:
        """Note the protocol revision the client and the server agreed on."""
        self._revision = revision

    def report(self) -> None:
        """Print the findings."""
        print(json.dumps({"revision": self._revision, "checks": self.checks}))

    def _script(self) -> Generator[list[Call], list[Received], None]:
        (fox,) = yield [("generate_image", {**QUICK, "prompt": "A red fox in fresh snow"})]
        self._look_at_a_picture(fox)
        (refused,) = yield [("generate_image", {**QUICK, "prompt": "A red fox", "size": "9x9"})]
        is_told = refused.is_error is not False and "nearest legal" in refused.text
        self.check("a bad argument is an error that says what works", is_told, refused)
        yield from self._take_longer()

    def _look_at_a_picture(self, fox: Received) -> None:
        self.check("a call tells the path and id of a picture", _saved(fox) == 1, fox.text)
        is_jpeg = [picture.startswith(b"\xff\xd8\xff") for picture in fox.pictures]
        self.check("the model sees the picture as an image", is_jpeg == [True], (fox.raw or fox.text)[:400])
        is_small = 0 < len(fox.raw) < MOST_CHARACTERS
        self.check("all of it is below 150,000 characters", is_small, len(fox.raw))

    def _take_longer(self) -> Generator[list[Call], list[Received], None]:
        """Follow a job that takes 6 s, and beside it wait for two calls that do; one of them can be repeated."""
        owls = [{**SLOW, "prompt": f"An owl at dusk, number {number}"} for number in (1, 2)]
        heron = ("generate_image", {**SLOW, "prompt": "A heron by a lake"})
        stork = ("generate_image", {**SLOW, "prompt": "A stork on a roof", "request_key": "stork"})
        began = time.monotonic()
        (job,) = yield [("start_job", {"requests": owls})]
        look = ("get_job", {"job_id": _job_id(job), "wait_s": 3})
        self.check("start_job answers at once", _status(job) == "running" and _second(began) < LONG_S, job.text)
        job, *waited = yield [look, heron, stork]
        self._look_at_long_calls(waited)
        while _status(job) == "running":
            (job,) = yield [look]
        is_whole = _status(job) == "completed" and _saved(job) == len(owls)
        self.check("get_job follows the job to its end", is_whole and _second(began) > LONG_S, job.text)
        (again,) = yield [stork]
        self.check("the same request_key brings the picture of a long call", _saved(again) == 1, again.text)
        (found,) = yield [("find_images", {"text": "heron"})]
        self.check("find_images brings the one of the other", _saved(found) == 1, found.text)

    def _look_at_long_calls(self, waited: list[Received]) -> None:
        told = [one.text for one in waited]
        if self._stops_waiting:
            are_errors = all(one.is_error is not False and ERROR.search(one.text) for one in waited)
            self.check("a call of which the client tires ends in an error that the model reads", are_errors, told)
        else:
            self.check("calls that take longer are waited for", list(map(_saved, waited)) == [1, 1], told)


def _second(began: float) -> float:
    return time.monotonic() - began


def _status(seen: Received) -> str:
    """Read the status from the text of a result, or from its structured content where the model has that instead."""
    return "".join(STATUS.findall(seen.text)[:1])


def _job_id(seen: Received) -> str:
    return "".join(JOB_ID.findall(seen.text)[:1])


def _saved(seen: Received) -> int:
    """Count the pictures that are told of with their id, and are where they are told to be."""
    return sum(IMAGE_ID.search(path) is not None and Path(path).is_file() for path in set(PATH.findall(seen.text)))


def connection() -> Connection:
    """Return how the server is reached."""
    return Connection(**json.loads(sys.argv[1]))


def decoded(data: str) -> bytes:
    """Return the bytes of Base64, or of a data URL."""
    return base64.b64decode(data.rpartition(",")[2])
