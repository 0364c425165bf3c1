"""Look at a reference's header: which format, how large, which way up, and whether it can be sent as it is."""

import struct
import zlib
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Final, cast

from PIL import Image, ImageFile

from seedream_hub.schemas.language import say

from .heic import has_metadata
from .metadata import UPRIGHT, cleaned, orientation_of
from .picture_kind import Kind, kind_of, what_instead
from .segments import CutShortError

if TYPE_CHECKING:
    from PIL.TiffImagePlugin import TiffImageFile

MAX_PIXELS: Final = 100_000_000
MAX_PIXELS_JPEG: Final = 200_000_000
"""Larger ones are refused by their header. A JPEG is decoded at a fraction of its size, so it may have more."""

CLASSES: Final[dict[Kind, str]] = {
    "jpeg": "PIL.JpegImagePlugin:JpegImageFile",
    "png": "PIL.PngImagePlugin:PngImageFile",
    "webp": "PIL.WebPImagePlugin:WebPImageFile",
    "gif": "PIL.GifImagePlugin:GifImageFile",
    "bmp": "PIL.BmpImagePlugin:BmpImageFile",
    "tiff": "PIL.TiffImagePlugin:TiffImageFile",
    "avif": "PIL.AvifImagePlugin:AvifImageFile",
    "heic": "seedream_hub.jobs.heic:HeicImageFile",
}
"""The class that reads a format: `Image.open` would try others, and warns of sizes that are checked here."""

TIFF_KEPT: Final = frozenset(
    {*range(254, 260), 262, 263, 266, 273, 274, *range(277, 285), *range(290, 294), 296, 297, 301, 305}
    | {*range(317, 326), 332, 338, 339, 340, 341, 347, *range(529, 533), 34675}
)
"""TIFF 6.0 tags that describe pixels, the program's name, and the colour profile."""

TIFF_ORIENTATION: Final = 274
LYING: Final = 5
"""Orientations from here on swap width and height."""
GIF_XMP: Final = b"XMP DataXMP"

UNREADABLE: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    OverflowError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""What Pillow and its plugins raise on damaged files."""


class UnreadableError(ValueError):
    """The bytes are no picture that can be read; the text goes on after its name."""


@dataclass(frozen=True, slots=True)
class Source:
    """A reference as it stands: sizes are those of the upright picture."""

    kind: Kind
    content: bytes
    """Without its metadata where that can be cut out."""
    width: int
    height: int
    orientation: int = UPRIGHT
    is_animated: bool = False
    """Whether `content` holds several pictures."""
    was_animated: bool = False
    """Whether the others were cut out of `content`."""
    has_metadata: bool = False
    """Whether `content` still carries any."""

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


def read_source(content: bytes) -> Source:
    """Read a picture's header. Nothing is decoded.

    Raises:
        UnreadableError: If it is no picture, cut short, or larger than anything that is decoded here.
    """
    kind = kind_of(content)
    if kind is None:
        raise UnreadableError(say("is {what}", what=what_instead(content)))
    try:
        return _read(kind, content)
    except CutShortError as exc:
        raise UnreadableError(str(exc)) from exc
    except UNREADABLE as exc:
        if isinstance(exc, UnreadableError):
            raise
        raise UnreadableError(say("cannot be read as {format}: {reason}", format=kind.upper(), reason=exc)) from exc


def open_picture(kind: Kind, content: bytes) -> ImageFile.ImageFile:
    """Open a picture with the class for its format, without decoding it."""
    return _opener(kind)(BytesIO(content), "")


@cache
def _opener(kind: Kind) -> type[ImageFile.ImageFile]:
    module, _, name = CLASSES[kind].partition(":")
    return cast("type[ImageFile.ImageFile]", getattr(import_module(module), name))


def _read(kind: Kind, content: bytes) -> Source:
    clean = cleaned(content, kind)
    if kind == "webp":
        _check_pixels(kind, webp_canvas(content))  # its decoder takes memory for the whole canvas at once
    kept = clean.content if clean else content
    with open_picture(kind, kept) as image:
        _check_pixels(kind, image.size)
        source = Source(kind, kept, *image.size)
        if clean:
            animated = {"was_animated" if kind == "png" else "is_animated": clean.is_animated}
            return _turned(replace(source, orientation=clean.orientation, **animated))
        match kind:
            case "tiff":
                return _tiff(source, cast("TiffImageFile", image))
            case "avif":
                return _turned(replace(source, orientation=orientation_of(image.info.get("exif", b""))))
            case "heic":
                return replace(source, has_metadata=has_metadata(content))
            case _:
                animated = bool(getattr(image, "is_animated", False))
                noted = "comment" in image.info or GIF_XMP in content
                return replace(source, is_animated=animated, has_metadata=kind == "gif" and noted)


def _turned(source: Source) -> Source:
    """Swap the sides of a picture that lies on one."""
    if source.orientation < LYING:
        return source
    return replace(source, width=source.height, height=source.width)


def _tiff(source: Source, image: "TiffImageFile") -> Source:
    """Read a TIFF's tags; Pillow has swapped its sides already."""
    tags = image.tag_v2
    return replace(
        source,
        orientation=int(tags.get(TIFF_ORIENTATION, UPRIGHT)),
        is_animated=bool(image.is_animated),
        has_metadata=bool(set(tags) - TIFF_KEPT),
    )


def webp_canvas(content: bytes) -> tuple[int, int]:
    """Return the size a WebP file says it has."""
    body = content[20:30]
    match content[12:16]:
        case b"VP8X":
            return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(body[1:5], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case _:
            return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF


def _check_pixels(kind: Kind, size: tuple[int, int]) -> None:
    most = MAX_PIXELS_JPEG if kind == "jpeg" else MAX_PIXELS
    if size[0] * size[1] > most:
        raise UnreadableError(
            say(
                "says it is {size}, {pixels:,} px; {most:,} px are read at most",
                size=f"{size[0]}x{size[1]}",
                pixels=size[0] * size[1],
                most=most,
            )
        )
