"""What `seedream-hub doctor` found out about one thing."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

State: TypeAlias = Literal["ok", "warn", "fail", "skip"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A thing that was looked at."""

    name: str
    state: State
    message: str
    next_step: str = ""
    """What to do about it."""
