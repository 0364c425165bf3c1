"""Draw a sandbox picture: a scene chosen by the prompt, the prompt on it, references and marks."""

import hashlib
import io
import warnings
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from PIL import Image, ImageDraw, ImageOps

from . import lettering, prints, scenery, waterside
from .canvas import Canvas, grain, scaled
from .catalog import CATALOG
from .palettes import Style, choose

FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
MOST_PIXELS: Final = CATALOG.references["current"].pixels[1]
"""Of a reference: none larger is decoded."""

PAINTED_PX: Final = 1000
"""The longer side the scenery is painted at; it is enlarged from there, the letters are not."""

CREDIT: Final = "Seedream Hub sandbox · no model was called"
MARK: Final = "AI generated"
QUALITY: Final = 88
LONG_PROMPT: Final = 60


@dataclass(frozen=True, slots=True)
class Scene:
    """What to draw. `index` and `total` place the picture in its set; `seed` decides the composition."""

    prompt: str
    width: int
    height: int
    seed: str
    index: int = 0
    total: int = 1
    model: str = ""
    watermark: bool = True
    references: tuple[bytes, ...] = ()
    output_format: Literal["jpeg", "png"] = "jpeg"
    transparent: bool = False

    @property
    def unit(self) -> float:
        """Return the length that sizes letters: the shorter side, a little more when the other is long."""
        return min(self.width, self.height) ** 0.75 * max(self.width, self.height) ** 0.25

    @property
    def margin(self) -> int:
        """Return the distance kept from the edges, in pixels."""
        return round(min(self.width, self.height) * 0.045)


def draw(scene: Scene) -> bytes:
    """Return the picture, encoded, of exactly the scene's pixels; equal scenes give equal bytes.

    Raises:
        ValueError: If a reference cannot be read; the message names it.
    """
    thumbnails = [_thumbnail(data, number, scene) for number, data in enumerate(scene.references, 1)]
    picture = _enlarged(_painted(scene), scene)
    text_top = _title(picture, scene)
    _credit(picture, scene, text_top)
    _show_references(picture, scene, thumbnails)
    if scene.total > 1:
        _badge(picture, scene)
    if scene.watermark:
        _watermark(picture, scene)
    return _encoded(picture, scene)


def _painted(scene: Scene) -> Canvas:
    """Paint the scenery small. Pictures of a set share its style and differ in composition."""
    shape = PAINTED_PX / max(scene.width, scene.height)
    size = (max(40, round(scene.width * shape)), max(40, round(scene.height * shape)))
    canvas = Canvas(Image.new("RGB", size), Image.new("L", size) if scene.transparent else None)
    style = choose(scene.prompt, _dice(scene.seed))
    rng = _dice(f"{scene.seed}/{scene.index}")
    if style.family == "bauhaus" and not scene.transparent:
        prints.bauhaus(canvas, style.inks, rng)
    elif style.family == "paper" and not scene.transparent:
        prints.paper(canvas, style.palette, rng)
    else:
        _landscape(canvas, style, rng)
    return canvas


def _landscape(canvas: Canvas, style: Style, rng: Random) -> None:
    sun = (canvas.width * rng.uniform(0.18, 0.82), canvas.height * rng.uniform(0.16, 0.36))
    side = min(canvas.width, canvas.height)
    view = scenery.View(canvas, style.palette, rng, sun, side * rng.uniform(0.04, 0.075))
    scenery.sky(view)
    painters = {
        "forest": scenery.forest,
        "dunes": scenery.dunes,
        "sea": waterside.sea,
        "city": waterside.city,
    }
    painters.get(style.family, scenery.mountains)(view)


def _enlarged(canvas: Canvas, scene: Scene) -> Image.Image:
    size = (scene.width, scene.height)
    picture = scaled(canvas.rgb, size)
    grain(picture, _dice(f"{scene.seed}/grain"), depth=5)
    if canvas.cover is not None:
        picture.putalpha(scaled(canvas.cover, size))
    return picture


def _title(picture: Image.Image, scene: Scene) -> int:
    """Set the prompt above the foot; return the baseline of the credit line below it."""
    size, margin = round(scene.unit * (0.055 if len(scene.prompt) < LONG_PROMPT else 0.042)), scene.margin
    foot = scene.height - margin - round(_small(scene) * 2.1)
    if size < lettering.LEAST_PX:
        return foot
    most = max(1, min(4, round(scene.height * 0.3 / (size * 1.3))))
    lines = lettering.wrap(scene.prompt, lettering.font(size), scene.width * 0.86 - margin, most)
    top = foot - round(_small(scene) * 1.5) - round(len(lines) * size * 1.3)
    if not scene.transparent:
        lettering.scrim(picture, max(0, top - round(size * 2.4)))
    for number, line in enumerate(lines):
        lettering.write(picture, (margin, top + round((number + 1) * size * 1.3)), line, size)
    return foot


def _credit(picture: Image.Image, scene: Scene, baseline: int) -> None:
    size = _small(scene)
    if size < lettering.LEAST_PX:
        return
    text = f"{CREDIT} · {scene.model}" if scene.model else CREDIT
    line = lettering.shorten(text, lettering.font(size), scene.width - 2 * scene.margin)
    lettering.write(picture, (scene.margin, baseline), line, size)


def _watermark(picture: Image.Image, scene: Scene) -> None:
    """Mark the lower right corner; in the smallest pictures the mark is all there is room for."""
    size = max(_small(scene), 6)
    while size > 1 and lettering.font(size).getlength(MARK) > scene.width * 0.9:
        size -= 1
    edge = max(1, min(scene.margin, 60))
    lettering.write(picture, (scene.width - edge, scene.height - edge), MARK, size, "rs")


def _badge(picture: Image.Image, scene: Scene) -> None:
    size = round(scene.unit * 0.03)
    if size >= lettering.LEAST_PX:
        corner = (scene.width - scene.margin, scene.margin)
        lettering.plaque(picture, corner, f"{scene.index + 1} / {scene.total}", size)


def _show_references(picture: Image.Image, scene: Scene, thumbnails: list[Image.Image]) -> None:
    """Frame the references in a row at the upper left, each with the name prompts call it by."""
    x, y, label = scene.margin, scene.margin, round(_side(scene) * 0.14)
    frame = max(1, round(_side(scene) * 0.04))
    for number, thumbnail in enumerate(thumbnails, 1):
        plate = (x, y, x + thumbnail.width + 2 * frame, y + thumbnail.height + 2 * frame)
        ImageDraw.Draw(picture).rectangle(plate, lettering.INK)
        picture.paste(thumbnail, (x + frame, y + frame))
        if label >= lettering.LEAST_PX:
            lettering.write(picture, (x, plate[3] + label * 1.4), f"image {number}", label)
        x += _side(scene) + 2 * frame + max(2, round(_side(scene) * 0.1))


def _side(scene: Scene) -> int:
    """Return the longest side of a reference's thumbnail: all of them fit beside the badge."""
    room = scene.width * (0.86 if scene.total > 1 else 1.0) - 2 * scene.margin
    return max(4, round(min(scene.unit * 0.17, room / max(1, len(scene.references)) / 1.2)))


def _thumbnail(data: bytes, number: int, scene: Scene) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _refuse_bomb(image)
                image.draft("RGB", (_side(scene), _side(scene)))
                small = ImageOps.exif_transpose(image)
                small.thumbnail((_side(scene), _side(scene)))
                return _opaque(small)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise ValueError(f"image {number} cannot be read: {exc}") from exc


def _refuse_bomb(image: Image.Image) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise ValueError(f"it has more than {MOST_PIXELS:,} pixels")


def _opaque(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def _small(scene: Scene) -> int:
    return round(scene.unit * 0.021)


def _dice(seed: str) -> Random:
    return Random(hashlib.sha256(seed.encode()).digest())  # noqa: S311 - a composition, not a secret


def _encoded(picture: Image.Image, scene: Scene) -> bytes:
    out = io.BytesIO()
    if scene.output_format == "png" or scene.transparent:
        picture.save(out, "PNG", compress_level=3)
    else:
        picture.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
