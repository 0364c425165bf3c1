"""Say what the sandbox needs to know of a dialect to serve it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..answers import Outcome, Wire
from ..fields import Body
from ..order import Order
from ..references import OwnObject
from ..refusal import RefusalError

DialectName = Literal["ark", "relay", "aigc", "novita", "evolink"]

Check = Callable[[Body, OwnObject], Order]
ErrorBody = Callable[[RefusalError, str], Wire]
SuccessBody = Callable[[Order, Sequence[Outcome], Sequence[Wire], int], Wire]


@dataclass(frozen=True, slots=True)
class Dialect:
    """Hold one dialect as it is served at one path.

    `success_body` takes the order, what became of each picture, each one's `url` or `b64_json` (empty for one
    that failed), and the time in seconds. `documented` lists the fields of the model a checked body is for.
    `is_ark_family` tells those that answer with Ark's body or events.
    """

    name: DialectName
    check: Check
    model_asked: Callable[[Body], str]
    error_body: ErrorBody
    success_body: SuccessBody
    body_bytes: int
    documented: Callable[[Body], frozenset[str]]
    is_ark_family: bool = True
