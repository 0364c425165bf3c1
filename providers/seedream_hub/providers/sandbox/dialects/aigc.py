"""Speak as docs.aigc.it describes: Ark's answers and events, with `n` and a callback address in the request.

A prompt is refused when it has certainly more than 2000 tokens; see `tokens_at_least`. `n` without a set means
independent pictures; with a set `max_images` is the bound and `n` says nothing.
"""

import math
from typing import Final

from ..answers import error_body, success_body
from ..catalog import CATALOG, ReferenceRules
from ..fields import Body, flag, text, whole
from ..order import Order, fingerprint
from ..references import OwnObject
from ..refusal import invalid
from ..shape import pixels_for
from .dialect import Dialect
from .reading import (
    callback_in,
    checked_choice,
    is_set,
    model_named,
    one_or_more_links,
    pictures_of,
    prompt_in,
    references_in,
    refuse_fields_not_taken,
)
from .table import DialectModel, read_table

TABLE: Final = read_table("aigc")
_LEAST_SIDE: Final = 64
_LONGEST_SIDE: Final = 16384

documented_fields = TABLE.documented_fields


def check(body: Body, own_object: OwnObject, *, loopback_callbacks: bool = False) -> Order:
    """Return the order a body states; raise `RefusalError` for the first rule it breaks."""
    model = model_named(TABLE, body)
    refuse_fields_not_taken(TABLE, model, body)
    prompt = prompt_in(body, TABLE.numbers.prompt_tokens)
    checked_choice(TABLE, model, body, "prompt_priority")
    listed, rules = _listed(body, model)
    references = references_in(listed, model.max_references, rules, own_object) if rules else ()
    width, height = drawable(*pixels_for(model, text(body, "size"), prompt))
    counted = model.takes | TABLE.always_taken
    return Order(
        name=model.folder,
        model_id=model.echoed,
        prompt=prompt,
        references=references,
        width=width,
        height=height,
        count=_count(body, prompt, len(references)),
        is_set=is_set(TABLE, body),
        streamed=flag(body, "stream") or False,
        watermark=flag(body, "watermark") is not False,
        callback_url=callback_in(body, TABLE.numbers, loopback=loopback_callbacks),
        fingerprint=fingerprint(body, counted - {"image_urls"}, model.echoed, references),
    )


def drawable(width: int, height: int) -> tuple[int, int]:
    """Return the pixels the sandbox draws: the document sets no window, the machine does; the answer says them."""
    scale = min(1.0, math.sqrt(CATALOG.limits.drawn_pixels / (width * height)))
    sides = (round(width * scale), round(height * scale))
    return min(max(sides[0], _LEAST_SIDE), _LONGEST_SIDE), min(max(sides[1], _LEAST_SIDE), _LONGEST_SIDE)


def _listed(body: Body, model: DialectModel) -> tuple[list[object], ReferenceRules | None]:
    """Return the references and their rules: `image` takes data URIs as Ark's does, `image_urls` only links."""
    rules = TABLE.references.get(model.references)
    if body.get("image") is not None and body.get("image_urls") is not None:
        raise invalid("image_urls", "send either `image` or `image_urls`.")
    if rules and body.get("image_urls") is not None:
        only_links = rules.model_copy(update={"field": "image_urls", "links_only": True})
        return one_or_more_links(body, "image_urls"), only_links
    return one_or_more_links(body, "image"), rules


def _count(body: Body, prompt: str, references: int) -> int:
    asked = whole(body, "n", TABLE.numbers.n or (1, 1)) or 1
    in_set = pictures_of(TABLE, body, prompt, references)
    if is_set(TABLE, body):
        return in_set
    most = TABLE.numbers.references_plus_images
    if asked + references > most:
        raise invalid("n", f"reference images and pictures together must be at most {most}.")
    return asked


def aigc(*, loopback_callbacks: bool) -> Dialect:
    """Return the dialect; only for tests are callbacks to this machine allowed."""

    def checked(body: Body, own_object: OwnObject) -> Order:
        return check(body, own_object, loopback_callbacks=loopback_callbacks)

    bytes_taken, documented = TABLE.numbers.body_bytes, TABLE.documented_for
    return Dialect("aigc", checked, TABLE.model_asked, error_body, success_body, bytes_taken, documented)
