"""Paint smooth-edged shapes, gradients and noise on a Pillow image."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from PIL import Image, ImageChops, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

_RIM: Final = 180  # what Pillow's radial gradient reaches at the middle of its sides; 255 is in the corners
_SMOOTHING: Final = 2  # masks are drawn this many times larger, then averaged


@dataclass(frozen=True, slots=True)
class Fade:
    """A vertical gradient from the top of a shape to its bottom."""

    top: Colour
    bottom: Colour


Paint = Colour | Fade


@dataclass(frozen=True, slots=True)
class Canvas:
    """A picture and, when its background is left out, the mask of what covers that background."""

    rgb: Image.Image
    cover: Image.Image | None = None

    @property
    def width(self) -> int:
        """Return the width in pixels."""
        return self.rgb.width

    @property
    def height(self) -> int:
        """Return the height in pixels."""
        return self.rgb.height

    def lay(self, paint: Colour | Image.Image, mask: Image.Image, at: tuple[int, int] = (0, 0)) -> None:
        """Lay `paint` through `mask`, whose upper left corner goes `at`."""
        box = (at[0], at[1], at[0] + mask.width, at[1] + mask.height)
        self.rgb.paste(paint, box, mask)
        if self.cover is not None:
            self.cover.paste(255, box, mask)

    def shape(self, points: Sequence[Point], paint: Paint, opacity: float = 1.0) -> None:
        """Fill the polygon `points`; parts outside the picture are cut off."""
        box = self._visible(points)
        if box is None:
            return
        left, top, right, bottom = box
        size = (right - left, bottom - top)
        mask = Image.new("L", (size[0] * _SMOOTHING, size[1] * _SMOOTHING))
        outline = [((x - left) * _SMOOTHING, (y - top) * _SMOOTHING) for x, y in points]
        ImageDraw.Draw(mask).polygon(outline, fill=round(255 * opacity))
        fill = fade(size, (paint.top, paint.bottom)) if isinstance(paint, Fade) else paint
        self.lay(fill, mask.reduce(_SMOOTHING), (left, top))

    def disc(self, centre: Point, radius: float, paint: Paint, opacity: float = 1.0) -> None:
        """Fill a circle."""
        self.shape(arc(centre, radius), paint, opacity)

    def glow(self, centre: Point, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """Lighten the background around `centre`; a glow never counts as cover."""
        side = max(2, round(radius * 2))
        curve = [round(255 * strength * max(0.0, 1 - level / _RIM) ** 2.2) for level in range(256)]
        mask = scaled(relevelled(Image.radial_gradient("L"), curve), (side, side))
        self.rgb.paste(colour, (round(centre[0]) - side // 2, round(centre[1]) - side // 2), mask)

    def _visible(self, points: Sequence[Point]) -> tuple[int, int, int, int] | None:
        left = max(0, math.floor(min(x for x, _ in points)))
        top = max(0, math.floor(min(y for _, y in points)))
        right = min(self.width, math.ceil(max(x for x, _ in points)))
        bottom = min(self.height, math.ceil(max(y for _, y in points)))
        return (left, top, right, bottom) if right > left and bottom > top else None


def scaled(
    picture: Image.Image, size: tuple[int, int], resample: Image.Resampling = Image.Resampling.BICUBIC
) -> Image.Image:
    """Return the picture at another size."""
    return picture.resize(size, resample)  # pyright: ignore[reportUnknownMemberType] - the stubs name numpy


def relevelled(picture: Image.Image, table: list[int]) -> Image.Image:
    """Return the grey picture with each of its 256 levels replaced by the table's."""
    return picture.point(table)  # pyright: ignore[reportUnknownMemberType] - the stubs name numpy


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour `share` (0..1) of the way from `first` to `second`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def fade(size: tuple[int, int], stops: Sequence[Colour]) -> Image.Image:
    """Return a vertical gradient through evenly spaced `stops`."""
    column = Image.new("RGB", (1, len(stops)))
    for row, colour in enumerate(stops):
        column.putpixel((0, row), colour)
    if len(stops) == 1:
        return scaled(column, size)
    # Half a stop is cut from each end: resizing repeats it as a flat border.
    edge = (0, 0.5, 1, len(stops) - 0.5)
    tall = column.transform((1, size[1]), Image.Transform.EXTENT, edge, Image.Resampling.BILINEAR)
    return scaled(tall, size)


def arc(centre: Point, radius: float, start: float = 0, stop: float = 360) -> list[Point]:
    """Return points on a circle from `start` to `stop`, in degrees clockwise from three o'clock."""
    steps = max(12, min(160, round(radius * abs(stop - start) / 360)))
    angles = (math.radians(start + (stop - start) * step / steps) for step in range(steps + 1))
    return [(centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)) for angle in angles]


def rolling(rng: Random, count: int, waves: float, *, roughness: float = 0.5, sharp: bool = False) -> list[float]:
    """Return `count` samples in -1..1 of noise with about `waves` hills; `sharp` makes them peaks."""
    total = [0.0] * count
    weight, reach, octaves = 1.0, 0.0, 6 if sharp else 3
    for _ in range(octaves):
        lattice = [rng.uniform(-1, 1) for _ in range(math.ceil(waves) + 2)]
        shift = rng.random()
        for index in range(count):
            cell, part = divmod(shift + index / count * waves, 1)
            eased = part if sharp else part * part * (3 - 2 * part)
            low, high = lattice[int(cell)], lattice[int(cell) + 1]
            total[index] += weight * (low + (high - low) * eased)
        reach += weight
        weight *= roughness
        waves *= 2
    return [value / reach for value in total]


def under(curve: Sequence[float], size: tuple[int, int]) -> list[Point]:
    """Return the polygon below `curve`, heights in pixels spread over the whole width."""
    step = size[0] / (len(curve) - 1)
    top = [(index * step, y) for index, y in enumerate(curve)]
    return [*top, (size[0], size[1]), (0, size[1])]


def clouds(rng: Random, size: tuple[int, int], cells: tuple[int, int], octaves: int = 4) -> Image.Image:
    """Return soft grey noise, `cells` blobs across and down at its coarsest."""
    picture = Image.new("L", size, 128)
    for octave in range(octaves):
        across, down = cells[0] << octave, cells[1] << octave
        blobs = Image.frombytes("L", (across, down), rng.randbytes(across * down))
        layer = scaled(blobs, size)
        picture = Image.blend(picture, layer, 1 / (1 << octave) if octave else 1.0)
    return picture


def grain(picture: Image.Image, rng: Random, depth: int = 4) -> None:
    """Add film grain of at most `depth` levels each way, tile by tile to keep memory low."""
    side = 256
    levels = [128 + round((level / 255 - 0.5) * 2 * depth) for level in range(256)]
    noise = relevelled(Image.frombytes("L", (side, side), rng.randbytes(side * side)), levels)
    tile = Image.merge("RGB", (noise, noise, noise))
    for top in range(0, picture.height, side):
        for left in range(0, picture.width, side):
            box = (left, top, min(left + side, picture.width), min(top + side, picture.height))
            part = picture.crop(box)
            picture.paste(ImageChops.add(part, tile.crop((0, 0, *part.size)), 1, -128), box)


def joined(polygons: Iterable[Sequence[Point]], size: tuple[int, int]) -> Image.Image:
    """Return one mask of many polygons, smooth at the edges."""
    mask = Image.new("L", (size[0] * _SMOOTHING, size[1] * _SMOOTHING))
    pen = ImageDraw.Draw(mask)
    for points in polygons:
        pen.polygon([(x * _SMOOTHING, y * _SMOOTHING) for x, y in points], fill=255)
    return mask.reduce(_SMOOTHING)
