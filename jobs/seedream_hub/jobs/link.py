"""How long the link to a picture can be used."""

from datetime import UTC, datetime, timedelta
from typing import Final

from seedream_hub.providers.download import LINK_DEAD

from .job import Slot

LIVES: Final = timedelta(hours=24)

LINK_EXPIRED: Final = "link_expired"
DEAD: Final = frozenset({LINK_DEAD, LINK_EXPIRED})
"""Codes of failures after which a link gives nothing to anybody."""


def is_expired(slot: Slot) -> bool:
    """Say whether a picture's link is too old; one that came in this process is not."""
    return slot.linked is not None and datetime.now(UTC) - datetime.fromisoformat(slot.linked) > LIVES


def may_still_work(slot: Slot) -> bool:
    """Say whether there is a link that may still give the picture."""
    is_dead = slot.failure is not None and slot.failure.code in DEAD
    return slot.url is not None and not is_dead and not is_expired(slot)
