"""`batch_images`: one coherent set of pictures."""

from typing import Final

from seedream_hub.schemas.arguments import BATCH
from seedream_hub.schemas.menu import Menu

from .make import ImageTool, Shown
from .tool import Studio

TITLE: Final = "Make a set of images"
DESCRIPTION: Final = (
    "Make one coherent set in a single request: the same character, product or style in every picture (storyboard, "
    "series, packaging). The set's size goes in count. For unrelated variants use generate_image. Pictures are saved "
    "one by one as they come."
)


def batch_images(menu: Menu, studio: Studio, shown: Shown) -> ImageTool:
    """Return the tool."""
    return ImageTool(BATCH, TITLE, DESCRIPTION, menu, studio, shown)
