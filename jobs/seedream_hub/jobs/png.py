"""Is a PNG whole: every chunk there and unharmed, by the checksums it carries, without its pixels in memory."""

import os
import struct
import zlib
from pathlib import Path
from typing import IO, Final

from seedream_hub.schemas.language import say

HEAD: Final = struct.Struct(">I4s")
SUM: Final = struct.Struct(">I")
SIGNATURE_BYTES: Final = 8
BLOCK_BYTES: Final = 256 * 1024
LAST: Final = b"IEND"


def check_png(path: Path) -> None:
    """Read every chunk.

    Raises:
        ValueError: If one is missing or harmed.
    """
    with path.open("rb") as file:
        file.seek(SIGNATURE_BYTES, os.SEEK_SET)
        while _chunk(file) != LAST:
            pass


def _chunk(file: IO[bytes]) -> bytes:
    """Read one chunk; return its name."""
    length, name = HEAD.unpack(_exactly(file, HEAD.size))
    checksum, left = zlib.crc32(name), int(length)
    while left:
        block = _exactly(file, min(left, BLOCK_BYTES))
        checksum, left = zlib.crc32(block, checksum), left - len(block)
    if SUM.unpack(_exactly(file, SUM.size))[0] != checksum:
        raise ValueError(say("the checksum of a chunk {name!r} is wrong", name=name))
    return name


def _exactly(file: IO[bytes], size: int) -> bytes:
    block = file.read(size)
    if len(block) < size:
        raise ValueError(say("the end is missing"))
    return block
