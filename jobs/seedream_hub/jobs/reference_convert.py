"""Redraw a reference as a JPEG or PNG that an upstream takes: upright, small enough, with its colours."""

from dataclasses import dataclass
from io import BytesIO
from math import floor, sqrt
from typing import Final, Literal, TypeAlias, cast

from PIL import Image, ImageCms

from seedream_hub.schemas.language import say

from .reference_source import LYING, Source, open_picture

Format: TypeAlias = Literal["jpeg", "png"]

QUALITIES: Final = (92, 85, 75, 65)
FULL_COLOUR: Final = 90
"""From this JPEG quality on, colour keeps the full resolution: references hold lettering and logos."""
SIXTEEN_BITS: Final = 65_535
SMALLEST_SIDE: Final = 64
"""Pixels. A limit in bytes that a picture of this side misses is none a picture can meet."""

TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class TooLargeError(ValueError):
    """No JPEG or PNG of this picture is small enough, or neither is taken."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the redrawn picture may be. `size` is that of the upright picture."""

    size: tuple[int, int]
    formats: tuple[str, ...] | None
    max_bytes: float


@dataclass(frozen=True, slots=True)
class Redrawn:
    """A redrawn picture."""

    content: bytes
    format: Format
    width: int
    height: int


def redraw(source: Source, target: Target) -> Redrawn:
    """Decode a picture, its first frame, and encode it within the target.

    Raises:
        TooLargeError: If that cannot be done.
        Exception: One of `UNREADABLE`, if the picture is damaged.
    """
    image, profile = _decoded(source, target.size)
    kind = _format(source, image, target)
    while True:
        content = _smallest(image, kind, profile, target.max_bytes)
        if len(content) <= target.max_bytes:
            return Redrawn(content, kind, *image.size)
        if kind == "png" and not image.has_transparency_data and _takes(target, "jpeg"):
            kind = "jpeg"
        elif min(image.size) < SMALLEST_SIDE:
            raise TooLargeError(say("cannot be made small enough"))
        else:
            scale = min(0.9, max(0.5, 0.95 * sqrt(target.max_bytes / len(content))))
            image = _resized(image, shrunk(image.size, scale))


def shrunk(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Scale a size down. Its ratio stays, or comes a trace nearer to a square: never past a bound it kept."""
    short, long = min(size), max(size)
    less = max(1, floor(short * scale))
    more = floor(less * long / short)
    return (more, less) if size[0] >= size[1] else (less, more)


def _smallest(image: Image.Image, kind: Format, profile: bytes | None, max_bytes: float) -> bytes:
    """Encode at falling quality until it fits; return the last try where none does."""
    content = b""
    for quality in QUALITIES if kind == "jpeg" else (QUALITIES[0],):
        content = _encoded(image, kind, quality, profile)
        if len(content) <= max_bytes:
            break
    return content


def _takes(target: Target, kind: Format) -> bool:
    return target.formats is None or kind in target.formats


def _format(source: Source, image: Image.Image, target: Target) -> Format:
    """Choose PNG for what has transparency or was a PNG of few enough bytes, else JPEG, as far as both are taken."""
    order: tuple[Format, ...] = ("jpeg", "png")
    if image.has_transparency_data or (source.kind == "png" and len(source.content) <= target.max_bytes):
        order = ("png", "jpeg")
    for kind in order:
        if _takes(target, kind):
            return kind
    raise TooLargeError(say("cannot be converted to a format that is taken"))


def _decoded(source: Source, size: tuple[int, int]) -> tuple[Image.Image, bytes | None]:
    """Decode at the wanted size, upright, in gray or RGB with or without alpha; return the colour profile to keep."""
    turn = None if source.kind == "tiff" else TURNS.get(source.orientation)  # Pillow turns a TIFF itself
    with open_picture(source.kind, source.content) as opened:
        profile: bytes | None = opened.info.get("icc_profile")
        opened.draft(None, (size[1], size[0]) if source.orientation >= LYING else size)
        image, profile = _plain(opened, profile)
    image.info.clear()  # a comment in it would be written again
    image = _without_idle_alpha(image)
    if turn is not None:
        image = image.transpose(turn)
    return image if image.size == size else _resized(image, size), profile


def _plain(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, bytes | None]:
    """Return the picture in L, LA, RGB or RGBA, and its profile if that still holds."""
    if image.mode in {"CMYK", "LAB"}:
        return _to_srgb(image, profile), None
    if image.mode.startswith("I"):
        return _levels(image.convert("I"), SIXTEEN_BITS), profile
    if image.mode == "F":
        return _levels(image, 1, 255, SIXTEEN_BITS), profile
    gray = image.mode in {"1", "L", "LA", "La"}
    if image.has_transparency_data:
        return image.convert("LA" if gray else "RGBA"), profile
    return image.convert("L" if gray else "RGB"), profile


def _levels(image: Image.Image, *whites: int) -> Image.Image:
    """Bring a gray picture of finer levels down to 256; white is the first of `whites` that nothing exceeds."""
    _, brightest = cast("tuple[float, float]", image.getextrema())
    step = 255 / next((white for white in whites if brightest <= white), brightest)
    return image.point(lambda level: level * step).convert("L")  # pyright: ignore[reportUnknownMemberType]


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    lanczos = Image.Resampling.LANCZOS
    return image.resize(size, lanczos)  # pyright: ignore[reportUnknownMemberType] - the stubs name numpy


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert by the colour profile; a CMYK picture without a usable one by formula."""
    own = _profile("LAB") if image.mode == "LAB" else BytesIO(profile or b"")
    try:
        return ImageCms.profileToProfile(image, own, _profile("sRGB"), outputMode="RGB") or image.convert("RGB")
    except ImageCms.PyCMSError:
        return image.convert("RGB")


def _profile(space: Literal["LAB", "sRGB"]) -> ImageCms.ImageCmsProfile:
    core = ImageCms.createProfile(space)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return ImageCms.ImageCmsProfile(core)  # pyright: ignore[reportUnknownArgumentType] - a type of the C module


def _without_idle_alpha(image: Image.Image) -> Image.Image:
    """Drop an alpha channel in which everything is opaque."""
    if image.mode not in {"LA", "RGBA"} or image.getchannel("A").getextrema() != (255, 255):
        return image
    return image.convert(image.mode[:-1])


def _encoded(image: Image.Image, kind: Format, quality: int, profile: bytes | None) -> bytes:
    out = BytesIO()
    if kind == "png":
        image.save(out, "PNG", icc_profile=profile)
        return out.getvalue()
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA")).convert("RGB")
    subsampling = "4:4:4" if quality >= FULL_COLOUR else "4:2:0"
    optimize = quality < FULL_COLOUR  # it needs room for the whole file, and Pillow takes too little for noise
    image.save(out, "JPEG", quality=quality, subsampling=subsampling, optimize=optimize, icc_profile=profile)
    return out.getvalue()
