"""Cut metadata out of JPEG, PNG and WebP files without touching a pixel.

What is kept is listed, so that a kind of metadata nobody thought of goes too. What stands after a picture's end
(the video of a motion photo, a second picture with its own location) is dropped with it.
"""

from dataclasses import dataclass
from typing import Final

from .picture_kind import Kind
from .segments import PNG_SIGNATURE_BYTES, jpeg_segments, png_chunks, webp_chunks

EXIF_PREFIX: Final = b"Exif\0\0"
UPRIGHT: Final = 1

JPEG_EXIF, JPEG_COMMENT = 0xE1, 0xFE
JPEG_APPLICATION: Final = range(0xE0, 0xF0)
JPEG_KEPT: Final = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""Application segments that change how the pixels look, by marker and first bytes."""

PNG_KEPT: Final = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD hIST pHYs sPLT".split()
)

WEBP_KEPT: Final = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF"})
WEBP_METADATA_FLAGS: Final = 0x0C
WEBP_ANIMATION_FLAG: Final = 0x02


@dataclass(frozen=True, slots=True)
class Clean:
    """A file without its metadata, and what of it still matters for showing the picture."""

    content: bytes
    orientation: int = UPRIGHT
    is_animated: bool = False


def cleaned(content: bytes, kind: Kind) -> Clean | None:
    """Return the file without metadata; None for a format that this module does not take apart.

    An animated PNG becomes its still picture. Pixels and colour profile stay as they are.

    Raises:
        CutShortError: If the file is not whole.
    """
    match kind:
        case "jpeg":
            return _jpeg(content)
        case "png":
            return _png(content)
        case "webp":
            return _webp(content)
        case _:
            return None


def orientation_of(exif: bytes) -> int:
    """Read the orientation (1 to 8) out of an EXIF block; 1 if it says none."""
    block = exif.removeprefix(EXIF_PREFIX)
    order = "little" if block[:2] == b"II" else "big"
    at = int.from_bytes(block[4:8], order)
    for _ in range(int.from_bytes(block[at : at + 2], order)):
        entry = block[at + 2 : at + 14]
        if not entry:
            break
        if int.from_bytes(entry[:2], order) == 0x0112:  # noqa: PLR2004 - the tag Orientation
            value = int.from_bytes(entry[8:10], order)
            return value if value in range(1, 9) else UPRIGHT
        at += 12
    return UPRIGHT


def _jpeg(content: bytes) -> Clean:
    kept, orientation = [b"\xff\xd8"], UPRIGHT
    for marker, start, end in jpeg_segments(content):
        segment = content[start:end]
        body = segment[4:]
        if marker == JPEG_EXIF and body.startswith(EXIF_PREFIX) and orientation == UPRIGHT:
            orientation = orientation_of(body)
        if marker in JPEG_APPLICATION:
            if marker in JPEG_KEPT and body.startswith(JPEG_KEPT[marker]):
                kept.append(segment)
        elif marker != JPEG_COMMENT:
            kept.append(segment)
    return Clean(b"".join(kept), orientation)


def _png(content: bytes) -> Clean:
    kept, orientation, is_animated = [content[:PNG_SIGNATURE_BYTES]], UPRIGHT, False
    for kind, start, end in png_chunks(content):
        if kind in PNG_KEPT:
            kept.append(content[start:end])
        elif kind == b"eXIf":
            orientation = orientation_of(content[start + 8 : end - 4])
        elif kind == b"acTL":
            is_animated = int.from_bytes(content[start + 8 : start + 12], "big") > 1
    return Clean(b"".join(kept), orientation, is_animated)


def _webp(content: bytes) -> Clean:
    kept, orientation, is_animated = list[bytes](), UPRIGHT, False
    for kind, start, end in webp_chunks(content):
        chunk = content[start:end].ljust(end - start, b"\0")
        if kind == b"EXIF":
            orientation = orientation_of(chunk[8:])
        elif kind == b"VP8X":
            is_animated = bool(chunk[8] & WEBP_ANIMATION_FLAG)
            kept.append(chunk[:8] + bytes([chunk[8] & ~WEBP_METADATA_FLAGS]) + chunk[9:])
        elif kind in WEBP_KEPT:
            kept.append(chunk)
    body = b"WEBP" + b"".join(kept)
    return Clean(b"RIFF" + len(body).to_bytes(4, "little") + body, orientation, is_animated)
