"""Put an XMP packet into a JPEG, PNG or WebP file. Every byte that was there stays, but for a WebP's own header.

No library does it as it must be done here: Pillow encodes a JPEG anew, pyexiv2 and python-xmp-toolkit bring C++
libraries (the first under the GPL), EmbedXMP a framework.
"""

import hashlib
import os
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final, NamedTuple

from seedream_hub.schemas.language import later, say
from seedream_hub.schemas.xmp import NAMESPACE

from .metadata import EXIF_PREFIX, JPEG_EXIF
from .picture_kind import kind_of
from .reference_source import webp_canvas
from .segments import (
    JPEG_MARKER_BYTES,
    JPEG_SCAN,
    PNG_SIGNATURE_BYTES,
    RIFF_HEADER_BYTES,
    Bytes,
    CutShortError,
    jpeg_segments,
    png_chunks,
    webp_chunks,
    webp_end,
)

HEAD_BYTES: Final = 64
BLOCK_BYTES: Final = 1 << 20

JPEG_FIRST, JPEG_JUMBF = 0xE0, 0xEB
JPEG_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
JPEG_MOST_BYTES: Final = 0xFFFF - 2 - len(JPEG_XMP)
PNG_XMP: Final = b"XML:com.adobe.xmp\0"
PNG_SIGNED: Final = frozenset({b"caBX", b"dSIG"})
WEBP_XMP, WEBP_SIGNED = b"XMP ", b"C2PA"
WEBP_XMP_FLAG, WEBP_ALPHA_FLAG = 0x04, 0x10
WEBP_FLAGS_AT: Final = RIFF_HEADER_BYTES + 8
WEBP_HAS_ALPHA: Final = (24, 0x10)
"""Place and bit in the header of a lossless picture."""

SIGNED: Final = later("it carries a signature (C2PA), which any change would break")
HAS_XMP: Final = later("it carries XMP data of its own")
TOO_LONG: Final = later("the record is too long for a JPEG")
NO_PLACE: Final = later("there is no place for it in the file")


class LeftAloneError(ValueError):
    """The file takes no packet; the text, in the language of the process, says why."""


class Edit(NamedTuple):
    """What comes in place of some of a file's bytes."""

    start: int
    end: int
    content: bytes


def embed(source: Path, target: Path, packet: bytes) -> tuple[int, str]:
    """Write a picture with a packet in it to `target`, synced; return the length and SHA-256 of what was written.

    Raises:
        LeftAloneError: If the picture takes none; nothing is written.
        OSError: If the disk refuses.
    """
    digest, size = hashlib.sha256(), 0
    with _mapped(source) as content:
        edits = _edits(content, packet)
        with target.open("wb") as file:
            for block in _blocks(content, edits):
                file.write(block)
                digest.update(block)
                size += len(block)
            file.flush()
            os.fsync(file.fileno())
    return size, digest.hexdigest()


def is_embedded(path: Path) -> bool:
    """Say whether a picture has a record of ours in it.

    Raises:
        OSError: If it cannot be read.
    """
    with _mapped(path) as content:
        return content.find(NAMESPACE.encode()) >= 0


@contextmanager
def _mapped(path: Path) -> Generator[mmap]:
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        yield content


def _blocks(content: Bytes, edits: list[Edit]) -> Iterator[bytes]:
    """Yield the file as it will be."""
    at = 0
    for edit in (*edits, Edit(len(content), len(content), b"")):
        for start in range(at, edit.start, BLOCK_BYTES):
            yield content[start : min(start + BLOCK_BYTES, edit.start)]
        yield edit.content
        at = edit.end


def _edits(content: Bytes, packet: bytes) -> list[Edit]:
    """Return what puts a packet into a file, in order."""
    try:
        match kind_of(content[:HEAD_BYTES]):
            case "jpeg":
                return _jpeg(content, packet)
            case "png":
                return _png(content, packet)
            case "webp":
                return _webp(content, packet)
            case _:
                raise LeftAloneError(say(NO_PLACE))
    except CutShortError as exc:
        raise LeftAloneError(say(NO_PLACE)) from exc


def _jpeg(content: Bytes, packet: bytes) -> list[Edit]:
    """Put the packet behind the segments that must come first: JFIF's and EXIF's."""
    if len(packet) > JPEG_MOST_BYTES:
        raise LeftAloneError(say(TOO_LONG))
    at = JPEG_MARKER_BYTES
    for marker, start, end in jpeg_segments(content):
        if marker == JPEG_SCAN:
            break
        body = content[start + 4 : min(end, start + 4 + len(JPEG_XMP))]
        if marker == JPEG_JUMBF:
            raise LeftAloneError(say(SIGNED))
        if marker == JPEG_EXIF and body == JPEG_XMP:
            raise LeftAloneError(say(HAS_XMP))
        if start == at and (marker == JPEG_FIRST or (marker == JPEG_EXIF and body.startswith(EXIF_PREFIX))):
            at = end
    body = JPEG_XMP + packet
    return [Edit(at, at, b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body)]


def _png(content: Bytes, packet: bytes) -> list[Edit]:
    """Put the packet behind the header, uncompressed, as XMP readers find it."""
    at = 0
    for kind, start, end in png_chunks(content):
        if kind in PNG_SIGNED:
            raise LeftAloneError(say(SIGNED))
        if kind == b"iTXt" and content[start + 8 : end].startswith(PNG_XMP):
            raise LeftAloneError(say(HAS_XMP))
        at = at or end
    if content[PNG_SIGNATURE_BYTES + 4 : PNG_SIGNATURE_BYTES + 8] != b"IHDR":
        raise LeftAloneError(say(NO_PLACE))
    body = b"iTXt" + PNG_XMP + b"\0\0\0\0" + packet
    chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    return [Edit(at, at, chunk)]


def _webp(content: Bytes, packet: bytes) -> list[Edit]:
    """Put the packet at the end and say so in the header, which a simple file gets for it."""
    kinds = [chunk.kind for chunk in webp_chunks(content)]
    if WEBP_SIGNED in kinds:
        raise LeftAloneError(say(SIGNED))
    if WEBP_XMP in kinds:
        raise LeftAloneError(say(HAS_XMP))
    total = webp_end(content)
    chunk = _chunk(WEBP_XMP, packet)
    if kinds[0] == b"VP8X":
        flags = bytes([content[WEBP_FLAGS_AT] | WEBP_XMP_FLAG])
        header = Edit(WEBP_FLAGS_AT, WEBP_FLAGS_AT + 1, flags)
        size = total + len(chunk)
    else:
        header = Edit(RIFF_HEADER_BYTES, RIFF_HEADER_BYTES, _webp_header(content, kinds[0]))
        size = total + len(chunk) + len(header.content)
    return [Edit(4, 8, (size - 8).to_bytes(4, "little")), header, Edit(total, total, chunk)]


def _webp_header(content: Bytes, kind: bytes) -> bytes:
    """Return the header of an extended file for what a simple one holds."""
    at, bit = WEBP_HAS_ALPHA
    has_alpha = kind == b"VP8L" and content[at] & bit
    flags = WEBP_XMP_FLAG | (WEBP_ALPHA_FLAG if has_alpha else 0)
    sides = b"".join((side - 1).to_bytes(3, "little") for side in webp_canvas(content[:HEAD_BYTES]))
    return _chunk(b"VP8X", bytes([flags, 0, 0, 0]) + sides)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)
