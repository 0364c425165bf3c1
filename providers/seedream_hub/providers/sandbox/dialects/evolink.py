"""Speak as EvoLink does: a request makes a task, which is asked after until its pictures are there.

`size` and `quality` mean other things on each model; references are links and never data. Of references and
pictures over 15 the references stay and the pictures become fewer, as the document says. Of 4.5 and 5.0-lite the
OpenAPI says that `n` is the most and the prompt states the number; 4.0's page, newer, says that `n` is the number.
"""

import math
from typing import Final

from ..answers import Wire
from ..fields import Body, sequence, text, whole
from ..order import Order, fingerprint
from ..references import OwnObject
from ..refusal import RefusalError, invalid
from ..shape import pixels_for, ratio_in
from ..wording import set_size
from .reading import (
    callback_in,
    checked_choice,
    model_named,
    prompt_in,
    references_in,
    refuse_fields_not_taken,
)
from .table import DialectModel, read_table

TABLE: Final = read_table("evolink")
_STEP_PX: Final = 16
_SIDES: Final = {"1K": 1024, "2K": 2048, "3K": 3072, "4K": 4096}
_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large_error",
    429: "rate_limit_error",
    500: "internal_server_error",
    502: "upstream_error",
    503: "service_unavailable_error",
}
_SUGGESTIONS: Final = {
    401: "check the API key",
    402: "add credits",
    404: "check the model and the task id",
    413: "send a smaller request",
    429: "wait and try again",
    503: "try again later",
}

documented_fields = TABLE.documented_fields


def check(body: Body, own_object: OwnObject, *, loopback_callbacks: bool = False) -> Order:
    """Return the order a body states; raise `RefusalError` for the first rule it breaks."""
    model = model_named(TABLE, body)
    refuse_fields_not_taken(TABLE, model, body)
    prompt = prompt_in(body, TABLE.numbers.prompt_tokens)
    if "prompt_priority" in model.takes:
        checked_choice(TABLE, model, body, "prompt_priority")
    rules = TABLE.references[model.references]
    references = references_in(sequence(body, "image_urls"), model.max_references, rules, own_object)
    width, height = _pixels(model, body, prompt)
    return Order(
        name=model.folder,
        model_id=model.echoed,
        prompt=prompt,
        references=references,
        width=width,
        height=height,
        count=_count(model, body, prompt, len(references)),
        is_set=False,
        callback_url=callback_in(body, TABLE.numbers, loopback=loopback_callbacks),
        fingerprint=fingerprint(body, (model.takes | TABLE.always_taken) - {"image_urls"}, model.echoed, references),
    )


def evolink_error_body(error: RefusalError, request_id: str) -> Wire:
    """Return a refusal with the type the document gives its status; `code` is the status."""
    kind = _TYPES.get(error.status, _TYPES[500] if error.status >= 500 else _TYPES[400])  # noqa: PLR2004 -- HTTP
    return {
        "error": {
            "code": error.status,
            "message": f"{error.message} (request id: {request_id})",
            "type": kind,
            "param": error.parameter,
            "fallback_suggestion": _SUGGESTIONS.get(error.status, "check the request against the documents"),
        }
    }


def _count(model: DialectModel, body: Body, prompt: str, references: int) -> int:
    most = whole(body, "n", TABLE.numbers.n or (1, 1)) or 1
    if model.goes_by_prompt:
        return set_size(prompt, most, references)
    return min(most, TABLE.numbers.references_plus_images - references)


def _pixels(model: DialectModel, body: Body, prompt: str) -> tuple[int, int]:
    asked = text(body, "size")
    size = model.default_size if asked is None else asked
    quality = model.default_quality
    if "quality" in model.takes:
        quality = checked_choice(TABLE, model, body, "quality") or quality
    if quality and (size == "auto" or size in TABLE.ratios):
        ratio = (ratio_in(prompt) or "1:1") if size == "auto" else size
        return _shaped(ratio, _SIDES[quality])
    if model.pixels is None:
        raise invalid("size", model.tier_refusal)
    return pixels_for(model, size, prompt)


def _shaped(ratio: str, side: int) -> tuple[int, int]:
    """Return sides of that ratio with about the area of a square of `side` pixels, in steps of 16."""
    across, down = map(int, ratio.split(":"))
    stretch = math.sqrt(across / down)
    return _stepped(side * stretch), _stepped(side / stretch)


def _stepped(length: float) -> int:
    return round(length / _STEP_PX) * _STEP_PX
