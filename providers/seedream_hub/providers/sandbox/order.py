"""Hold a request that passed every check: what to draw, and how to answer."""

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

from .fields import Body
from .references import Reference

ImageFormat = Literal["jpeg", "png"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Say what to draw; `width` and `height` in pixels.

    `name` is the folder of the pictures, `model_id` what the answer says. The pictures of a set share a style,
    those of an order that is none are independent of each other. `fingerprint` is equal for requests that ask
    for the same pictures: nulls, unknown and ignored fields, `stream` and `response_format` are not part of it.
    """

    name: str
    model_id: str
    prompt: str
    references: tuple[Reference, ...]
    width: int
    height: int
    count: int
    fingerprint: str
    is_set: bool = True
    output_format: ImageFormat = "jpeg"
    in_base64: bool = False
    streamed: bool = False
    watermark: bool = True
    transparent: bool = False
    layered: bool = False
    searches_web: bool = False
    counts_input_images: bool = False
    callback_url: str = ""


_HOW_TO_ANSWER = frozenset({"stream", "response_format", "callback_url"})


def fingerprint(body: Body, counted: frozenset[str], model_id: str, references: tuple[Reference, ...]) -> str:
    """Return the digest of what a body asks to be drawn; only the fields in `counted` are part of it."""
    canonical = {k: v for k, v in body.items() if k in counted - _HOW_TO_ANSWER and v is not None}
    canonical |= {"model": model_id, "image": [reference.identity for reference in references]}
    return hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()
