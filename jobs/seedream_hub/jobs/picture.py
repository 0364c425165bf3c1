"""Look at a downloaded file: is it a whole picture, of which kind and size; and draw its preview."""

import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, UnidentifiedImageError

from seedream_hub.schemas.errors import NotAnImageError
from seedream_hub.schemas.language import say

from .png import check_png

EXTENSIONS: Final = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
QUALITIES: Final = (80, 65, 50, 35)


@dataclass(frozen=True, slots=True)
class Picture:
    """What a file holds."""

    width: int
    height: int
    mime_type: str
    extension: str


def inspect(path: Path) -> Picture:
    """Read the whole file: a PNG by its checksums, others at the smallest scale their format can be decoded at.

    Raises:
        NotAnImageError: If it is empty, no picture, of a format no upstream sends, or cut short.
    """
    if path.stat().st_size == 0:
        raise NotAnImageError(say("In place of the picture came an empty file."), billed="yes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=tuple(EXTENSIONS)) as image:
                kind, (width, height) = str(image.format), image.size
                if kind == "PNG":
                    check_png(path)
                else:
                    image.draft("RGB", (1, 1))
                    image.load()
    except UnidentifiedImageError as exc:
        message = say("In place of the picture came {what}.", what=_kind(path))
        raise NotAnImageError(message, billed="yes") from exc
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        message = say("The picture is damaged or cut short: {reason}.", reason=exc)
        raise NotAnImageError(message, billed="yes") from exc
    return Picture(width, height, Image.MIME[kind], EXTENSIONS[kind])


def preview(path: Path, max_side: int, max_bytes: int) -> bytes:
    """Draw a JPEG of at most `max_side` pixels and `max_bytes` bytes."""
    with Image.open(path, formats=tuple(EXTENSIONS)) as image:
        image.thumbnail((max_side, max_side), reducing_gap=1.0)
        small = _on_white(image)
    while True:
        for quality in QUALITIES:
            out = BytesIO()
            small.save(out, "JPEG", quality=quality, progressive=True, optimize=True)
            if out.tell() <= max_bytes:
                return out.getvalue()
        small.thumbnail((max(1, small.width * 3 // 4), max(1, small.height * 3 // 4)))


def _on_white(image: Image.Image) -> Image.Image:
    """Return the picture in RGB, transparency shown as white."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(64).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html")):
        return say("an HTML page, not a picture")
    return say("bytes that are no picture")
