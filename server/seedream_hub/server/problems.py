"""Say in plain words what pydantic found wrong with a setting or a line of a file."""

from typing import Final

from pydantic_core import ErrorDetails

_WORDS: Final = {
    "bool_parsing": "is neither true nor false",
    "bool_type": "is neither true nor false",
    "date_from_datetime_parsing": "is no date",
    "datetime_from_date_parsing": "is no moment such as 2026-11-24T14:00:00+08:00",
    "datetime_object_invalid": "is no moment such as 2026-11-24T14:00:00+08:00",
    "datetime_parsing": "is no moment such as 2026-11-24T14:00:00+08:00",
    "datetime_type": "is no moment such as 2026-11-24T14:00:00+08:00",
    "dict_type": "is no object",
    "extra_forbidden": "is not known there",
    "finite_number": "is no number",
    "float_parsing": "is no number",
    "float_type": "is no number",
    "int_from_float": "is no whole number",
    "int_parsing": "is no whole number",
    "int_type": "is no whole number",
    "missing": "is missing",
    "model_type": "is no object",
    "path_type": "is no path",
    "string_pattern_mismatch": "has the wrong form",
    "string_type": "is no text",
    "timezone_aware": "has no timezone",
    "too_long": "has too many parts",
    "too_short": "is empty, or has too few parts",
    "tuple_type": "is no list",
}


def problem_of(error: ErrorDetails) -> str:
    """Return what is wrong, as the end of a sentence that begins with the value."""
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return error["msg"].removeprefix("Value error, ")
        case "literal_error":
            return f"is not one of {context['expected']}".replace(" or ", ", ")
        case "greater_than_equal":
            return f"is below {context['ge']:g}"
        case "less_than_equal":
            return f"is above {context['le']:g}"
        case kind:
            return _WORDS.get(kind, "is refused")
