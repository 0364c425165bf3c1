"""Resolve `size` and `aspect_ratio` to what goes on the wire, within a model's documented window."""

import re
from dataclasses import dataclass
from math import ceil, floor, sqrt
from typing import Final

from .errors import ArgumentError
from .language import listed, say
from .limits import Limits, ModelLimits

PIXELS: Final = re.compile(r"([1-9][0-9]{1,4})x([1-9][0-9]{1,4})")


@dataclass(frozen=True, slots=True)
class Size:
    """The `size` to send, and its pixels where they are fixed (a bare tier leaves the shape to the model).

    `wire` is None where the call names no size and the document no default. `ratio` stands beside a tier only where
    the upstream takes the two apart (EvoLink).
    """

    wire: str | None
    width: int | None = None
    height: int | None = None
    ratio: str | None = None

    def __str__(self) -> str:
        shown = " ".join(part for part in (self.wire, self.ratio) if part)
        return shown or say("the upstream's default size")

    @classmethod
    def of(cls, wire: str) -> "Size":
        """Read a wire value: a tier, or `WIDTHxHEIGHT`."""
        match = PIXELS.fullmatch(wire)
        return cls(wire, int(match[1]), int(match[2])) if match else cls(wire)


def resolve_size(size: str | None, aspect_ratio: str | None, model: ModelLimits, limits: Limits) -> Size:
    """Return the size to send for a call's `size` and `aspect_ratio`.

    Neither: the model's documented default. A ratio alone: the default's tier at that ratio.

    Raises:
        ArgumentError: If the model does not take it; the message has the limit, its source and a value that works.
    """
    if size is None and aspect_ratio is None:
        return Size.of(model.size.default) if model.size.default else Size(None)
    pixels = PIXELS.fullmatch(size) if size else None
    if pixels and aspect_ratio:
        works = say("drop aspect_ratio")
        if model.size.tiers:
            works = say("drop aspect_ratio, or pass a tier such as size={tier}", tier=default_tier(model))
        problem = say("goes with a tier, and size {size} already fixes the shape", size=size)
        raise ArgumentError("aspect_ratio", problem, works)
    if pixels and not model.size.takes_pixels:
        source = limits.source(model, "size")
        problem = say("{model} takes no pixels here", model=model.name)
        raise ArgumentError("size", problem, say("use {values}", values=accepted(model)), source)
    if pixels:
        return checked_pixels(int(pixels[1]), int(pixels[2]), model, limits)
    tier = size or default_tier(model)
    if size and tier not in model.size.tiers:
        source = limits.source(model, "size.tiers")
        problem = say("{tier} is not a tier of {model}", tier=tier, model=model.name)
        raise ArgumentError("size", problem, say("use {values}", values=accepted(model)), source)
    return _tier_at_ratio(tier, aspect_ratio, model, limits) if aspect_ratio else Size(tier)


def checked_pixels(width: int, height: int, model: ModelLimits, limits: Limits) -> Size:
    """Return the size, which the model takes.

    Raises:
        ArgumentError: If it does not.
    """
    if is_legal(width, height, model):
        return Size(f"{width}x{height}", width, height)
    size, near = f"{width}x{height}", "x".join(map(str, nearest_legal(width, height, model)))
    narrow, wide = _ratios(model)
    if not narrow <= width / height <= wide:
        problem = say(
            "{size} has ratio {ratio:.6g}; {model} takes {low} to {high}",
            size=size,
            ratio=width / height,
            model=model.name,
            low=as_share(narrow),
            high=as_share(wide),
        )
        works = say("nearest legal: {size}", size=near)
        raise ArgumentError("size", problem, works, limits.source(model, "size.ratio"))
    low, high = _window(width, height, model)
    problem = say(
        "{size} is {pixels:,} px; {model} takes {low:,} to {high:,} px",
        size=size,
        pixels=width * height,
        model=model.name,
        low=low,
        high=high,
    )
    works = say("nearest legal at this ratio: {size}", size=near)
    raise ArgumentError("size", problem, works, limits.source(model, "size.pixels"))


def accepted(model: ModelLimits) -> str:
    """Say what sizes the model takes."""
    tiers = listed(model.size.tiers)
    if not model.size.takes_pixels:
        return tiers
    low, high = model.size.pixels or (None, None)
    default = model.size.default or ""
    pixels = say("WIDTHxHEIGHT of {low:,} to {high:,} px", low=low, high=high) if low and high else "WIDTHxHEIGHT"
    if "x" in default:
        pixels = say("{values} such as {example}", values=pixels, example=default)
    return say("{tiers}, or {pixels}", tiers=tiers, pixels=pixels) if tiers else pixels


def default_tier(model: ModelLimits) -> str:
    """Return the tier that the model's default size belongs to."""
    default, tiers = model.size.default, model.size.tiers
    if default in tiers:
        return default
    by_table = (tier for tier, table in model.size.recommended.items() if default in table.values())
    return next(by_table, next(iter((*tiers, *model.size.recommended)), ""))


def nearest_legal(width: int, height: int, model: ModelLimits) -> tuple[int, int]:
    """Return the legal size nearest to `width` x `height`, at its ratio where that is legal."""
    low, high = _window(width, height, model)
    narrow, wide = _ratios(model)
    ratio = min(max(width / height, narrow), wide)
    area = min(max(width * height, low), high)
    short = sqrt(area / max(ratio, 1 / ratio))
    candidates = [
        size
        for side in range(max(1, floor(short) - 2), ceil(short) + 3)
        if (size := _fit(side, ratio, (low, high), (narrow, wide)))
    ]
    return min(candidates, key=lambda c: (abs(c[0] / c[1] / ratio - 1) + abs(c[0] * c[1] / area - 1), c))


def is_legal(width: int, height: int, model: ModelLimits) -> bool:
    """Say whether the model takes an output of these pixels."""
    low, high = _window(width, height, model)
    narrow, wide = _ratios(model)
    return low <= width * height <= high and narrow <= width / height <= wide


def as_share(ratio: float) -> str:
    """Write a bound of a ratio as vendors do: `1/16`, `3`."""
    return f"1/{1 / ratio:g}" if ratio < 1 else f"{ratio:g}"


def _window(width: int, height: int, model: ModelLimits) -> tuple[int, int]:
    return model.size.pixels or (1, width * height)


def _ratios(model: ModelLimits) -> tuple[float, float]:
    return model.size.ratio or (1e-5, 1e5)


def _fit(short: int, ratio: float, pixels: tuple[int, int], ratios: tuple[float, float]) -> tuple[int, int] | None:
    """Return the size with this short side whose ratio is closest to `ratio`, if one is legal."""
    narrow, wide = ratios if ratio >= 1 else (1 / ratios[1], 1 / ratios[0])
    least = ceil(max(pixels[0] / short, narrow * short))
    most = floor(min(pixels[1] / short, wide * short))
    if least > most:
        return None
    long = min(max(round(short * max(ratio, 1 / ratio)), least), most)
    return (long, short) if ratio >= 1 else (short, long)


def _tier_at_ratio(tier: str, aspect_ratio: str, model: ModelLimits, limits: Limits) -> Size:
    table = model.size.recommended.get(tier, {})
    if aspect_ratio in model.size.ratios:
        return Size(tier, ratio=aspect_ratio)
    if aspect_ratio in table:
        return Size.of(table[aspect_ratio])
    if not table and not model.size.ratios:
        problem = say(
            "{model} documents no pixels for {ratio} at {tier}", model=model.name, ratio=aspect_ratio, tier=tier
        )
        works = say("pass size as WIDTHxHEIGHT, or say the shape in the prompt")
        raise ArgumentError("aspect_ratio", problem, works)
    source = limits.source(model, "size.recommended")
    ratios = listed(model.size.ratios or table)
    works = say("use {values}", values=ratios)
    if model.size.takes_pixels:
        works = say("use {values}, or size as WIDTHxHEIGHT", values=ratios)
    problem = say("{ratio} is not documented for {model} at {tier}", ratio=aspect_ratio, model=model.name, tier=tier)
    raise ArgumentError("aspect_ratio", problem, works, source)
