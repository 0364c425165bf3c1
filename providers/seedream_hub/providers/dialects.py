"""Every provider's dialect, by its name in the limits table."""

from typing import Final

from . import aigc, ark, byteplus, evolink, novita, relay
from .dialect import Dialect

DIALECTS: Final[dict[str, Dialect]] = {
    "ark": ark.DIALECT,
    "byteplus": byteplus.DIALECT,
    "sandbox": ark.DIALECT,
    "relay": relay.DIALECT,
    "aigc": aigc.DIALECT,
    "novita": novita.DIALECT,
    "evolink": evolink.DIALECT,
}
