"""Check a call's arguments, and say of each bad one what is wrong, by which limit, and what would work."""

from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .arguments import GenerateArguments, offered_tiers
from .errors import ArgumentError, HubError
from .limits import Json
from .offer import Offer

OTHER_NAMES: Final = {
    "n": "count",
    "num_images": "count",
    "max_images": "count",
    "image_size": "size",
    "resolution": "size",
    "width": "size",
    "height": "size",
    "ratio": "aspect_ratio",
    "name": "filename",
    "output": "filename",
    "text": "prompt",
}


class InvalidArguments(HubError):  # noqa: N818 - several ArgumentErrors in one
    """One or several arguments are refused."""

    code = "invalid_argument"

    def __init__(self, errors: tuple[ArgumentError, ...]) -> None:
        super().__init__("\n".join(error.message for error in errors))
        self.errors = errors


def check_arguments(raw: Json, shape: type[GenerateArguments], offer: Offer) -> GenerateArguments:
    """Return the call's arguments. An optional one that is null counts as not given.

    Raises:
        InvalidArguments: If any is unknown, missing, of the wrong type, or outside its documented bounds.
    """
    given = {key: value for key, value in raw.items() if value is not None or key == "prompt"}
    try:
        return shape.model_validate(given)
    except ValidationError as exc:
        errors = tuple(_refusal(error, shape, offer) for error in exc.errors(include_url=False))
        raise InvalidArguments(errors) from exc


def _refusal(error: ErrorDetails, shape: type[GenerateArguments], offer: Offer) -> ArgumentError:
    name = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        return _unknown(name, shape)
    if error["type"] == "missing":
        return ArgumentError(name, "is missing", _works(name, error, offer))
    value = _shown(error["input"]) if error["type"] not in _TYPES else repr(error["input"])[:60]
    return ArgumentError(name, f"{value} {_problem(error)}", _works(name, error, offer), _source(name, offer))


def _unknown(name: str, shape: type[GenerateArguments]) -> ArgumentError:
    known = list(shape.model_fields)
    close = get_close_matches(name, known, n=1) or [OTHER_NAMES.get(name.lower(), "")]
    meant = f"did you mean {close[0]}? It takes" if close[0] in known else "it takes"
    return ArgumentError(name, "is not an argument of this tool", f"{meant} {', '.join(known)}")


def _problem(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "less_than_equal":
            return f"is above {context['le']}"
        case "greater_than_equal":
            return f"is below {context['ge']}"
        case "string_too_long":
            return f"has {len(str(error['input'])):,} characters, more than {context['max_length']:,}"
        case "string_too_short":
            return "is empty"
        case "literal_error":
            return "is not offered"
        case "string_pattern_mismatch":
            return "is blank" if not str(error["input"]).strip() else "has the wrong form"
        case kind:
            return f"is not {_TYPES.get(kind, 'valid')}"


_TYPES: Final = {"string_type": "text", "int_type": "a whole number", "bool_type": "true or false"}


def _works(name: str, error: ErrorDetails, offer: Offer) -> str:
    call = offer.limits.call
    if name == "model":
        by_id = [model.name for model in offer.models if error["input"] in model.ids]
        return f"use {', '.join(by_id or [model.name for model in offer.models])}"
    if error["type"] == "literal_error":
        return "use " + str(error.get("ctx", {}).get("expected", "another")).replace("'", "")
    examples = {
        "prompt": 'pass text such as "a red fox in snow"',
        "size": f"use {_sizes(offer)}",
        "count": f"use 1 to {call.max_count}",
        "watermark": "use true or false",
        "filename": f"use 1 to {call.max_filename_chars} characters such as red-fox",
    }
    return examples.get(name, "leave it out")


def _sizes(offer: Offer) -> str:
    tiers = offered_tiers(offer)
    default = offer.default.size.default or ""
    pixels = f"WIDTHxHEIGHT such as {default}" if "x" in default else "WIDTHxHEIGHT"
    return f"{', '.join(tiers)}, or {pixels}" if tiers else pixels


def _source(name: str, offer: Offer) -> str | None:
    limits, model = offer.limits, offer.default
    figures = {"prompt": "prompt.max_chars", "size": "size.tiers", "aspect_ratio": "size.recommended"}
    if name in figures:
        return limits.source(model, figures[name])
    return str(limits.sources[limits.call.source]) if name in {"count", "filename"} else None


def _shown(value: Any) -> str:  # noqa: ANN401 - whatever the caller sent
    text = value if isinstance(value, str) and value and value == value.strip() else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - a glance is enough
