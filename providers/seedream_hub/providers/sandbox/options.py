"""Hold the settings of one sandbox."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

DEFAULT_API_KEY: Final = "sandbox-key"


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Set up a sandbox.

    `delay_s` is the time in seconds the "model" takes for each picture, on top of the drawing itself; `port` 0
    takes a free one; `clock` returns seconds since the epoch and decides when links expire.
    `allow_loopback_callbacks` lets a callback go to `http://127.0.0.1`, for tests; without it the addresses are
    public https ones, as the documents say, and aigc.it's are checked but not called.
    `is_ready` draws one picture of each size and kind and hands it out ever after, so that a measurement of a client
    does not measure the drawing.
    """

    api_key: str = field(default=DEFAULT_API_KEY, repr=False)
    delay_s: float = 0.0
    port: int = 0
    clock: Callable[[], float] = time.time
    allow_loopback_callbacks: bool = False
    is_ready: bool = False
