"""When an account's next pictures may be asked for, so that no minute ever sees more than the limit.

A picture takes `60 / (0.9 × limit)` seconds of the account's time, whoever asks (a one-row reservation, GCRA).
The tenth of the limit that is left bounds how much may come at once: a request for more must have had as many seconds
free before it as it has too many. So every 60 seconds see at most the limit, of whatever mix of requests, unless a
single request is for more.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, Self

MINUTE_S: Final = 60.0
SHARE: Final = 0.9
"""The part of the limit that is used in the long run."""

BURST_IMAGES: Final = 5
"""How many pictures' time is kept at most when it was not used."""

FARTHEST_S: Final = 60.0
"""A longer Retry-After is cut to this, as the retries cut it: who asks then hears the provider's own words."""


class Outlook(NamedTuple):
    """What who asks now has before them."""

    wait_s: float
    is_closed: bool
    """Whether the provider wants to hear of nobody, for a while."""


class Standing(NamedTuple):
    """How an account stands, in seconds since the epoch."""

    free_at: float = 0.0
    """Until then its time is taken."""
    closed_until: float = 0.0
    """Before that the provider wants to hear of nobody."""
    seen_at: float = 0.0
    """When this was written."""

    def at(self, now: float) -> Self:
        """Return it as it stands now; what lies ahead still lies as far ahead after the clock was set back."""
        back = max(0.0, self.seen_at - now)
        return self._replace(free_at=self.free_at - back, closed_until=self.closed_until - back, seen_at=now)

    def outlook(self, now: float) -> Outlook:
        """Return how long its time is taken, and why."""
        own = self.at(now)
        return Outlook(max(0.0, own.free_at - now), own.closed_until > now)

    def pushed_back(self, seconds: float, now: float) -> Self:
        """Let nobody send for so long: the provider said so."""
        own, until = self.at(now), now + min(seconds, FARTHEST_S)
        return own._replace(free_at=max(own.free_at, until), closed_until=max(own.closed_until, until))


@dataclass(frozen=True, slots=True)
class Pace:
    """What an account allows."""

    per_minute: float

    @property
    def image_s(self) -> float:
        """The seconds a picture takes of the account's time."""
        return MINUTE_S / (self.per_minute * SHARE)

    def reserve(self, standing: Standing, images: int, now: float) -> tuple[Standing, float]:
        """Take the next time for so many pictures; return how the account stands then, and when it begins."""
        own = standing.at(now)
        at_once = max(1.0, self.per_minute * (1 - SHARE))
        kept = min(BURST_IMAGES, (at_once - 1) / 2)
        lead = max(0.0, images + kept - at_once)
        earliest = max(own.free_at, now - max(kept, lead) * self.image_s)
        begins = earliest + lead * self.image_s
        return own._replace(free_at=begins + images * self.image_s), max(now, begins)
