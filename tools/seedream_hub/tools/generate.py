"""`generate_image`: independent pictures from text."""

from typing import Final

from seedream_hub.schemas.arguments import GENERATE
from seedream_hub.schemas.menu import Menu

from .make import ImageTool, Shown
from .tool import Studio

TITLE: Final = "Generate images"
DESCRIPTION: Final = (
    "Make new pictures from a text prompt with {label}. count gives independent variants of one prompt; call again "
    "for another prompt. {wait} progress. Returns each picture's absolute path, its "
    "seedream:// URI and a small preview; the full files are already saved."
)


def generate_image(menu: Menu, studio: Studio, shown: Shown) -> ImageTool:
    """Return the tool."""
    return ImageTool(GENERATE, TITLE, DESCRIPTION, menu, studio, shown)
