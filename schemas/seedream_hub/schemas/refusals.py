"""Check a call's arguments, and say of each bad one what is wrong, by which limit, and what would work."""

import json
import re
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .arguments import ImageArguments
from .errors import ArgumentError, HubError
from .limits import Json, ModelLimits
from .menu import Menu
from .size import accepted, checked_pixels

LIKENESS: Final = 0.75

OTHER_NAMES: Final = {
    "n": "count",
    "num_images": "count",
    "max_images": "count",
    "image_size": "size",
    "resolution": "size",
    "quality": "size",
    "width": "size",
    "height": "size",
    "ratio": "aspect_ratio",
    "name": "filename",
    "output": "filename",
    "text": "prompt",
    "image_urls": "images",
    "reference_images": "images",
    "prompt_priority": "optimize_prompt",
    "optimize_prompt_options": "optimize_prompt",
    "tools": "web_search",
}


class InvalidArguments(HubError):  # noqa: N818 - several ArgumentErrors in one
    """One or several arguments are refused."""

    code = "invalid_argument"

    def __init__(self, errors: tuple[ArgumentError, ...]) -> None:
        super().__init__("\n".join(error.message for error in errors))
        self.errors = errors


def check_arguments(raw: Json, shape: type[BaseModel], menu: Menu) -> ImageArguments:
    """Return the call's arguments. An optional one that is null counts as not given.

    Raises:
        InvalidArguments: If any is unknown, missing, of the wrong type, or outside its documented bounds.
    """
    required = {name for name, field in shape.model_fields.items() if field.is_required()}
    optional = set(shape.model_fields) - required
    given = {key: value for key, value in raw.items() if value is not None or key not in optional}
    try:
        return ImageArguments.model_validate(shape.model_validate(given).model_dump())
    except ValidationError as exc:
        asked = _asked(raw, menu)
        errors = tuple(_refusal(error, shape, menu, asked) for error in exc.errors(include_url=False))
        raise InvalidArguments(errors) from exc


def _asked(raw: Json, menu: Menu) -> ModelLimits:
    """Return the model a call is for, at the provider it is for: the default where it names none that is there."""
    named = menu.having(str(raw.get("model"))) or menu.having(menu.default.name)
    return next((model for offer, model in named if offer.provider == raw.get("provider")), named[0][1])


def _refusal(error: ErrorDetails, shape: type[BaseModel], menu: Menu, asked: ModelLimits) -> ArgumentError:
    name, *places = map(str, error["loc"])
    if error["type"] == "extra_forbidden":
        return _unknown(name, shape)
    if error["type"] == "missing":
        return ArgumentError(name, "is missing", _works(name, error, shape, menu, asked))
    if name == "size" and (outside := _outside(error["input"], asked, menu)):
        return outside
    value = _shown(error["input"]) if error["type"] not in _TYPES else _json(error["input"])
    argument = name + "".join(f"[{place}]" for place in places if place.isdecimal())
    works, source = _works(name, error, shape, menu, asked), _source(name, error, menu, asked)
    return ArgumentError(argument, f"{value} {_problem(error)}".strip(), works, source)


def _outside(size: object, model: ModelLimits, menu: Menu) -> ArgumentError | None:
    """Refuse pixels no schema's pattern lets through by what is wrong with them: there are too few, or too many."""
    pixels = re.fullmatch("([1-9][0-9]{0,8})x([1-9][0-9]{0,8})", size) if isinstance(size, str) else None
    if pixels and model.size.takes_pixels:
        try:
            checked_pixels(int(pixels[1]), int(pixels[2]), model, menu.limits)
        except ArgumentError as exc:
            return exc
    return None


def _unknown(name: str, shape: type[BaseModel]) -> ArgumentError:
    known = list(shape.model_fields)
    other = OTHER_NAMES.get(name.lower())
    close = [other] if other in known else get_close_matches(name, known, n=1, cutoff=LIKENESS) or [""]
    meant = f"did you mean {close[0]}? It takes" if close[0] in known else "it takes"
    return ArgumentError(name, "is not an argument of this tool", f"{meant} {', '.join(known)}")


def _problem(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "less_than_equal":
            return f"is above {context['le']:g}"
        case "greater_than_equal":
            return f"is below {context['ge']:g}"
        case "string_too_long":
            return f"has {len(str(error['input'])):,} characters, more than {context['max_length']:,}"
        case "string_too_short":
            return "is empty"
        case "too_long" | "too_short":
            bound = context.get("max_length", context.get("min_length"))
            least_or_most = "at most" if error["type"] == "too_long" else "at least"
            return f"has {context['actual_length']}, {least_or_most} {bound} can be passed"
        case "literal_error":
            return "is not offered"
        case "string_pattern_mismatch":
            return "is blank" if _is_blank(error["input"]) else "has the wrong form"
        case kind:
            return f"is not {_TYPES.get(kind, 'valid')}"


_TYPES: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
}


def _works(name: str, error: ErrorDetails, shape: type[BaseModel], menu: Menu, asked: ModelLimits) -> str:
    if name == "model":
        by_id = [model.name for _, model in menu.entries if error["input"] in model.ids]
        return f"use {', '.join(by_id or menu.names)}"
    if error["type"] == "literal_error":
        return "use " + str(error.get("ctx", {}).get("expected", "another")).replace("'", "")
    if name == "prompt" and error["type"] == "string_too_long":
        return "shorten it"
    examples = {
        "prompt": 'pass text such as "a red fox in snow"',
        "size": f"use {accepted(asked)}",
        "filename": f"use 1 to {menu.limits.call.max_filename_chars} characters such as red-fox",
        "image": "pass a file path, an https URL, a data URI, or the id of an earlier picture",
        "callback_url": "use an https URL such as https://example.com/done",
    }
    return examples.get(name) or _within(name, shape)


def _within(name: str, shape: type[BaseModel]) -> str:
    """Say what the argument's own bounds allow."""
    schema = shape.model_json_schema()["properties"].get(name, {})
    match schema:
        case {"minimum": least, "maximum": most}:
            return f"use {least} to {most}"
        case {"type": "array"}:
            return f"pass {schema.get('minItems', 0)} to {schema.get('maxItems', 'any number of')} references"
        case {"type": "boolean"}:
            return "use true or false"
        case _:
            return "leave it out"


def _source(name: str, error: ErrorDetails, menu: Menu, asked: ModelLimits) -> str | None:
    """Name who set the bound; that text is no number needs no source."""
    if error["type"] in _TYPES or _is_blank(error["input"]):
        return None
    figures = {
        "prompt": "prompt.max_chars",
        "size": "size.tiers",
        "aspect_ratio": "size.recommended",
        "images": "references.max",
    }
    if name in figures:
        return menu.limits.source(asked, figures[name])
    return str(menu.limits.sources[menu.limits.call.source]) if name in {"count", "filename"} else None


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def _shown(value: Any) -> str:  # noqa: ANN401 - whatever the caller sent
    if isinstance(value, list):
        return ""
    is_plain = isinstance(value, str) and value and value == value.strip()
    return _cut(value) if is_plain else _json(value)


def _json(value: object) -> str:
    """Write a value as the caller did."""
    return _cut(json.dumps(value, ensure_ascii=False, default=str))


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - a glance is enough
