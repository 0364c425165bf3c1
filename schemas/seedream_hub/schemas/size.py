"""Resolve `size` and `aspect_ratio` to what goes on the wire, within a model's documented window."""

import re
from dataclasses import dataclass
from math import ceil, floor, sqrt
from typing import Final

from .errors import ArgumentError
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
        return shown or "the upstream's default size"

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
        tier = f", or pass a tier such as size={default_tier(model)}" if model.size.tiers else ""
        works = f"drop aspect_ratio{tier}"
        raise ArgumentError("aspect_ratio", f"goes with a tier, and size {size} already fixes the shape", works)
    if pixels and not model.size.takes_pixels:
        source = limits.source(model, "size")
        raise ArgumentError("size", f"{model.name} takes no pixels here", f"use {accepted(model)}", source)
    if pixels:
        return checked_pixels(int(pixels[1]), int(pixels[2]), model, limits)
    tier = size or default_tier(model)
    if size and tier not in model.size.tiers:
        source = limits.source(model, "size.tiers")
        raise ArgumentError("size", f"{tier} is not a tier of {model.name}", f"use {accepted(model)}", source)
    return _tier_at_ratio(tier, aspect_ratio, model, limits) if aspect_ratio else Size(tier)


def checked_pixels(width: int, height: int, model: ModelLimits, limits: Limits) -> Size:
    """Return the size, which the model takes.

    Raises:
        ArgumentError: If it does not.
    """
    if is_legal(width, height, model):
        return Size(f"{width}x{height}", width, height)
    near = "x".join(map(str, nearest_legal(width, height, model)))
    narrow, wide = _ratios(model)
    if not narrow <= width / height <= wide:
        ratio = f"{width / height:.6g}"
        problem = f"{width}x{height} has ratio {ratio}; {model.name} takes {as_share(narrow)} to {as_share(wide)}"
        raise ArgumentError("size", problem, f"nearest legal: {near}", limits.source(model, "size.ratio"))
    low, high = _window(width, height, model)
    problem = f"{width}x{height} is {width * height:,} px; {model.name} takes {low:,} to {high:,} px"
    works = f"nearest legal at this ratio: {near}"
    raise ArgumentError("size", problem, works, limits.source(model, "size.pixels"))


def accepted(model: ModelLimits) -> str:
    """Say what sizes the model takes."""
    tiers = ", ".join(model.size.tiers)
    if not model.size.takes_pixels:
        return tiers
    low, high = model.size.pixels or (None, None)
    window = f"WIDTHxHEIGHT of {low:,} to {high:,} px" if low and high else "WIDTHxHEIGHT"
    default = model.size.default or ""
    example = f" such as {default}" if "x" in default else ""
    return f"{tiers}, or {window}{example}" if tiers else f"{window}{example}"


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
        problem = f"{model.name} documents no pixels for {aspect_ratio} at {tier}"
        raise ArgumentError("aspect_ratio", problem, "pass size as WIDTHxHEIGHT, or say the shape in the prompt")
    source = limits.source(model, "size.recommended")
    pixels = ", or size as WIDTHxHEIGHT" if model.size.takes_pixels else ""
    works = f"use {', '.join(model.size.ratios or table)}{pixels}"
    raise ArgumentError("aspect_ratio", f"{aspect_ratio} is not documented for {model.name} at {tier}", works, source)
