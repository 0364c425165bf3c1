"""Read typed values out of a JSON object; JSON null means the field was not sent.

The official Python SDKs send null for every field left unset (volcengine-ark-runtime 5.0.54).
"""

from typing import cast

from .refusal import RefusalError, invalid

Body = dict[str, object]


def text(body: Body, name: str, path: str = "") -> str | None:
    """Return the string at `name`; raise for another type or for text that is not valid Unicode."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise invalid(path or name, "expected a string.")
    return checked_unicode(value, path or name)


def checked_unicode(value: str, path: str) -> str:
    """Return `value`, or raise when it holds lone surrogates, which no encoder downstream would take."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid(path, "the text is not valid Unicode.") from None
    return value


def choice(body: Body, name: str, allowed: tuple[str, ...], path: str = "") -> str | None:
    """Return the string at `name` if it is one of `allowed`."""
    value = text(body, name, path)
    if value is not None and value not in allowed:
        raise invalid(path or name, f"expected one of {_listed(allowed)}, got '{value}'.")
    return value


def flag(body: Body, name: str) -> bool | None:
    """Return the boolean at `name`."""
    value = body.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise invalid(name, "expected a boolean.")


def whole(body: Body, name: str, bounds: tuple[int, int], path: str = "") -> int | None:
    """Return the integer at `name`, inside the inclusive `bounds`."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(path or name, "expected an integer.")
    if not bounds[0] <= value <= bounds[1]:
        raise _out_of(bounds, path or name)
    return value


def number(body: Body, name: str, bounds: tuple[int, int]) -> float | None:
    """Return the number at `name`, inside the inclusive `bounds`."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(name, "expected a number.")
    if not bounds[0] <= value <= bounds[1]:
        raise _out_of(bounds, name)
    return value


def nested(body: Body, name: str) -> Body:
    """Return the object at `name`, empty when not sent."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(name, "expected an object.")
    return cast("Body", value)


def sequence(body: Body, name: str) -> list[object]:
    """Return the array at `name`, empty when not sent."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise invalid(name, "expected an array.")
    return cast("list[object]", value)


def _out_of(bounds: tuple[int, int], path: str) -> RefusalError:
    return invalid(path, f"the value must be between {bounds[0]} and {bounds[1]}.")


def _listed(allowed: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in allowed)
