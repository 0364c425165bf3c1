"""Compose abstract pictures: Bauhaus tiles and layers of cut paper."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageFilter

from .canvas import Canvas, Colour, Fade, Point, arc, joined, mix, relevelled, rolling, scaled, under
from .palettes import Palette


def bauhaus(canvas: Canvas, inks: tuple[Colour, ...], rng: Random) -> None:
    """Tile the paper with circles, quarters, bars and triangles, some tiles of double size."""
    canvas.rgb.paste(inks[0], (0, 0, canvas.width, canvas.height))
    across, down, side = _grid(canvas)
    taken: set[tuple[int, int]] = set()
    for row in range(down):
        for column in range(across):
            if (column, row) in taken:
                continue
            span = 2 if _fits_double(column, row, across, down, taken) and rng.random() < 0.3 else 1
            taken |= {(column + x, row + y) for x in range(span) for y in range(span)}
            _tile(canvas, (column * side, row * side), side * span, inks, rng)


def paper(canvas: Canvas, palette: Palette, rng: Random) -> None:
    """Stack sheets of cut paper with waved edges, each throwing a soft shadow."""
    canvas.rgb.paste(palette.sky[-1], (0, 0, canvas.width, canvas.height))
    sheets = 8
    tones = (*reversed(palette.sky), mix(palette.sky[0], palette.near, 0.5), palette.near)
    centre = (canvas.width * rng.uniform(0.25, 0.75), canvas.height * rng.uniform(0.20, 0.34))
    unit = min(canvas.width, canvas.height)
    for ring in range(4):
        tint = mix(palette.light, palette.accent, 0.9 - 0.3 * ring)
        _sheet(canvas, arc(centre, unit * (0.27 - 0.055 * ring)), Fade(tint, mix(tint, palette.sky[2], 0.15)))
    lean = rng.uniform(-0.25, 0.25)
    for step in range(sheets):
        share = step / (sheets - 1)
        low = share * (len(tones) - 1)
        tone = mix(tones[int(low)], tones[min(int(low) + 1, len(tones) - 1)], low % 1)
        swell = min(canvas.height * 0.13, canvas.width * 0.5)
        count = max(16, min(400, canvas.width // 2))
        waves = max(0.9, 1.7 * canvas.width / max(unit, canvas.height * 0.5))
        noise = rolling(rng, count, waves, roughness=0.18)
        edge = [
            canvas.height * (0.30 + 0.60 * share) - swell * (value * 1.5 + lean * (2 * index / count - 1))
            for index, value in enumerate(noise)
        ]
        _sheet(canvas, under(edge, canvas.rgb.size), Fade(mix(tone, palette.light, 0.12), tone))


def _grid(canvas: Canvas) -> tuple[int, int, float]:
    short = min(canvas.width, canvas.height)
    cells = max(1, min(5, short // 24))
    side = short / cells
    return -(-canvas.width // max(1, int(side))), -(-canvas.height // max(1, int(side))), side


def _fits_double(column: int, row: int, across: int, down: int, taken: set[tuple[int, int]]) -> bool:
    return column + 1 < across and row + 1 < down and (column + 1, row) not in taken


def _tile(canvas: Canvas, corner: Point, side: float, inks: tuple[Colour, ...], rng: Random) -> None:
    ground, figure, extra = rng.sample(inks, 3)
    x, y = corner
    square = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    if ground != inks[0]:
        canvas.shape(square, ground)
    motif = rng.choice((_circle, _quarter, _quarter, _halves, _bars, _triangle, _leaf, _dots))
    motif(canvas, corner, side, (figure, extra), rng)


def _circle(canvas: Canvas, corner: Point, side: float, inks: tuple[Colour, Colour], rng: Random) -> None:
    centre = (corner[0] + side / 2, corner[1] + side / 2)
    canvas.disc(centre, side * 0.5, inks[0])
    canvas.disc(centre, side * rng.choice((0.14, 0.25, 0.33)), inks[1])


def _quarter(canvas: Canvas, corner: Point, side: float, inks: tuple[Colour, Colour], rng: Random) -> None:
    turn = rng.randrange(4)
    pivot = (corner[0] + side * (turn in {1, 2}), corner[1] + side * (turn in {2, 3}))
    for radius, ink in ((1.0, inks[0]), (rng.choice((0.0, 0.33, 0.5)), inks[1])):
        canvas.shape([pivot, *arc(pivot, side * radius, turn * 90, turn * 90 + 90)], ink)


def _halves(canvas: Canvas, corner: Point, side: float, inks: tuple[Colour, Colour], rng: Random) -> None:
    start = rng.choice((0, 180))
    for step in (0, 1):
        centre = (corner[0] + side / 2, corner[1] + side * (0.5 * step + (0.5 if start else 0.0)))
        canvas.shape(arc(centre, side / 2, start, start + 180), inks[step])


def _bars(canvas: Canvas, corner: Point, side: float, inks: tuple[Colour, Colour], rng: Random) -> None:
    is_upright, bars = rng.random() < 0.5, rng.choice((3, 4))
    thick = side / (2 * bars)
    for step in range(bars):
        start = thick * (2 * step + 0.5)
        ends = [(start, 0.0), (start + thick, 0.0), (start + thick, side), (start, side)]
        turned = ends if is_upright else [(y, x) for x, y in ends]
        canvas.shape([(corner[0] + dx, corner[1] + dy) for dx, dy in turned], inks[0])


def _triangle(canvas: Canvas, corner: Point, side: float, inks: tuple[Colour, Colour], rng: Random) -> None:
    x, y = corner
    ends = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    ends.pop(rng.randrange(4))
    canvas.shape(ends, inks[0])


def _leaf(canvas: Canvas, corner: Point, side: float, inks: tuple[Colour, Colour], rng: Random) -> None:
    x, y = corner
    if rng.random() < 0.5:
        ends = arc((x, y + side), side, -90, 0) + arc((x + side, y), side, 90, 180)
    else:
        ends = arc((x, y), side, 0, 90) + arc((x + side, y + side), side, 180, 270)
    canvas.shape(ends, inks[0])
    canvas.disc((x + side / 2, y + side / 2), side * 0.14, inks[1])


def _dots(canvas: Canvas, corner: Point, side: float, inks: tuple[Colour, Colour], rng: Random) -> None:
    count = rng.choice((2, 3))
    pitch = side / count
    for row in range(count):
        for column in range(count):
            centre = (corner[0] + pitch * (column + 0.5), corner[1] + pitch * (row + 0.5))
            canvas.disc(centre, pitch * 0.3, inks[(row + column) % 2])


def _sheet(canvas: Canvas, outline: list[Point], paint: Fade) -> None:
    unit = min(canvas.width, canvas.height)
    small = (max(1, canvas.width // 4), max(1, canvas.height // 4))
    shape = joined([[(x / 4, (y - unit * 0.012) / 4) for x, y in outline]], small)
    blurred = shape.filter(ImageFilter.GaussianBlur(unit * 0.006))
    faint = relevelled(blurred, [round(level * 0.32) for level in range(256)])
    shadow = scaled(faint, canvas.rgb.size, Image.Resampling.BILINEAR)
    canvas.rgb.paste((20, 14, 30), (0, 0), shadow)
    canvas.shape(outline, paint)
