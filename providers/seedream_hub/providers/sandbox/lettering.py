"""Set text on a picture: the font, wrapping, and the blocks of a sandbox picture."""

import re
import unicodedata
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw, ImageFont, ImageStat

from .canvas import relevelled, scaled

INK: Final = (255, 253, 247)
SHADE: Final = (8, 10, 18)
ELLIPSIS: Final = "…"
_LOST: Final = "\ufffc"
_NOBODYS: Final = "\U0010fffd"
"""A character of private use: no font of ours has it, so it is drawn as any that is lacking."""
_PROBE_PX: Final = 24
_TEXT_SHADE: Final = 0.6
_FOOT_SHADE: Final = 0.8
LEAST_PX: Final = 7
"""Smaller letters cannot be read and are left out."""


@lru_cache(maxsize=1)
def _font_bytes() -> bytes:
    return files("seedream_hub.providers.sandbox").joinpath("fonts", "NotoSansSC-Subset.otf").read_bytes()


@lru_cache(maxsize=64)
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font at `size` pixels."""
    return ImageFont.truetype(BytesIO(_font_bytes()), size, layout_engine=ImageFont.Layout.BASIC)


def wrap(text: str, face: ImageFont.FreeTypeFont, width: float, most: int) -> list[str]:
    """Break `text` into at most `most` lines of `width` pixels; what does not fit ends in an ellipsis."""
    lines = [""]
    for word in _words(text):
        line = lines[-1] + word
        if face.getlength(line.rstrip()) <= width or not lines[-1].strip():
            lines[-1] = line
            continue
        if len(lines) == most:
            return [*(line.strip() for line in lines[:-1]), shorten(f"{line}{ELLIPSIS}", face, width)]
        lines.append(word.lstrip())
    return [shorten(line.strip(), face, width) for line in lines if line.strip()]


def shorten(text: str, face: ImageFont.FreeTypeFont, width: float) -> str:
    """Return `text`, cut and ended with an ellipsis if it is wider than `width` pixels."""
    if face.getlength(text) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if face.getlength(text[:middle] + ELLIPSIS) <= width else (low, middle - 1)
    return text[:low].rstrip() + ELLIPSIS


def scrim(picture: Image.Image, top: int, text_top: int) -> None:
    """Darken the picture from `top`, slowly, and enough from `text_top` on to read light letters on any ground."""
    high = picture.height - top
    lead = max(0.02, (text_top - top) / high)
    curve = [round(255 * _darkness(level / 255 / lead, lead)) for level in range(256)]
    mask = scaled(relevelled(Image.linear_gradient("L"), curve), (picture.width, high))
    tint = ImageStat.Stat(picture.crop((0, text_top, *picture.size))).mean
    picture.paste((round(tint[0] * 0.2), round(tint[1] * 0.2), round(tint[2] * 0.22)), (0, top), mask)


def _darkness(share: float, lead: float) -> float:
    if share >= 1:
        return _TEXT_SHADE + (_FOOT_SHADE - _TEXT_SHADE) * (share - 1) * lead / max(0.02, 1 - lead)
    return _TEXT_SHADE * share * share * (3 - 2 * share)


def write(picture: Image.Image, at: tuple[float, float], text: str, size: int, anchor: str = "ls") -> None:
    """Write one line of light letters with a thin dark edge."""
    edge = max(1, size // 36)
    ImageDraw.Draw(picture).text(at, text, INK, font(size), anchor=anchor, stroke_width=edge, stroke_fill=SHADE)


def mount(picture: Image.Image, photo: Image.Image, at: tuple[int, int], name: str, side: int) -> None:
    """Put `photo` in a light frame at `at`, sized for photos of `side` pixels, its name on the frame's lip."""
    edge, size = max(1, round(side * 0.035)), round(side * 0.14)
    lip = round(size * 1.7) if size >= LEAST_PX else edge
    right, bottom = at[0] + photo.width + 2 * edge, at[1] + photo.height + edge + lip
    pen = ImageDraw.Draw(picture)
    pen.rectangle((at[0], at[1], right - 1, bottom - 1), INK, outline=SHADE, width=max(1, edge // 4))
    picture.paste(photo, (at[0] + edge, at[1] + edge))
    if size >= LEAST_PX:
        face = font(min(size, fitting(name, photo.width)))
        pen.text(((at[0] + right) / 2, bottom - lip / 2), name, SHADE, face, anchor="mm")


def fitting(text: str, width: float) -> int:
    """Return the largest letter size at which `text` is at most `width` pixels wide."""
    return max(1, int(100 * width / font(100).getlength(text)))


def plaque(picture: Image.Image, corner: tuple[float, float], text: str, size: int) -> None:
    """Write `text` on a dark rounded plate whose upper right corner is `corner`."""
    wide, high = font(size).getlength(text) + size, size * 1.7
    box = (corner[0] - wide, corner[1], corner[0], corner[1] + high)
    ImageDraw.Draw(picture).rounded_rectangle(box, high / 2, SHADE)
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    ImageDraw.Draw(picture).text(middle, text, INK, font(size), anchor="mm")


def _words(text: str) -> list[str]:
    """Return pieces a line may break between: words with their space, and each wide character by itself."""
    pieces: list[str] = []
    for char in drawable(text):
        is_wide = unicodedata.east_asian_width(char) in "WF"
        starts = not pieces or is_wide or pieces[-1].endswith(" ") or _is_wide(pieces[-1][-1])
        if starts and not (pieces and unicodedata.category(char).startswith("P") and is_wide):
            pieces.append(char)
        else:
            pieces[-1] += char
    return pieces


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def drawable(text: str) -> str:
    """Return the text on one line, without what the font shows as boxes: an ellipsis for words, nothing for signs.

    Text of which nothing is left becomes an ellipsis.
    """
    kept = "".join(char if char.isspace() or _is_in_font(char) else _stand_in(char) for char in text)
    line = re.sub(rf"{_LOST}(?:\s*{_LOST})*", ELLIPSIS, " ".join(kept.split()))
    return line or (ELLIPSIS if text.strip() else "")


def _stand_in(char: str) -> str:
    return _LOST if unicodedata.category(char)[0] in "LN" else ""


@lru_cache(maxsize=8192)
def _is_in_font(char: str) -> bool:
    return char.isprintable() and _ink(char) != _ink(_NOBODYS)


def _ink(char: str) -> bytes:
    patch = Image.new("L", (2 * _PROBE_PX, 2 * _PROBE_PX))
    ImageDraw.Draw(patch).text((0, 0), char, 255, font(_PROBE_PX))
    return patch.tobytes()
