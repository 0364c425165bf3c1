"""Walk the parts of JPEG, PNG and WebP files, from the start to the end of their first picture."""

import re
from collections.abc import Iterator
from mmap import mmap
from typing import Final, NamedTuple, TypeAlias

from seedream_hub.schemas.language import say

Bytes: TypeAlias = bytes | mmap
"""A file's content, in memory or mapped."""

JPEG_MARKER_BYTES: Final = 2
JPEG_END, JPEG_SCAN = 0xD9, 0xDA
JPEG_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
JPEG_SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

PNG_SIGNATURE_BYTES: Final = 8
PNG_CHUNK_BYTES: Final = 12

RIFF_HEADER_BYTES: Final = 12


class CutShortError(ValueError):
    """The file ends before its picture does, or is damaged."""


class Segment(NamedTuple):
    """A marker of a JPEG with what belongs to it; a scan's data are part of the scan."""

    marker: int
    start: int
    end: int


class Chunk(NamedTuple):
    """A chunk of a PNG or WebP, with its header and checksum or padding."""

    kind: bytes
    start: int
    end: int


def jpeg_segments(content: Bytes) -> Iterator[Segment]:
    """Yield each segment after the first marker.

    Raises:
        CutShortError: If the picture is not whole.
    """
    at = JPEG_MARKER_BYTES
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 >= len(content):
            raise CutShortError(say("is cut short"))
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
            raise CutShortError(say("is cut short"))
        yield Segment(marker, at, end)
        if marker == JPEG_END:
            return
        at = max(end, at + JPEG_MARKER_BYTES)


def png_chunks(content: Bytes) -> Iterator[Chunk]:
    """Yield each chunk.

    Raises:
        CutShortError: If the picture is not whole.
    """
    at, kind = PNG_SIGNATURE_BYTES, b""
    while kind != b"IEND":
        end = at + PNG_CHUNK_BYTES + int.from_bytes(content[at : at + 4], "big")
        kind = content[at + 4 : at + 8]
        if end > len(content):
            raise CutShortError(say("is cut short"))
        yield Chunk(kind, at, end)
        at = end


def webp_end(content: Bytes) -> int:
    """Return where a WebP says that it ends."""
    return int.from_bytes(content[4:8], "little") + 8


def webp_chunks(content: Bytes) -> Iterator[Chunk]:
    """Yield each chunk; the last one's padding may be missing.

    Raises:
        CutShortError: If the file is not whole, or damaged.
    """
    total = webp_end(content)
    if total > len(content):
        raise CutShortError(say("is cut short"))
    at = RIFF_HEADER_BYTES
    while at + 8 < total:
        length = int.from_bytes(content[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        if at + 8 + length > total or (content[at : at + 4] == b"VP8X" and not length):
            raise CutShortError(say("is damaged"))
        yield Chunk(content[at : at + 4], at, end)
        at = end
