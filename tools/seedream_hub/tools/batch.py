"""`batch_images`: one coherent set of pictures."""

from typing import Final

from seedream_hub.schemas.arguments import BATCH
from seedream_hub.schemas.language import later
from seedream_hub.schemas.menu import Menu

from .make import ImageTool, Shown
from .tool import Studio

TITLE: Final = later("Make a set of images")
DESCRIPTION: Final = later(
    "Make one coherent set in a single request: the same character, product or style in every picture (storyboard, "
    "series, packaging), from text alone or with references. The set's size goes in count, not in the prompt. For "
    "independent variants use generate_image."
)


def batch_images(menu: Menu, studio: Studio, shown: Shown) -> ImageTool:
    """Return the tool."""
    return ImageTool(BATCH, TITLE, DESCRIPTION, menu, studio, shown)
