"""Cut metadata out of JPEG, PNG and WebP files without touching a pixel.

What is kept is listed, so that a kind of metadata nobody thought of goes too. What stands after a picture's end
(the video of a motion photo, a second picture with its own location) is dropped with it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .picture_kind import Kind

EXIF_PREFIX: Final = b"Exif\0\0"
UPRIGHT: Final = 1

JPEG_MARKER_BYTES: Final = 2
JPEG_START, JPEG_END, JPEG_SCAN, JPEG_EXIF, JPEG_COMMENT = 0xD8, 0xD9, 0xDA, 0xE1, 0xFE
JPEG_APPLICATION: Final = range(0xE0, 0xF0)
JPEG_KEPT: Final = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""Application segments that change how the pixels look, by marker and first bytes."""
JPEG_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
JPEG_SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

PNG_SIGNATURE_BYTES: Final = 8
PNG_CHUNK_BYTES: Final = 12
PNG_KEPT: Final = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD hIST pHYs sPLT".split()
)

RIFF_HEADER_BYTES: Final = 12
WEBP_KEPT: Final = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF"})
WEBP_METADATA_FLAGS: Final = 0x0C
WEBP_ANIMATION_FLAG: Final = 0x02


class CutShortError(ValueError):
    """The file ends before its picture does, or is damaged."""


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
    for marker, segment in _jpeg_segments(content):
        body = segment[4:]
        if marker == JPEG_EXIF and body.startswith(EXIF_PREFIX) and orientation == UPRIGHT:
            orientation = orientation_of(body)
        if marker in JPEG_APPLICATION:
            if marker in JPEG_KEPT and body.startswith(JPEG_KEPT[marker]):
                kept.append(segment)
        elif marker != JPEG_COMMENT:
            kept.append(segment)
    return Clean(b"".join(kept), orientation)


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each marker with its segment, a scan with its data, up to the end of the first picture."""
    at = JPEG_MARKER_BYTES
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 >= len(content):
            raise CutShortError("is cut short")
        marker = content[at + 1]
        if marker in {0x00, 0xFF}:  # filling
            at += 1
            continue
        end = at + JPEG_MARKER_BYTES
        if marker not in JPEG_STANDALONE and marker != JPEG_END:
            end += int.from_bytes(content[end : end + 2], "big")
        if marker == JPEG_SCAN:
            found = JPEG_SCAN_END.search(content, end)
            end = found.start() if found else len(content) + 1
        if end > len(content):
            raise CutShortError("is cut short")
        yield marker, content[at:end]
        if marker == JPEG_END:
            return
        at = max(end, at + JPEG_MARKER_BYTES)


def _png(content: bytes) -> Clean:
    kept, orientation, is_animated = [content[:PNG_SIGNATURE_BYTES]], UPRIGHT, False
    at = PNG_SIGNATURE_BYTES
    kind = b""
    while kind != b"IEND":
        end = at + PNG_CHUNK_BYTES + int.from_bytes(content[at : at + 4], "big")
        kind = content[at + 4 : at + 8]
        if end > len(content):
            raise CutShortError("is cut short")
        if kind in PNG_KEPT:
            kept.append(content[at:end])
        elif kind == b"eXIf":
            orientation = orientation_of(content[at + 8 : end - 4])
        elif kind == b"acTL":
            is_animated = int.from_bytes(content[at + 8 : at + 12], "big") > 1
        at = end
    return Clean(b"".join(kept), orientation, is_animated)


def _webp(content: bytes) -> Clean:
    kept, orientation, is_animated = list[bytes](), UPRIGHT, False
    for kind, chunk in _webp_chunks(content):
        if kind == b"EXIF":
            orientation = orientation_of(chunk[8:])
        elif kind == b"VP8X":
            is_animated = bool(chunk[8] & WEBP_ANIMATION_FLAG)
            kept.append(chunk[:8] + bytes([chunk[8] & ~WEBP_METADATA_FLAGS]) + chunk[9:])
        elif kind in WEBP_KEPT:
            kept.append(chunk)
    body = b"WEBP" + b"".join(kept)
    return Clean(b"RIFF" + len(body).to_bytes(4, "little") + body, orientation, is_animated)


def _webp_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each chunk with its header and padding."""
    total = int.from_bytes(content[4:8], "little") + 8
    if total > len(content):
        raise CutShortError("is cut short")
    at = RIFF_HEADER_BYTES
    while at + 8 < total:
        length = int.from_bytes(content[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        if at + 8 + length > total or (content[at : at + 4] == b"VP8X" and not length):
            raise CutShortError("is damaged")
        yield content[at : at + 4], content[at:end].ljust(end - at, b"\0")
        at = end
