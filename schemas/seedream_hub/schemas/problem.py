"""Say in plain words what pydantic found wrong with an argument."""

import json
from typing import Any, Final

from pydantic_core import ErrorDetails

from .language import later, say

_TYPES: Final = {
    "string_type": later("is not text"),
    "int_type": later("is not a whole number"),
    "float_type": later("is not a number"),
    "bool_type": later("is not true or false"),
    "list_type": later("is not a list"),
    "tuple_type": later("is not a list"),
    "dict_type": later("is not an object"),
}
_OTHER: Final = later("is not valid")


def problem_of(error: ErrorDetails) -> str:
    """Return what is wrong, as the rest of a sentence that begins with the argument's name."""
    if error["type"] in {"missing", "string_too_long"}:
        return _problem(error)
    value = as_sent(error["input"]) if is_of_wrong_type(error) else _shown(error["input"])
    return f"{value} {_problem(error)}".strip()


def is_of_wrong_type(error: ErrorDetails) -> bool:
    """Say whether a value is of another JSON type than it should be."""
    return error["type"] in _TYPES


def is_blank(value: object) -> bool:
    """Say whether a value is text without a character that is seen."""
    return isinstance(value, str) and not value.strip()


def as_sent(value: object) -> str:
    """Write a value as the caller did."""
    return _cut(json.dumps(value, ensure_ascii=False, default=str))


def _problem(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return say("is missing")
        case "less_than_equal":
            return say("is above {most:g}", most=context["le"])
        case "greater_than_equal":
            return say("is below {least:g}", least=context["ge"])
        case "string_too_long":
            length, most = len(str(error["input"])), context["max_length"]
            return say("has {length:,} characters, more than {most:,}", length=length, most=most)
        case "string_too_short":
            return say("is empty")
        case "too_long":
            length, most = context["actual_length"], context["max_length"]
            return say("has {length}, at most {most} can be passed", length=length, most=most)
        case "too_short":
            length, least = context["actual_length"], context["min_length"]
            return say("has {length}, at least {least} must be passed", length=length, least=least)
        case "literal_error":
            return say("is not offered")
        case "string_pattern_mismatch":
            return say("is blank") if is_blank(error["input"]) else say("has the wrong form")
        case kind:
            return say(_TYPES.get(kind, _OTHER))


def _shown(value: Any) -> str:  # noqa: ANN401 - whatever the caller sent
    if isinstance(value, list | tuple):
        return ""
    is_plain = isinstance(value, str) and value and value == value.strip()
    return _cut(value) if is_plain else as_sent(value)


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - a glance is enough
