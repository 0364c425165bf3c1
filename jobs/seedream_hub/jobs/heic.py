"""Read HEIC photos with pi-heif's decoder.

Its own Pillow plugin reads metadata first, and crashes the process on some damaged files (1.4.0, found by fuzzing,
2026-11): the decoder is asked directly, and for pixels only. Whether a file has metadata is told from its boxes.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final, Protocol, cast

from PIL import Image, ImageFile

from seedream_hub.schemas.language import say

KNOWN_BOXES: Final = frozenset({b"ftyp", b"meta", b"mdat", b"free"})
KNOWN_ITEMS: Final = frozenset({b"hvc1", b"grid", b"iden", b"iovl"})
ITEM: Final = re.compile(rb"infe(?:\x02.{7}|\x03.{9})(.{4})", re.DOTALL)
"""An entry of the list of items (ISO 14496-12), up to its type."""
BOX_BYTES: Final = 8
LONG_BOX_BYTES: Final = 16

THREADS: Final = 1
TO_8_BITS, TO_BGR, CUT_STRIDE, TO_16_BITS, LIFT_LIMITS = True, False, True, False, False


class Decoded(Protocol):
    """One picture of a file, as the decoder lends it; `data` decodes."""

    primary: bool
    size_mode: tuple[tuple[int, int], str]
    color_profile: dict[str, Any] | None
    data: memoryview
    stride: int


class HeicImageFile(ImageFile.ImageFile):
    """The primary picture of a HEIC file. The decoder turns it upright by itself."""

    format = "HEIC"
    format_description = "HEIC photo"

    def _open(self) -> None:
        load_file = import_module("_pi_heif").load_file
        content = self.fp.read() if self.fp else b""
        found = load_file(content, THREADS, TO_8_BITS, TO_BGR, CUT_STRIDE, TO_16_BITS, "", LIFT_LIMITS)
        pictures = cast("list[Decoded | None]", found)
        self._picture = next((picture for picture in pictures if picture and picture.primary), None)
        if self._picture is None:
            raise SyntaxError(say("it holds no picture"))
        self._size, self._mode = self._picture.size_mode
        profile = self._picture.color_profile or {}
        if profile.get("type") in {"prof", "rICC"}:
            self.info["icc_profile"] = profile["data"]

    def load(self) -> "Image.core.PixelAccess | None":
        """Decode at the first call."""
        if self._picture:
            data, stride = self._picture.data, self._picture.stride
            self._size, mode = self._picture.size_mode
            self._picture = None
            self.load_prepare()
            self.frombytes(data, "raw", mode, stride)
        return super().load()


def has_metadata(content: bytes) -> bool:
    """Say whether a HEIC file may hold anything but pixels. In doubt it does."""
    items: list[bytes] = ITEM.findall(content)
    if b"Exif" in content or len(items) < content.count(b"infe"):
        return True
    return not (set(items) <= KNOWN_ITEMS and set(_boxes(content)) <= KNOWN_BOXES)


def _boxes(content: bytes) -> Iterator[bytes]:
    """Yield the type of each outer box."""
    at = 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(content[at + BOX_BYTES : at + LONG_BOX_BYTES], "big")
        yield content[at + 4 : at + BOX_BYTES]
        at += max(size, BOX_BYTES) if size else len(content)
