"""Check a call's arguments, and say of each bad one what is wrong, by which limit, and what would work."""

import re
from functools import cache
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .arguments import PIXELS, ImageArguments
from .errors import ArgumentError, HubError
from .language import listed, say
from .limits import Json, ModelLimits
from .menu import Menu
from .other_names import either, unknown_argument
from .problem import is_blank, is_of_wrong_type, problem_of
from .size import accepted, checked_pixels

SIZE: Final = re.compile(rf"[1-9][0-9.]*K|{PIXELS}")
"""What is a size, offered or not."""


class InvalidArguments(HubError):  # noqa: N818 - several ArgumentErrors in one
    """One or several arguments are refused."""

    code = "invalid_argument"

    def __init__(self, errors: tuple[ArgumentError, ...]) -> None:
        super().__init__("\n".join(error.message for error in errors))
        self.errors = errors
        self.argument = errors[0].argument


def check_arguments(
    raw: Json, shape: type[BaseModel], menu: Menu, without: frozenset[str] = frozenset()
) -> ImageArguments:
    """Return the call's arguments. An optional one that is null counts as not given.

    `without` names those of the shape that are not taken here: a refusal does not advise them.

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
        taken = [name for name in shape.model_fields if name not in without]
        errors = tuple(
            unknown_argument(str(error["loc"][0]), taken)
            if error["type"] == "extra_forbidden"
            else _refusal(error, shape, menu, asked)
            for error in exc.errors(include_url=False)
        )
        raise InvalidArguments(errors) from exc


def _asked(raw: Json, menu: Menu) -> ModelLimits:
    """Return the model a call is for, at the provider it is for: the default where it names none that is there."""
    named = menu.having(str(raw.get("model"))) or menu.having(menu.default.name)
    return next((model for offer, model in named if offer.provider == raw.get("provider")), named[0][1])


def _refusal(error: ErrorDetails, shape: type[BaseModel], menu: Menu, asked: ModelLimits) -> ArgumentError:
    name, *places = map(str, error["loc"])
    works = _works(name, error, shape, menu, asked)
    if error["type"] == "missing":
        return ArgumentError(name, problem_of(error), works)
    if name == "size" and (outside := _outside(error["input"], asked, menu)):
        return outside
    is_size = name == "size" and SIZE.fullmatch(str(error["input"]))
    problem = say("{value} is not offered", value=error["input"]) if is_size else problem_of(error)
    argument = name + "".join(f"[{place}]" for place in places if place.isdecimal())
    return ArgumentError(argument, problem, works, _source(name, error, menu, asked))


def _outside(size: object, model: ModelLimits, menu: Menu) -> ArgumentError | None:
    """Refuse pixels no schema's pattern lets through by what is wrong with them: there are too few, or too many."""
    pixels = re.fullmatch("([1-9][0-9]{0,8})x([1-9][0-9]{0,8})", size) if isinstance(size, str) else None
    if pixels and model.size.takes_pixels:
        try:
            checked_pixels(int(pixels[1]), int(pixels[2]), model, menu.limits)
        except ArgumentError as exc:
            return exc
    return None


def _works(name: str, error: ErrorDetails, shape: type[BaseModel], menu: Menu, asked: ModelLimits) -> str:
    if name == "model":
        by_id = [model.name for _, model in menu.entries if error["input"] in model.ids]
        return say("use {values}", values=listed(by_id or menu.names))
    if error["type"] == "literal_error":
        return say("use {values}", values=either(re.findall("'([^']*)'", error.get("ctx", {})["expected"])))
    if name == "prompt" and error["type"] == "string_too_long":
        return say("shorten it")
    match name:
        case "prompt":
            return say('pass text such as "a red fox in snow"')
        case "size":
            return say("use {values}", values=accepted(asked))
        case "filename":
            return say("use 1 to {most} characters such as red-fox", most=menu.limits.call.max_filename_chars)
        case "image":
            return say("pass a file path, an https URL, a data URI, or the id of an earlier picture")
        case "callback_url":
            return say("use an https URL such as https://example.com/done")
        case _:
            return _within(name, shape)


def _within(name: str, shape: type[BaseModel]) -> str:
    """Say what the argument's own bounds allow."""
    schema = _properties(shape).get(name, {})
    match schema:
        case {"minimum": least, "maximum": most}:
            return say("use {least} to {most}", least=least, most=most)
        case {"type": "array", "maxItems": most}:
            return say("pass {least} to {most} references", least=schema.get("minItems", 0), most=most)
        case {"type": "boolean"}:
            return say("use true or false")
        case {"type": "string", "maxLength": most}:
            return say("use {least} to {most} characters", least=schema.get("minLength", 0), most=most)
        case _:
            return say("leave it out")


@cache
def _properties(shape: type[BaseModel]) -> Json:
    return shape.model_json_schema()["properties"]


def _source(name: str, error: ErrorDetails, menu: Menu, asked: ModelLimits) -> str | None:
    """Name who set the bound; that text is no number needs no source."""
    if is_of_wrong_type(error) or is_blank(error["input"]):
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
