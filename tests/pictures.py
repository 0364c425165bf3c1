"""Pictures for tests: real files, some with a location in them.

Pillow writes all but the HEIC ones in `data`: those were written once by pillow-heif, which can encode.
"""

import struct
import zlib
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

DATA = Path(__file__).parent / "data"
MARKER = b"MARKER"
"""Stands in all metadata a test picture has, so that the bytes can be searched for it."""


def drawn(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """Return a picture whose left upper corner is red, for telling which way up it is."""
    image = Image.new("RGB", (width, height), (40, 90, 160))
    ImageDraw.Draw(image).rectangle((0, 0, width // 2, height // 2), fill=(220, 30, 30))
    if mode.endswith("A"):
        image.putalpha(128)
    return image.convert(mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def picture(kind: str, width: int = 64, height: int = 48) -> bytes:
    """Return a plain picture of a format; the HEIC one has a size of its own."""
    if kind in {"heic", "heif"}:
        return (DATA / "plain.heic").read_bytes()
    return saved(drawn(width, height), kind)


def location(orientation: int = 1) -> Image.Exif:
    """Return EXIF data with a place and a description."""
    exif = Image.Exif()
    exif[0x010E] = "MARKER description"
    exif[0x0112] = orientation
    place = exif.get_ifd(0x8825)
    place.update({1: "N", 2: (48.0, 51.0, 29.5), 3: "E", 4: (2.0, 17.0, 40.0), 29: "MARKER date"})
    return exif


def located(kind: str, orientation: int = 1, image: Image.Image | None = None) -> bytes:
    """Return a picture with a location, in every place the format has for one."""
    if kind == "heic":
        return (DATA / "gps.heic").read_bytes()
    image, exif = image or drawn(), location(orientation)
    xmp = b"<x:xmpmeta>MARKER</x:xmpmeta>"
    match kind:
        case "jpeg":
            content = saved(image, kind, exif=exif, xmp=xmp, comment=b"MARKER", quality=95)
            iptc = b"\xff\xed\0\x1aPhotoshop 3.0\0MARKER iptc"
            return content[:2] + iptc + content[2:] + b"MARKER after the end"
        case "png":
            text = PngInfo()
            for add in (text.add_text, text.add_itxt):
                add("Location", "MARKER")
            text.add_text("Zipped", "MARKER", zip=True)
            content = saved(image, kind, exif=exif, pnginfo=text)
            return content[:-12] + chunk(b"tIME", b"MARKER!") + content[-12:] + b"MARKER after the end"
        case "webp":
            return saved(image, kind, exif=exif, xmp=xmp, lossless=True)
        case _:
            return saved(image, kind, exif=exif)


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def claimed(width: int, height: int) -> bytes:
    """Return a tiny PNG whose header claims a size."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


def opened(content: bytes) -> Image.Image:
    """Return a picture, decoded."""
    image = Image.open(BytesIO(content))
    image.load()
    return image
