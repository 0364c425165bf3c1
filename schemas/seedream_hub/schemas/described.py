"""Descriptions that were written down before the language was chosen."""

from typing import cast

from .language import say
from .limits import Json


def described(schema: Json) -> Json:
    """Return a model's JSON Schema with its descriptions in the process's language."""
    for part in (schema, *cast("dict[str, Json]", schema.get("$defs", {})).values()):
        for told in (part, *cast("dict[str, Json]", part["properties"]).values()):
            if text := told.get("description"):
                told["description"] = say(text)
    return schema
