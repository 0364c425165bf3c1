"""Draw a sandbox picture: a scene chosen by the prompt, the prompt on it, references and marks."""

import hashlib
import io
import math
import warnings
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from PIL import Image, ImageOps

from . import lettering, prints, scenery, waterside
from .canvas import Canvas, grain, scaled
from .catalog import CATALOG
from .palettes import Style, choose

FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
MOST_PIXELS: Final = CATALOG.references["current"].pixels[1]
"""Of a reference: none larger is decoded."""

PAINTED_PX: Final = 750_000
"""The pixels the scenery is painted with; it is enlarged from there, the letters are not."""

LONGEST_PAINTED_PX: Final = 2400

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
    side = _side(scene, _rows(scene))
    thumbnails = [_thumbnail(data, number, side) for number, data in enumerate(scene.references, 1)]
    picture = _enlarged(_painted(scene), scene)
    _caption(picture, scene)
    _show_references(picture, scene, thumbnails)
    if scene.total > 1:
        _badge(picture, scene)
    if scene.watermark:
        _watermark(picture, scene)
    return _encoded(picture, scene)


def _painted(scene: Scene) -> Canvas:
    """Paint the scenery small. Pictures of a set share its style and differ in composition."""
    shape = min(
        math.sqrt(PAINTED_PX / (scene.width * scene.height)), LONGEST_PAINTED_PX / max(scene.width, scene.height)
    )
    size = (max(40, round(scene.width * shape)), max(40, round(scene.height * shape)))
    canvas = Canvas(Image.new("RGB", size), Image.new("L", size) if scene.transparent else None)
    style = choose(scene.prompt, _dice(scene.seed))
    rng = _dice(f"{scene.seed}/{scene.index}")
    if style.family == "bauhaus" and not scene.transparent:
        prints.bauhaus(canvas, style.inks, rng)
    elif style.family == "paper" and not scene.transparent:
        prints.paper(canvas, style.palette, rng)
    else:
        # References hang at the upper left, so the sun leaves that place to them.
        leftmost = 0.55 if scene.references else 0.18
        _landscape(canvas, style, rng, leftmost)
    return canvas


def _landscape(canvas: Canvas, style: Style, rng: Random, leftmost: float) -> None:
    sun = (canvas.width * rng.uniform(leftmost, 0.82), canvas.height * rng.uniform(0.16, 0.36))
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


def _caption(picture: Image.Image, scene: Scene) -> None:
    """Write the prompt and the credit above the row that is the watermark's."""
    small, credit = _small(scene), _credit(scene)
    baseline = scene.height - scene.margin - round(small * 2.1)
    first = baseline - round((len(credit) - 1) * small * 1.4)
    _title(picture, scene, first - small if credit else baseline)
    for number, line in enumerate(credit):
        lettering.write(picture, (scene.margin, first + round(number * small * 1.4)), line, small)


def _title(picture: Image.Image, scene: Scene, foot: int) -> None:
    """Set the prompt so that its last line keeps clear of the credit, which begins at `foot`."""
    size, margin = round(scene.unit * (0.055 if len(scene.prompt) < LONG_PROMPT else 0.042)), scene.margin
    if size < lettering.LEAST_PX:
        return
    most = max(1, min(4, round(scene.height * 0.3 / (size * 1.3))))
    lines = lettering.wrap(scene.prompt, lettering.font(size), scene.width * 0.86 - margin, most)
    top = foot - round(size * 0.42) - round(len(lines) * size * 1.3)
    if not scene.transparent:
        lettering.scrim(picture, max(0, top - round(size * 3.2)), max(0, top))
    for number, line in enumerate(lines):
        lettering.write(picture, (margin, top + round((number + 1) * size * 1.3)), line, size)


def _credit(scene: Scene) -> list[str]:
    """Return the credit's lines: one, or more where they do not fit beside each other."""
    if _small(scene) < lettering.LEAST_PX:
        return []
    face, room = lettering.font(_small(scene)), scene.width - 2 * scene.margin
    together = f"{CREDIT} · {scene.model}" if scene.model else CREDIT
    lines = [together] if face.getlength(together) <= room else [CREDIT, scene.model]
    if face.getlength(CREDIT) > room:
        lines = together.split(" · ")
    return [lettering.shorten(line, face, room) for line in lines if line]


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
    """Frame the references at the upper left, each with the name prompts call it by on its frame."""
    rows = _rows(scene)
    side, columns, y = _side(scene, rows), -(-len(thumbnails) // rows), scene.margin
    for first in range(0, len(thumbnails), max(1, columns)):
        row = thumbnails[first : first + columns]
        foot = y + max(thumbnail.height for thumbnail in row)
        for column, thumbnail in enumerate(row):
            x = scene.margin + round(column * side * 1.17) + (side - thumbnail.width) // 2
            lettering.mount(picture, thumbnail, (x, foot - thumbnail.height), f"image {first + column + 1}", side)
        y = foot + round(side * 0.36)


def _rows(scene: Scene) -> int:
    """Return how many rows give the largest thumbnails."""
    return max(range(1, 5), key=lambda rows: (_side(scene, rows), -rows))


def _side(scene: Scene, rows: int) -> int:
    """Return the longest side of a thumbnail: all fit beside the badge and in the upper third."""
    room = scene.width - 2 * scene.margin - (scene.unit * 0.15 if scene.total > 1 else 0)
    columns = -(-max(1, len(scene.references)) // rows)
    return max(4, int(min(scene.unit * 0.17, room / columns / 1.17, scene.height * 0.34 / rows / 1.36)))


def _thumbnail(data: bytes, number: int, side: int) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _refuse_bomb(image)
                image.draft("RGB", (side, side))
                small = ImageOps.exif_transpose(image)
                small.thumbnail((side, side))
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
