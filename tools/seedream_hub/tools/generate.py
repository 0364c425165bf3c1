"""`generate_image`: independent pictures from text."""

from typing import Final

from seedream_hub.schemas.arguments import GENERATE
from seedream_hub.schemas.language import later
from seedream_hub.schemas.menu import Menu

from .make import ImageTool, Shown
from .tool import Studio

TITLE: Final = later("Generate images")
DESCRIPTION: Final = later(
    "Make new pictures from a text prompt with {label}. count gives independent variants of one prompt; for pictures "
    "that belong together use batch_images, to change one edit_image. {wait} Returns each picture's absolute path, "
    "its id and seedream:// URI and a small preview; the full files are already saved."
)


def generate_image(menu: Menu, studio: Studio, shown: Shown) -> ImageTool:
    """Return the tool."""
    return ImageTool(GENERATE, TITLE, DESCRIPTION, menu, studio, shown)
