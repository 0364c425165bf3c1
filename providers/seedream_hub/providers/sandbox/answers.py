"""Build the bodies Ark answers with, and say what became of each picture; pure.

Shapes: recorded answers of 2026-09-17 for JSON, of 2026-09-18 for the event stream (one line of JSON a `data:`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .catalog import CATALOG
from .layers import Layer
from .order import Order
from .refusal import RefusalError

Wire = dict[str, object]
Event = tuple[str, Wire]
"""Holds an event's name and its data."""

DONE: Final = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Drawn:
    """Name one finished picture: its object key and its size in pixels."""

    index: int
    key: str
    width: int
    height: int
    layer: Layer | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """Name one picture that was not made, and why; it is not billed."""

    index: int
    code: str
    message: str

    def wire(self) -> Wire:
        """Return the item that stands for the picture in Ark's answers."""
        return {"error": {"code": self.code, "message": self.message}}


Outcome = Drawn | Failed


def json_bytes(body: Wire) -> bytes:
    """Return compact JSON, escaped to ASCII so that any text a caller sent can be said back."""
    return json.dumps(body, separators=(",", ":")).encode()


def error_body(error: RefusalError, request_id: str) -> Wire:
    """Return the documented error body; the message ends with the request id."""
    return {
        "error": {
            "code": error.code,
            "message": f"{error.message} Request id: {request_id}",
            "param": error.parameter,
            "type": error.kind,
        }
    }


def success_body(order: Order, made: Sequence[Outcome], pictures: Sequence[Wire], created: int) -> Wire:
    """Return the answer to a request without `stream`; `pictures` holds each one's `url` or `b64_json`."""
    items = [_item(order, one, picture) for one, picture in zip(made, pictures, strict=True)]
    return {"model": order.model_id, "created": created, "data": items} | _closing(order, made)


def picture_event(order: Order, one: Outcome, picture: Wire, created: int) -> Event:
    """Return the event of one finished picture, or of one that failed."""
    kind = f"image_generation.partial_{'failed' if isinstance(one, Failed) else 'succeeded'}"
    head: Wire = {"type": kind, "model": order.model_id, "created": created, "image_index": one.index}
    return kind, head | (one.wire() if isinstance(one, Failed) else picture | {"size": _size(one)})


def completed_event(order: Order, made: Sequence[Outcome], created: int) -> Event:
    """Return the last event, with its usage."""
    kind = "image_generation.completed"
    head: Wire = {"type": kind, "model": order.model_id, "created": created}
    return kind, head | _closing(order, made)


def error_event(error: RefusalError, request_id: str) -> Event:
    """Return the event of a failure after the stream began."""
    return "error", error_body(error, request_id)


def event_bytes(event: Event) -> bytes:
    """Return an event as the live service sends it: one line of JSON."""
    return b"event: " + event[0].encode() + b"\ndata: " + json_bytes(event[1]) + b"\n\n"


def tokens_of(made: Sequence[Outcome]) -> int:
    """Return the tokens the pictures that were made count for."""
    pixels = sum(one.width * one.height for one in made if isinstance(one, Drawn))
    return round(pixels / CATALOG.limits.pixels_per_token)


def models_body() -> Wire:
    """Return the list of models with their lifecycle status, an empty string for a current one."""
    rows = [{"id": name, "object": "model", "status": status} for name, status in CATALOG.statuses().items()]
    return {"object": "list", "data": rows}


def _item(order: Order, one: Outcome, picture: Wire) -> Wire:
    if isinstance(one, Failed):
        return one.wire()
    item = picture | {"size": _size(one)}
    if order.counts_input_images:
        item["output_format"] = order.output_format
    return item | (one.layer.wire() if one.layer else {})


def _closing(order: Order, made: Sequence[Outcome]) -> Wire:
    tokens = tokens_of(made)
    count = sum(1 for one in made if isinstance(one, Drawn))
    usage: Wire = {"generated_images": count, "output_tokens": tokens, "total_tokens": tokens}
    if order.counts_input_images:
        usage["input_images"] = len(order.references)
    if not order.searches_web:
        return {"usage": usage}
    # The sandbox searches nothing and says so: the real count is of searches the model chose to make.
    return {"tools": [{"type": "web_search"}], "usage": usage | {"tool_usage": {"web_search": 0}}}


def _size(one: Drawn) -> str:
    return f"{one.width}x{one.height}"
