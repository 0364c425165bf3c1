"""What the commands that make pictures work with: the tools, without the time limit that agents need."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from seedream_hub.schemas.arguments import BATCH, EDIT, FUSE, GENERATE, arguments_of, input_schema
from seedream_hub.schemas.limits import packaged_limits, utc_now
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
    """Return what the tools take with every provider there is: for completion, which reads no settings."""
    limits = packaged_limits()
    menu = make_menu([name for name in PROVIDERS if name in limits.providers], (), limits, utc_now())
    return {kind.tool: input_schema(arguments_of(kind, menu)) for kind in (GENERATE, EDIT, FUSE, BATCH)}
