"""Compose places by the water: an open sea and a city with its reflection."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw

from .canvas import Fade, Point, clouds, fade, mix, relevelled, rolling, scaled, under
from .scenery import View, birds


def sea(view: View) -> None:
    """Paint water to the horizon, the light on it, islands, a sail and waves."""
    canvas, palette = view.canvas, view.palette
    horizon = round(canvas.height * view.rng.uniform(0.50, 0.56))
    _islands(view, horizon)
    size = (canvas.width, canvas.height - horizon)
    shallow = mix(palette.sky[-1], palette.sky[0], 0.38)
    water = fade(size, (shallow, mix(shallow, palette.sky[0], 0.6), mix(palette.sky[0], palette.near, 0.6)))
    canvas.lay(water, Image.new("L", size, 255), (0, horizon))
    _ripples(view, horizon)
    _glitter(view, horizon)
    _sail(view, horizon)
    _waves(view)
    birds(view)


def city(view: View) -> None:
    """Paint a skyline in layers, its lit windows, and its mirror image in a river."""
    canvas, palette = view.canvas, view.palette
    bank = round(canvas.height * 0.68)
    for step in range(4):
        share = step / 3
        _skyline(view, bank, share)
    canvas.glow((view.sun[0], bank), view.unit * 0.7, palette.accent, 0.25)
    _mirror(view, bank)
    _glitter(view, bank)


def _islands(view: View, horizon: int) -> None:
    for share in (0.12, 0.34):
        curve = view.curve(0, 0.10, 1.5, sharp=True)
        line = [horizon + min(0.0, y + view.canvas.height * 0.03) for y in curve]
        paint = Fade(view.depth(share), mix(view.depth(share), view.palette.sky[-1], 0.5))
        view.canvas.shape(under(line, (view.canvas.width, horizon)), paint)


def _ripples(view: View, horizon: int) -> None:
    canvas = view.canvas
    size = (canvas.width, canvas.height - horizon)
    across = max(2, min(40, round(5 * canvas.width / view.unit)))
    down = max(6, min(160, round(40 * canvas.height / view.unit)))
    noise = clouds(view.rng, size, (across, down), 3)
    light = relevelled(noise, [max(0, min(70, (level - 140) * 2)) for level in range(256)])
    dark = relevelled(noise, [max(0, min(90, (112 - level) * 2)) for level in range(256)])
    canvas.lay(view.palette.sky[-1], light, (0, horizon))
    canvas.lay(mix(view.palette.sky[0], view.palette.near, 0.5), dark, (0, horizon))


def _glitter(view: View, horizon: int) -> None:
    canvas, rng = view.canvas, view.rng
    deep = canvas.height - horizon
    for _ in range(170):
        share = rng.random() ** 1.4
        y = horizon + share * deep * 0.8
        spread = view.sun_radius * (0.5 + 2.2 * share)
        x = view.sun[0] + rng.gauss(0, spread * 0.55)
        long = view.sun_radius * rng.uniform(0.15, 0.55) * (0.4 + share)
        thick = max(0.5, view.unit * (0.0009 + 0.0035 * share))
        dash = [(x - long, y), (x, y - thick), (x + long, y), (x, y + thick)]
        canvas.shape(dash, view.palette.light, rng.uniform(0.35, 0.9) * (1 - 0.5 * share))


def _sail(view: View, horizon: int) -> None:
    rng, size = view.rng, view.unit * view.rng.uniform(0.05, 0.08)
    away = 0.33 if view.sun[0] > view.canvas.width / 2 else 0.67
    x = view.canvas.width * (away + rng.uniform(-0.08, 0.08))
    y = horizon + view.canvas.height * rng.uniform(0.02, 0.05)

    def put(points: list[Point], flip: float = 1.0) -> list[Point]:
        return [(x + size * dx, y + size * dy * flip) for dx, dy in points]

    hull = [(-0.42, -0.10), (0.46, -0.10), (0.32, 0.06), (-0.32, 0.06)]
    main = [(0.02, -1.05), (0.02, -0.16), (0.42, -0.16), (0.30, -0.5)]
    jib = [(-0.03, -0.92), (-0.03, -0.16), (-0.38, -0.16)]
    dark, white = view.depth(0.95), mix(view.palette.light, view.palette.accent, 0.25)
    for points in (main, jib):
        view.canvas.shape(put(points, -0.55), white, 0.22)
    view.canvas.shape(put(hull), dark)
    view.canvas.shape(put(main), white)
    view.canvas.shape(put(jib), mix(white, view.palette.far, 0.35))


def _waves(view: View) -> None:
    palette = view.palette
    steps = 4
    for step in range(steps):
        share = step / (steps - 1)
        line = view.curve(0.76 + 0.17 * share, 0.018 + 0.02 * share, 2.2)
        colour = mix(mix(palette.sky[0], palette.far, 0.25), palette.near, 0.35 + 0.65 * share)
        crest = view.unit * (0.008 + 0.006 * share)
        swell = rolling(view.rng, len(line), 14 * view.canvas.width / view.unit)
        lifted = [y - crest * max(0.0, lift) for y, lift in zip(line, swell, strict=True)]
        foam = under(lifted, view.canvas.rgb.size)
        view.canvas.shape(foam, mix(colour, palette.light, 0.55), 0.55)
        view.canvas.shape(under(line, view.canvas.rgb.size), Fade(colour, mix(colour, palette.near, 0.5)))


def _skyline(view: View, bank: int, share: float) -> None:
    canvas, rng = view.canvas, view.rng
    colour = view.depth(0.10 + 0.85 * share)
    foot = mix(colour, view.palette.sky[-1], 0.5 * (1 - share))
    middle = canvas.width * rng.uniform(0.35, 0.65)
    x = -view.unit * 0.05
    while x < canvas.width:
        wide = view.unit * rng.uniform(0.035, 0.085)
        near = math.exp(-(((x + wide / 2 - middle) / (0.42 * canvas.width)) ** 2))
        tall = min(canvas.height * 0.46, view.unit * 0.75) * (0.25 + 0.75 * near * rng.random() ** 0.7)
        top = bank - tall * (1.0 - 0.42 * share)
        canvas.shape(_tower(view, x, top, wide, bank), Fade(colour, mix(colour, foot, 0.8)))
        if share > 0.4:
            _windows(view, (x, top, wide), bank, share)
        x += wide * rng.uniform(0.9, 1.35)


def _tower(view: View, x: float, top: float, wide: float, bank: int) -> list[Point]:
    roof, half = view.rng.random(), wide / 2
    crown: list[Point] = [(x, top), (x + wide, top)]
    if roof < 0.2:
        spire = view.unit * 0.05
        mast = wide * 0.03
        crown = [(x, top), (x + half - mast, top), (x + half, top - spire), (x + half + mast, top), (x + wide, top)]
    elif roof < 0.4:
        crown = [(x, top), (x + wide, top - wide * 0.45)]
    elif roof < 0.6:
        step = wide * 0.22
        crown = [(x, top + step), (x + step, top + step), (x + step, top), (x + wide - step, top)]
        crown += [(x + wide - step, top + step), (x + wide, top + step)]
    return [*crown, (x + wide, bank), (x, bank)]


def _windows(view: View, tower: tuple[float, float, float], bank: int, share: float) -> None:
    x, top, wide = tower
    rng, pane = view.rng, max(1.0, view.unit * 0.0042)
    pen = ImageDraw.Draw(view.canvas.rgb)
    wall = view.depth(0.10 + 0.85 * share)
    lit_share = 0.42 if view.is_night else 0.26
    row = top + wide * 0.30
    while row < bank - pane * 2:
        column = x + pane * 1.6
        while column < x + wide - pane * 2.4:
            if rng.random() < lit_share:
                shine = mix(wall, view.palette.accent, rng.uniform(0.4, 1.0))
                pen.rectangle((column, row, column + pane, row + pane * 1.3), fill=shine)
            column += pane * 2.4
        row += pane * 3.0


def _mirror(view: View, bank: int) -> None:
    canvas, palette = view.canvas, view.palette
    size = (canvas.width, canvas.height - bank)
    above = canvas.rgb.crop((0, max(0, bank - round(size[1] * 1.5)), canvas.width, bank))
    image = scaled(above.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (max(1, size[0] // 3), size[1]))
    image = scaled(image, size)
    deep = fade(size, (mix(palette.sky[-1], palette.near, 0.35), palette.near))
    canvas.lay(Image.blend(image, deep, 0.45), Image.new("L", size, 255), (0, bank))
    _ripples(view, bank)
