"""Options of a command, made from the JSON Schema of the tool it stands for: a limit stands in one place.

What a schema bounds is shown and completed, and refused by the tool alone: it knows what would work, and the source.
"""

import argparse
from collections.abc import Mapping
from typing import Any, Final

from seedream_hub.schemas.language import joined, later, say

FLAGS: Final = {"images": "--image", "wait_s": "--wait"}
"""Options that are called otherwise than their argument."""

HELPS: Final = {
    "images": later("a reference: path, https URL or id; may be given several times"),
    "wait_s": later("send nothing more after so many seconds; without it, all pictures are waited for"),
}

METAVARS: Final = {"images": "IMAGE", "wait_s": "S", "filename": "NAME", "size": "SIZE", "callback_url": "URL"}


class Offered(tuple[str, ...]):
    """Values to show and to complete."""

    __slots__ = ()

    def __contains__(self, value: object) -> bool:
        """Take any: the tool refuses what it does not offer."""
        return True


def flag_of(name: str) -> str:
    """Return the option that stands for an argument."""
    return FLAGS.get(name, f"--{name.replace('_', '-')}")


def add_options(
    parser: argparse.ArgumentParser, schema: Mapping[str, Any], told: Mapping[str, Any], given: frozenset[str]
) -> None:
    """Add an option for each property of a schema but the `given` ones; `told` has descriptions where it has none."""
    for name, rules in schema["properties"].items():
        if name not in given:
            flag = flag_of(name)
            text = say(HELPS[name]) if name in HELPS else _help(rules, told.get(name, {}))
            parser.add_argument(flag, dest=name, default=None, help=text.replace("%", "%%"), **_taken(name, rules))


def _taken(name: str, rules: Mapping[str, Any]) -> dict[str, Any]:
    """Return how argparse reads a property's value."""
    match rules:
        case {"type": "boolean"}:
            return {"action": argparse.BooleanOptionalAction}
        case {"type": "array"}:
            return {"action": "append", "metavar": METAVARS.get(name)}
        case {"enum": values}:
            return {"choices": Offered(values)}
        case {"type": "integer" | "number"}:
            return {"type": _number, "metavar": METAVARS.get(name, "N")}
        case _:
            return {"metavar": METAVARS.get(name, "TEXT")}


def _help(rules: Mapping[str, Any], otherwise: Mapping[str, Any]) -> str:
    text = otherwise.get("description") or rules.get("description", "")
    notes = [say("{least} to {most}", least=rules["minimum"], most=rules["maximum"])] if "maximum" in rules else []
    notes.extend([say("default: {value}", value=rules["default"])] if rules.get("default") else [])
    return say("{text} ({notes})", text=text, notes=joined(notes)) if text and notes else text or joined(notes)


def _number(text: str) -> float | str:
    """Return a number; other text as it is, for the tool to refuse."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
