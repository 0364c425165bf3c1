"""Tell what a file is by its first bytes, whatever its name says."""

from typing import Final, Literal, TypeAlias

from seedream_hub.schemas.language import later, say

Kind: TypeAlias = Literal["jpeg", "png", "webp", "gif", "bmp", "tiff", "heic", "avif"]

SIGNATURES: Final[tuple[tuple[bytes, Kind], ...]] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
)
HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1"})
BMP_HEADER_BYTES: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})

OTHERS: Final = (
    (b"%PDF-", later("a PDF")),
    (b"8BPS", later("a Photoshop file")),
    (b"PK\x03\x04", later("a ZIP archive or an office document")),
    (b"\0\0\0\x0cJXL ", later("a JPEG XL picture, which is not read here")),
    (b"\xff\x0a", later("a JPEG XL picture, which is not read here")),
    (b"\0\0\0\x0cjP  ", later("a JPEG 2000 picture, which is not read here")),
    (b"\0\0\x01\0", later("an icon file")),
)
MARKUP: Final = (
    (b"<svg", later("an SVG drawing")),
    (b"<html", later("an HTML page")),
    (b"<!doctype html", later("an HTML page")),
)
START_BYTES: Final = 1024


def kind_of(content: bytes) -> Kind | None:
    """Return the format of a picture; None if it is none that is read here."""
    for start, kind in SIGNATURES:
        if content.startswith(start):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    if content[:2] == b"BM" and int.from_bytes(content[14:18], "little") in BMP_HEADER_BYTES:
        return "bmp"
    return _by_brand(content) if content[4:8] == b"ftyp" else None


def what_instead(content: bytes) -> str:
    """Say what bytes are that are no picture."""
    start = content[:START_BYTES]
    if not start:
        return say("an empty file")
    if other := next((name for signature, name in OTHERS if start.startswith(signature)), None):
        return say(other)
    if start[4:8] == b"ftyp":
        return say("a video or another media file")
    if markup := next((name for tag, name in MARKUP if tag in start.lower()), None):
        return say(markup)
    return say("text") if _is_text(start) else say("no picture of a format read here")


def _by_brand(content: bytes) -> Kind | None:
    """Read the brands of an ISO media file; AVIF lists `mif1` too, so its own come first."""
    box = content[8 : min(int.from_bytes(content[:4], "big"), START_BYTES)]
    brands = {box[at : at + 4] for at in range(0, len(box) - 3, 4)}
    if brands & {b"avif", b"avis"}:
        return "avif"
    return "heic" if brands & HEIC_BRANDS else None


def _is_text(start: bytes) -> bool:
    text = start.decode("utf-8", "replace")  # the cut may go through a character
    return text.count("\N{REPLACEMENT CHARACTER}") <= 1 and all(c.isprintable() or c.isspace() for c in text)
