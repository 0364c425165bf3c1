"""Compose landscapes: a sky, then ground in layers that fade with distance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Final

from PIL import Image

from .canvas import Canvas, Colour, Fade, Point, clouds, fade, mix, relevelled, rolling, scaled, under
from .palettes import Palette

_SNOWY_RANGES: Final = 2


@dataclass(frozen=True, slots=True)
class View:
    """What every part of a landscape needs to know."""

    canvas: Canvas
    palette: Palette
    rng: Random
    sun: Point
    sun_radius: float

    @property
    def unit(self) -> float:
        """Return the length that sizes things: the shorter side, a little more when the other is long."""
        width, height = self.canvas.width, self.canvas.height
        return min(width, height) ** 0.75 * max(width, height) ** 0.25

    @property
    def is_night(self) -> bool:
        """Say whether the stars are out."""
        return self.palette.mood == "night"

    def depth(self, share: float) -> Colour:
        """Return the ground colour `share` of the way from the horizon to the viewer."""
        return mix(self.palette.far, self.palette.near, share)

    def curve(self, base: float, swell: float, hills: float, *, sharp: bool = False) -> list[float]:
        """Return heights in pixels of a ridge about `base` and `swell` (shares of the height)."""
        width, height = self.canvas.width, self.canvas.height
        waves = max(0.7, min(60.0, hills * width / (1.4 * self.unit)))
        count = max(16, min(1200, width // 2))
        lift = min(swell * height, 0.7 * width)
        noise = rolling(self.rng, count, waves, roughness=0.52 if sharp else 0.35, sharp=sharp)
        return [base * height - lift * value for value in noise]


def sky(view: View) -> None:
    """Paint the sky: its gradient, stars at night, the sun or moon, and clouds."""
    canvas, palette = view.canvas, view.palette
    canvas.rgb.paste(fade((canvas.width, round(canvas.height * 0.7)), palette.sky))
    canvas.rgb.paste(palette.sky[-1], (0, round(canvas.height * 0.7), canvas.width, canvas.height))
    if view.is_night:
        _stars(view)
    canvas.glow(view.sun, view.sun_radius * 9, palette.light, 0.30 if view.is_night else 0.55)
    _clouds(view)
    canvas.glow(view.sun, view.sun_radius * 2.6, palette.light, 0.55)
    canvas.disc(view.sun, view.sun_radius, palette.light)
    if view.is_night:
        _moon_seas(view)


def mountains(view: View) -> None:
    """Paint misty ranges, the farthest the highest and capped with snow."""
    steps = 6
    for step in range(steps):
        share = step / (steps - 1)
        base = 0.50 + 0.42 * share**1.15
        ridge = view.curve(base, 0.40 - 0.30 * share, 2.4 + 1.6 * share, sharp=True)
        _ground(view, ridge, view.depth(0.12 + 0.88 * share**1.3), mist=0.62 * (1 - share))
        if step < _SNOWY_RANGES:
            _snow(view, ridge)
    birds(view)


def forest(view: View) -> None:
    """Paint rows of conifers in mist; at night an aurora above them."""
    if view.is_night:
        _aurora(view)
    _ground(view, view.curve(0.52, 0.20, 1.5, sharp=True), view.depth(0.10), mist=0.5)
    steps = 5
    for step in range(steps):
        share = step / (steps - 1)
        line = view.curve(0.58 + 0.34 * share, 0.09, 1.8)
        colour = view.depth(0.22 + 0.78 * share**1.2)
        _ground(view, _conifers(view, line, 0.05 + 0.13 * share), colour, mist=0.55 * (1 - share))
    birds(view)


def dunes(view: View) -> None:
    """Paint dunes with a lit and a shaded side."""
    canvas, palette = view.canvas, view.palette
    steps = 5
    for step in range(steps):
        share = step / (steps - 1)
        crest = view.curve(0.56 + 0.34 * share, 0.12 + 0.08 * share, 1.1 + 0.6 * (1 - share))
        lit = mix(mix(palette.sky[-1], palette.far, 0.35 + 0.65 * share), palette.near, 0.25 * share)
        _ground(view, crest, lit, mist=0.35 * (1 - share))
        shade = mix(mix(palette.sky[-1], palette.near, 0.3 + 0.4 * share), palette.near, 0.3 * share)
        for shadow in _lee_sides(view, crest):
            canvas.shape(shadow, Fade(shade, mix(lit, shade, 0.12)), 0.9)
    birds(view)


def birds(view: View) -> None:
    """Let a small flock pass, by day."""
    if view.is_night:
        return
    rng, canvas = view.rng, view.canvas
    centre = (canvas.width * rng.uniform(0.2, 0.8), canvas.height * rng.uniform(0.22, 0.38))
    for _ in range(rng.randint(4, 8)):
        x = centre[0] + view.unit * rng.gauss(0, 0.10)
        y = centre[1] + view.unit * rng.gauss(0, 0.04)
        span, dip = view.unit * rng.uniform(0.008, 0.016), rng.uniform(0.35, 0.6)
        wing = [(-1.0, -dip), (-0.45, -dip * 1.15), (0.0, 0.0), (0.45, -dip * 1.15), (1.0, -dip)]
        back = [(0.45, -dip * 0.8), (0.0, 0.32), (-0.45, -dip * 0.8)]
        outline = [(x + span * dx, y + span * dy) for dx, dy in (*wing, *back)]
        canvas.shape(outline, view.depth(0.9), 0.85)


def _ground(view: View, ridge: list[float], colour: Colour, *, mist: float) -> None:
    haze = mix(colour, view.palette.sky[-1], mist)
    outline = under(ridge, (view.canvas.width, view.canvas.height))
    view.canvas.shape(outline, Fade(colour, haze))


def _snow(view: View, ridge: list[float]) -> None:
    snowline = sorted(ridge)[len(ridge) // 2]
    ragged = rolling(view.rng, len(ridge), 30 * view.canvas.width / view.unit, roughness=0.6, sharp=True)
    lower = [y + max(0.0, snowline - y) * (0.40 + 0.5 * tooth) for y, tooth in zip(ridge, ragged, strict=True)]
    step = view.canvas.width / (len(ridge) - 1)
    top = [(index * step, y) for index, y in enumerate(ridge)]
    bottom = [(index * step, max(y, low)) for index, (y, low) in enumerate(zip(ridge, lower, strict=True))]
    white = mix(view.palette.sky[-1], view.palette.light, 0.7)
    view.canvas.shape([*top, *reversed(bottom)], Fade(white, mix(white, view.palette.far, 0.45)), 0.9)


def _conifers(view: View, line: list[float], tallest: float) -> list[float]:
    tree = max(3, round(len(line) * tallest * view.unit * 0.42 / view.canvas.width))
    outline, left = list(line), 0
    while left < len(line):
        broad = max(3, round(tree * view.rng.uniform(0.6, 1.1)))
        tall = tallest * view.unit * view.rng.uniform(0.45, 1.0)
        for index in range(left, min(left + broad, len(line))):
            slope = 1 - abs(2 * (index - left) / (broad - 1) - 1)
            tiers = slope + 0.10 * math.sin(slope * 22)
            outline[index] = min(outline[index], line[index] - tall * max(0.0, tiers))
        left += max(1, round(broad * view.rng.uniform(0.45, 0.95)))
    return outline


def _lee_sides(view: View, crest: list[float]) -> list[list[Point]]:
    """Return the shaded side of each summit: from the crest down, and back to it where the ground rises."""
    step, reach = view.canvas.width / (len(crest) - 1), max(4, len(crest) // 24)
    away = 1 if view.sun[0] < view.canvas.width / 2 else -1
    shadows: list[list[Point]] = []
    for summit in range(len(crest)):
        if crest[summit] > min(crest[max(0, summit - reach) : summit + reach + 1]):
            continue
        ridge = [(index * step, crest[index]) for index in _downhill(crest, summit, away)]
        fall = ridge[-1][1] - ridge[0][1]
        if fall > 0.02 * view.canvas.height:
            shadows.append([*ridge, *reversed(_foot(ridge, fall, away * view.unit))])
    return shadows


def _downhill(crest: list[float], summit: int, away: int) -> list[int]:
    run = [summit]
    while 0 <= run[-1] + away < len(crest) and crest[run[-1] + away] >= crest[run[-1]]:
        run.append(run[-1] + away)
    return run


def _foot(ridge: list[Point], fall: float, swing: float) -> list[Point]:
    """Return the edge of the shadow: winding down from the summit, then running out under the trough."""
    start, end = ridge[0], ridge[-1]
    drop = 2.2 * fall
    steps = 30
    shares = [step / steps for step in range(steps + 1)]
    winding = [
        (start[0] + swing * 0.09 * math.sin(5.2 * part) + (end[0] - start[0]) * 0.25 * part, start[1] + drop * part)
        for part in shares
    ]
    low = winding[-1]
    back = [(low[0] + (end[0] - low[0]) * part, end[1] + (low[1] - end[1]) * (1 - part) ** 1.6) for part in shares]
    return [*winding, *back]


def _stars(view: View) -> None:
    rng, canvas = view.rng, view.canvas
    for _ in range(min(420, canvas.width * canvas.height // 900)):
        x, y = rng.uniform(0, canvas.width), canvas.height * 0.6 * rng.random() ** 1.3
        radius = max(0.55, view.unit * 0.0011 * rng.choice((0.6, 0.8, 1.0, 1.0, 1.7)))
        diamond = [(x - radius, y), (x, y - radius), (x + radius, y), (x, y + radius)]
        Canvas(canvas.rgb).shape(diamond, view.palette.light, rng.uniform(0.35, 1.0))


def _clouds(view: View) -> None:
    canvas, rng = view.canvas, view.rng
    size = (canvas.width, max(1, round(canvas.height * 0.62)))
    across = max(2, min(24, round(3 * canvas.width / view.unit)))
    down = max(3, min(48, round(9 * canvas.height / view.unit)))
    low = rng.randint(128, 146)
    levels = [max(0, min(130, round((level - low) * 3.2))) for level in range(256)]
    mask = relevelled(clouds(rng, size, (across, down)), levels)
    tint = mix(view.palette.sky[-1], view.palette.light, 0.3)
    canvas.rgb.paste(mix(tint, view.palette.sky[1], 0.6 if view.is_night else 0.0), (0, 0), mask)


def _moon_seas(view: View) -> None:
    for _ in range(5):
        angle, away = view.rng.uniform(0, math.tau), view.rng.uniform(0.1, 0.6)
        centre = (
            view.sun[0] + view.sun_radius * away * math.cos(angle),
            view.sun[1] + view.sun_radius * away * math.sin(angle),
        )
        spot = mix(view.palette.light, view.palette.far, 0.3)
        view.canvas.disc(centre, view.sun_radius * view.rng.uniform(0.08, 0.26), spot, 0.5)


def _aurora(view: View) -> None:
    canvas, rng = view.canvas, view.rng
    for tint in (mix(view.palette.sky[-1], (96, 255, 190), 0.75), mix(view.palette.sky[-1], (150, 110, 255), 0.6)):
        veil = _veil(rng, (240, 160))
        mask = scaled(veil, (canvas.width, round(canvas.height * 0.62)))
        canvas.rgb.paste(tint, (0, 0), mask)


def _veil(rng: Random, size: tuple[int, int]) -> Image.Image:
    sheet = Image.new("L", size)
    ramp = relevelled(Image.linear_gradient("L"), [round(255 * (level / 255) ** 2) for level in range(256)])
    hem = rolling(rng, size[0], 2.2, roughness=0.4)
    rays = rolling(rng, size[0], 30, roughness=0.7, sharp=True)
    for x in range(size[0]):
        foot = round(size[1] * (0.70 + 0.24 * hem[x]))
        tall = max(4, round(size[1] * (0.50 + 0.35 * rays[x])))
        bright = 0.5 + 0.4 * rays[x]
        column = relevelled(scaled(ramp, (1, tall)), [round(level * bright) for level in range(256)])
        sheet.paste(column, (x, foot - tall))
    return sheet
