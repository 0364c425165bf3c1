"""Draw the neutral card that stands for a reference the sandbox does not read."""

import io
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw

from .lettering import drawable, font

_SIZE: Final = (480, 360)
_PAPER: Final = (226, 224, 219)
_INK: Final = (104, 102, 98)
_LINE_LETTERS: Final = 16


@lru_cache(maxsize=64)
def named_card(name: str) -> bytes:
    """Return a grey PNG of 480x360 pixels with `name` on it, wrapped to four lines."""
    card = Image.new("RGB", _SIZE, _PAPER)
    pen = ImageDraw.Draw(card)
    pen.rectangle((12, 12, _SIZE[0] - 13, _SIZE[1] - 13), outline=_INK, width=3)
    name = drawable(name)
    lines = [name[at : at + _LINE_LETTERS] for at in range(0, len(name), _LINE_LETTERS)][:4]
    pen.multiline_text(
        (_SIZE[0] / 2, _SIZE[1] / 2),
        "\n".join(lines),
        fill=_INK,
        font=font(44),
        anchor="mm",
        align="center",
    )
    packed = io.BytesIO()
    card.save(packed, "PNG")
    return packed.getvalue()
