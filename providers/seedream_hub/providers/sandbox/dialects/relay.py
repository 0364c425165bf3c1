"""Speak as an OpenAI-style relay of Ark does.

Ark's fields and events, with `image` as an array; answers drop the model, each picture's size and the count of
pictures, as the document's sample does. Errors of the service behind it have the type `upstream_error`, the
relay's own `new_api_error`.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from ..answers import Failed, Outcome, Wire, error_body, tokens_of
from ..fields import Body, choice, flag, sequence, text
from ..order import Order, fingerprint
from ..references import OwnObject
from ..refusal import RefusalError
from ..shape import pixels_for
from .dialect import Dialect
from .reading import model_named, pictures_of, prompt_in, references_in
from .table import DialectModel, read_table

TABLE: Final = read_table("relay")

documented_fields = TABLE.documented_fields


def check(body: Body, own_object: OwnObject) -> Order:
    """Return the order a body states; raise `RefusalError` for the first rule it breaks."""
    model = _model(body)
    prompt = prompt_in(body)
    rules = TABLE.references[model.references]
    references = references_in(sequence(body, "image"), model.max_references, rules, own_object)
    width, height = pixels_for(model, text(body, "size"), prompt)
    return Order(
        name=model.folder,
        model_id=model.echoed,
        prompt=prompt,
        references=references,
        width=width,
        height=height,
        count=pictures_of(TABLE, body, prompt, len(references)),
        in_base64=choice(body, "response_format", TABLE.choices["response_format"]) == "b64_json",
        streamed=flag(body, "stream") or False,
        watermark=flag(body, "watermark") is not False,
        fingerprint=fingerprint(body, TABLE.always_taken, model.echoed, references),
    )


def _model(body: Body) -> DialectModel:
    wanted = text(body, "model")
    found = TABLE.find(wanted) if wanted is not None else None
    if wanted is not None and not found:
        words = f"No available channel for model {wanted} under group default (distributor)"
        raise RefusalError(503, "model_not_found", words, "model", why="model")
    return found or model_named(TABLE, body)


def relay_error_body(error: RefusalError, request_id: str) -> Wire:
    """Return Ark's error body as the relay passes it on, or the relay's own for what it refuses itself."""
    is_unknown_key = error.why == "status" and error.status == HTTPStatus.UNAUTHORIZED
    if error.why in {"model", "key", "path"} or is_unknown_key:
        code = "model_not_found" if error.why == "model" else ""
        text = f"{error.message} (request id: {request_id})"
        return {"error": {"code": code, "message": text, "type": "new_api_error"}}
    passed_on = error_body(error, request_id)["error"]
    return {"error": {**passed_on, "type": "upstream_error"}} if isinstance(passed_on, dict) else {}


def relay_success_body(_order: Order, made: Sequence[Outcome], pictures: Sequence[Wire], created: int) -> Wire:
    """Return the sample's fields and no others; a picture that failed stands as Ark's error item."""
    tokens = tokens_of(made)
    zeros: Wire = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": tokens}
    details: Wire = {"prompt_tokens_details": {"cached_tokens_details": {}}, "completion_tokens_details": {}}
    usage = zeros | details | {"output_tokens": tokens}
    data = [one.wire() if isinstance(one, Failed) else picture for one, picture in zip(made, pictures, strict=True)]
    return {"data": data, "created": created, "usage": usage}


RELAY: Final = Dialect(
    "relay",
    check,
    TABLE.model_asked,
    relay_error_body,
    relay_success_body,
    TABLE.numbers.body_bytes,
    TABLE.documented_for,
)
