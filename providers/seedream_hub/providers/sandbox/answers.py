"""Build the bodies Ark answers with; pure.

Shapes: recorded answers of 2026-09-17 for JSON, of 2026-09-18 for the event stream (one line of JSON a `data:`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from .catalog import CATALOG
from .layers import Layer
from .refusal import ArkError
from .rules import Order

Wire = dict[str, object]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Name one finished picture: its object key and its size in pixels."""

    index: int
    key: str
    width: int
    height: int
    layer: Layer | None = None


def json_bytes(body: Wire) -> bytes:
    """Return compact JSON, escaped to ASCII so that any text a caller sent can be said back."""
    return json.dumps(body, separators=(",", ":")).encode()


def error_body(error: ArkError, request_id: str) -> Wire:
    """Return the documented error body; the message ends with the request id."""
    return {
        "error": {
            "code": error.code,
            "message": f"{error.message} Request id: {request_id}",
            "param": error.parameter,
            "type": error.kind,
        }
    }


def success_body(order: Order, drawn: Sequence[Drawn], pictures: Sequence[Wire], created: int) -> Wire:
    """Return the answer to a request without `stream`; `pictures` holds each one's `url` or `b64_json`."""
    items = [_item(order, one, picture) for one, picture in zip(drawn, pictures, strict=True)]
    return {"model": order.model_id, "created": created, "data": items} | _closing(order, drawn)


def picture_event(order: Order, one: Drawn, picture: Wire, created: int) -> bytes:
    """Return the event of one finished picture."""
    kind = "image_generation.partial_succeeded"
    head: Wire = {"type": kind, "model": order.model_id, "created": created, "image_index": one.index}
    return _event(kind, head | picture | {"size": _size(one)})


def completed_event(order: Order, drawn: Sequence[Drawn], created: int) -> bytes:
    """Return the last event with its usage, and the `[DONE]` line that ends a stream."""
    kind = "image_generation.completed"
    head: Wire = {"type": kind, "model": order.model_id, "created": created}
    return _event(kind, head | _closing(order, drawn)) + b"data: [DONE]\n\n"


def error_event(error: ArkError, request_id: str) -> bytes:
    """Return the event of a failure after the stream began, and the `[DONE]` line."""
    return _event("error", error_body(error, request_id)) + b"data: [DONE]\n\n"


def models_body() -> Wire:
    """Return the list of models with their lifecycle status, an empty string for a current one."""
    rows = [{"id": name, "object": "model", "status": status} for name, status in CATALOG.statuses().items()]
    return {"object": "list", "data": rows}


def _item(order: Order, one: Drawn, picture: Wire) -> Wire:
    item = picture | {"size": _size(one)}
    if order.model.counts_input_images:
        item["output_format"] = order.output_format
    return item | (one.layer.wire() if one.layer else {})


def _closing(order: Order, drawn: Sequence[Drawn]) -> Wire:
    tokens = round(sum(one.width * one.height for one in drawn) / CATALOG.limits.pixels_per_token)
    usage: Wire = {"generated_images": len(drawn), "output_tokens": tokens, "total_tokens": tokens}
    if order.model.counts_input_images:
        usage["input_images"] = len(order.references)
    if not order.searches_web:
        return {"usage": usage}
    # The sandbox searches nothing and says so: the real count is of searches the model chose to make.
    return {"tools": [{"type": "web_search"}], "usage": usage | {"tool_usage": {"web_search": 0}}}


def _size(one: Drawn) -> str:
    return f"{one.width}x{one.height}"


def _event(kind: str, data: Wire) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + json_bytes(data) + b"\n\n"
