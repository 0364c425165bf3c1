"""Draw the neutral card that stands for a reference the sandbox does not read."""

import io
from typing import Final

from PIL import Image, ImageDraw, ImageFont

_SIZE: Final = (960, 720)
_PAPER: Final = (226, 224, 219)
_INK: Final = (104, 102, 98)
_LINE_LETTERS: Final = 40


def named_card(name: str) -> bytes:
    """Return a grey PNG of 960x720 pixels with `name` on it, wrapped to three lines; ASCII only."""
    card = Image.new("RGB", _SIZE, _PAPER)
    pen = ImageDraw.Draw(card)
    pen.rectangle((24, 24, _SIZE[0] - 25, _SIZE[1] - 25), outline=_INK, width=3)
    letters = name.encode("ascii", "replace").decode()
    lines = [letters[at : at + _LINE_LETTERS] for at in range(0, len(letters), _LINE_LETTERS)][:3]
    pen.multiline_text(
        (_SIZE[0] / 2, _SIZE[1] / 2),
        "\n".join(lines),
        fill=_INK,
        font=ImageFont.load_default(36),
        anchor="mm",
        align="center",
    )
    packed = io.BytesIO()
    card.save(packed, "PNG")
    return packed.getvalue()
