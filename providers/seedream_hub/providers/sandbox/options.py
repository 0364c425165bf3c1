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
    """

    api_key: str = field(default=DEFAULT_API_KEY, repr=False)
    delay_s: float = 0.0
    port: int = 0
    clock: Callable[[], float] = time.time
