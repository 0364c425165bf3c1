"""Speak as Novita does: a path for each model, a list of links for an answer, named reasons for a refusal.

A picture that is refused is missing from the list. 4.0 differs from the others in two names: `images`, and
`max_images` at the top level.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from ..answers import Outcome, Wire
from ..catalog import ReferenceRules
from ..fields import Body, choice, flag, nested, sequence, text, whole
from ..order import Order, fingerprint
from ..references import OwnObject, Reference
from ..refusal import RefusalError, unknown_model
from ..shape import pixels_for
from ..wording import set_size
from .dialect import Dialect
from .reading import is_set, most_in_set, prompt_in, references_in, refuse_fields_not_taken
from .table import read_table

TABLE: Final = read_table("novita")
MODELS: Final = tuple(model.name for model in TABLE.models)
_PROMPT_MODE: Final = "optimize_prompt_options.mode"
_REASONS: Final = {
    "key": "INVALID_API_KEY",
    "path": "API_NOT_FOUND",
    "image_bytes": "IMAGE_FILE_EXCEEDS_MAX_SIZE",
    "image_format": "INVALID_IMAGE_FORMAT",
    "image_pixels": "IMAGE_EXCEEDS_MAX_RESOLUTION",
    "image_shape": "INVALID_IMAGE_SIZE",
    "inside": "INTERNAL_ERROR",
}
_BY_STATUS: Final = {400: "INVALID_REQUEST_BODY", 401: "INVALID_API_KEY", 404: "API_NOT_FOUND", 500: "INTERNAL_ERROR"}

documented_fields = TABLE.documented_fields


def check(body: Body, own_object: OwnObject, model_name: str) -> Order:
    """Return the order a body sent to a model's path states; raise `RefusalError` for the first rule it breaks."""
    model = TABLE.find(model_name)
    if model is None:
        raise unknown_model(model_name)
    refuse_fields_not_taken(TABLE, model, body)
    prompt = prompt_in(body)
    choice(nested(body, "optimize_prompt_options"), "mode", TABLE.choices[_PROMPT_MODE], _PROMPT_MODE)
    references = _references(body, TABLE.references[model.references], model.max_references, own_object)
    width, height = pixels_for(model, text(body, "size"), prompt)
    return Order(
        name=model.folder,
        model_id=model.echoed,
        prompt=prompt,
        references=references,
        width=width,
        height=height,
        count=_count(body, prompt, len(references)),
        watermark=flag(body, "watermark") is not False,
        fingerprint=fingerprint(body, model.takes | TABLE.always_taken, model.echoed, references),
    )


def novita_error_body(error: RefusalError, request_id: str) -> Wire:
    """Return a refusal with the name Novita's documents give its cause."""
    reason = error.code if error.why == "scripted" else _reason(error)
    message = f"{error.message} Request id: {request_id}"
    return {"code": error.status, "reason": reason, "message": message, "metadata": {}}


def _reason(error: RefusalError) -> str:
    """Return the documented name of the cause; of a mere status without one, HTTP's own."""
    if error.why != "status":
        return _REASONS.get(error.why, "INVALID_REQUEST_BODY")
    known = error.status in set(HTTPStatus)
    return _BY_STATUS.get(error.status) or (HTTPStatus(error.status).name if known else "UNKNOWN")


def novita_success_body(_order: Order, _made: Sequence[Outcome], pictures: Sequence[Wire], _created: int) -> Wire:
    """Return the links of the pictures that were made."""
    return {"images": [picture["url"] for picture in pictures if picture]}


def _references(body: Body, rules: ReferenceRules, most: int, own_object: OwnObject) -> tuple[Reference, ...]:
    return references_in(sequence(body, rules.field), most, rules, own_object)


def _count(body: Body, prompt: str, references: int) -> int:
    numbers = TABLE.numbers
    flat = whole(body, "max_images", numbers.max_images or (1, 1))
    most = flat or most_in_set(numbers, body)
    return set_size(prompt, most, references) if is_set(TABLE, body) else 1


def novita(model_name: str) -> Dialect:
    """Return the dialect as it is served at the path of one model."""

    def checked(body: Body, own_object: OwnObject) -> Order:
        return check(body, own_object, model_name)

    bytes_taken = TABLE.numbers.body_bytes
    return Dialect(
        "novita",
        checked,
        lambda _: model_name,
        novita_error_body,
        novita_success_body,
        bytes_taken,
        lambda _: documented_fields(model_name),
        is_ark_family=False,
    )
