"""Say in plain words what pydantic found wrong with a setting or a line of a file."""

from typing import Final

from pydantic_core import ErrorDetails

from seedream_hub.schemas.language import later, listed, say

_WORDS: Final = {
    "bool_parsing": later("is neither true nor false"),
    "bool_type": later("is neither true nor false"),
    "date_from_datetime_parsing": later("is no date"),
    "datetime_from_date_parsing": later("is no moment such as 2026-11-24T14:00:00+08:00"),
    "datetime_object_invalid": later("is no moment such as 2026-11-24T14:00:00+08:00"),
    "datetime_parsing": later("is no moment such as 2026-11-24T14:00:00+08:00"),
    "datetime_type": later("is no moment such as 2026-11-24T14:00:00+08:00"),
    "dict_type": later("is no object"),
    "extra_forbidden": later("is not known there"),
    "finite_number": later("is no number"),
    "float_parsing": later("is no number"),
    "float_type": later("is no number"),
    "int_from_float": later("is no whole number"),
    "int_parsing": later("is no whole number"),
    "int_type": later("is no whole number"),
    "missing": later("is missing"),
    "model_type": later("is no object"),
    "path_type": later("is no path"),
    "string_pattern_mismatch": later("has the wrong form"),
    "string_type": later("is no text"),
    "timezone_aware": later("has no timezone"),
    "too_long": later("has too many parts"),
    "too_short": later("is empty, or has too few parts"),
    "tuple_type": later("is no list"),
}

_OTHERWISE: Final = later("is refused")


def problem_of(error: ErrorDetails) -> str:
    """Return what is wrong, as the end of a sentence that begins with the value."""
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return error["msg"].removeprefix("Value error, ")
        case "literal_error":
            return say("is not one of {values}", values=listed(context["expected"].replace(" or ", ", ").split(", ")))
        case "greater_than_equal":
            return say("is below {least:g}", least=context["ge"])
        case "less_than_equal":
            return say("is above {most:g}", most=context["le"])
        case kind:
            return say(_WORDS.get(kind, _OTHERWISE))
