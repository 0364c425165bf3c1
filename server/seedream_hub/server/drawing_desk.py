"""What the commands that make pictures work with: the tools, without the time limit that agents need."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from seedream_hub.schemas.arguments import BATCH, EDIT, FUSE, GENERATE, arguments_of, input_schema
from seedream_hub.schemas.errors import SettingsError
from seedream_hub.schemas.limits import Json, packaged_limits, utc_now
from seedream_hub.schemas.menu import make_menu
from seedream_hub.tools.jobs import Desk
from seedream_hub.tools.make import ImageTool

from .app import make_desk
from .limits_file import load_limits
from .logs import configure_logging
from .settings import PROVIDERS, load_settings
from .studio import LazyStudio


@dataclass(frozen=True, slots=True)
class DrawingDesk:
    """The tools, and the studio they share."""

    studio: LazyStudio
    desk: Desk

    @property
    def tools(self) -> Mapping[str, ImageTool]:
        """By their names."""
        return self.desk.tools


def open_desk() -> DrawingDesk:
    """Read the settings, and make the tools. Nothing is opened or sent.

    Raises:
        SettingsError: If a setting is wrong.
    """
    settings = load_settings()
    configure_logging(settings.log_level)
    patient = settings.model_copy(update={"max_wait_s": inf, "preview": "inline" if sys.stdout.isatty() else "none"})
    return DrawingDesk(*make_desk(patient, load_limits(settings.limits_file)))


def all_schemas() -> dict[str, Any]:
    """Return what the tools take with every provider there is, for completion: of values, only the user's own."""
    limits = packaged_limits()
    menu = make_menu([name for name in PROVIDERS if name in limits.providers], (), limits, utc_now())
    schemas = {kind.tool: input_schema(arguments_of(kind, menu)) for kind in (GENERATE, EDIT, FUSE, BATCH)}
    try:
        own = open_desk().tools
    except SettingsError:  # said by the command itself
        return schemas
    return {name: _narrowed(schema, own[name].input_schema) for name, schema in schemas.items()}


def _narrowed(schema: Json, own: Json) -> Json:
    """Return a schema that offers only values the other takes."""
    properties: dict[str, Json] = {}
    for name, rules in schema["properties"].items():
        taken = own["properties"].get(name, {}).get("enum", ())
        values = [value for value in rules.get("enum", ()) if value in taken]
        rest = {key: value for key, value in rules.items() if key != "enum"}
        properties[name] = {**rest, "enum": values} if values else rest
    return {**schema, "properties": properties}
