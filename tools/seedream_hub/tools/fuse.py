"""`fuse_images`: one picture from several."""

from typing import Final

from seedream_hub.schemas.arguments import FUSE
from seedream_hub.schemas.language import later
from seedream_hub.schemas.menu import Menu

from .make import ImageTool, Shown
from .tool import Studio

TITLE: Final = later("Fuse images")
DESCRIPTION: Final = later(
    "Make one picture from several references: an outfit on a person, a product in a scene. The prompt names them in "
    'the order of images: "image 1 wears the outfit of image 2", "图1穿上图2的衣服". Returns a new file as '
    "generate_image does."
)


def fuse_images(menu: Menu, studio: Studio, shown: Shown) -> ImageTool:
    """Return the tool."""
    return ImageTool(FUSE, TITLE, DESCRIPTION, menu, studio, shown)
