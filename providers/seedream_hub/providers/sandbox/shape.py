"""Choose the pixels of a picture from `size` and, for a tier, from the prompt.

With a tier the real model picks the shape from the prompt ("describe the ratio, the shape or the use in the
prompt", Ark document 1829186); its sizes differ from the recommended table, the sandbox keeps to the table.
"""

import math
import re
from functools import lru_cache
from typing import Final

from .catalog import CATALOG, Model, SizeRules
from .refusal import RefusalError, invalid

_PIXELS: Final = re.compile(r"([1-9]\d{0,5})x([1-9]\d{0,5})", re.ASCII)
_RATIO: Final = re.compile(r"(?<![\d.:])(\d{1,2})\s?(?::|：|比)\s?(\d{1,2})(?![\d.:])")
_RATIOS: Final = {ratio for table in CATALOG.tables.values() for ratio in table}
_SHAPES: Final = (
    ("21:9", re.compile(r"ultra-?wide|cinemascope|超宽", re.IGNORECASE)),
    ("16:9", re.compile(r"wide-?screen|landscape (?:format|orientation|mode)|横版|横屏|横幅|宽屏", re.IGNORECASE)),
    ("9:16", re.compile(r"(?:portrait|vertical) (?:format|orientation|mode)|竖版|竖屏|竖幅", re.IGNORECASE)),
    ("1:1", re.compile(r"\bsquare (?:format|image|picture)|方形|正方", re.IGNORECASE)),
)


def pixels_for(model: SizeRules, size: str | None, prompt: str) -> tuple[int, int]:
    """Return width and height in pixels; raise for a size the model does not take."""
    wanted = model.default_size if size is None else size
    exact = _PIXELS.fullmatch(wanted)
    if exact:
        return _inside_window(model, int(exact[1]), int(exact[2]))
    return _tier(model, wanted, ratio_in(prompt))


def layer_pixels(model: Model, size: str | None, source: tuple[int, int] | None) -> tuple[int, int]:
    """Return the canvas of a layer decomposition: the tier's shape nearest to the source's, square if unknown."""
    wanted = (CATALOG.layer_auto_tier if size is None else size).lower()
    if wanted not in {name.lower() for name in CATALOG.layer_sizes}:
        raise invalid("size", f"layer decomposition takes one of {', '.join(CATALOG.layer_sizes)}.")
    tier = CATALOG.layer_auto_tier if wanted == "auto" else wanted
    return _tier(model, tier, _nearest_ratio(model, source) if source else None)


@lru_cache(maxsize=64)
def ratio_in(prompt: str) -> str | None:
    """Return the ratio the prompt names, as digits ("16:9") or as a word ("widescreen", "竖版")."""
    for found in _RATIO.finditer(prompt):
        ratio = f"{int(found[1])}:{int(found[2])}"
        if ratio in _RATIOS:
            return ratio
    return next((ratio for ratio, words in _SHAPES if words.search(prompt)), None)


def _tier(model: SizeRules, wanted: str, ratio: str | None) -> tuple[int, int]:
    tables = {tier.lower(): table for tier, table in model.tiers.items()}
    if wanted.lower() not in tables or (model.exact_case and wanted not in model.tiers):
        raise _wrong_tier(model, wanted)
    return _split(CATALOG.tables[tables[wanted.lower()]][ratio or "1:1"])


def _wrong_tier(model: SizeRules, wanted: str) -> RefusalError:
    known = {tier.lower() for other in CATALOG.models for tier in other.tiers}
    if wanted.lower() in known:
        return invalid("size", model.tier_refusal or f"the specified size is not supported for model {model.name}.")
    tiers = model.tiers if model.exact_case else map(str.lower, model.tiers)
    allowed = ", ".join(f"'{word}'" for word in ("WIDTHxHEIGHT", *tiers))
    return invalid("size", model.tier_refusal or f"size must be one of {allowed}.")


def _inside_window(model: SizeRules, width: int, height: int) -> tuple[int, int]:
    least, most = model.pixels or (1, width * height)
    if width * height < least:
        raise invalid("size", f"image size must be at least {least} pixels.")
    if width * height > most:
        raise invalid("size", f"image size must be at most {most} pixels.")
    if model.ratio and max(width, height) > model.ratio * min(width, height):
        raise invalid("size", f"aspect ratio must be between 1/{model.ratio} and {model.ratio}.")
    return width, height


def _nearest_ratio(model: Model, source: tuple[int, int]) -> str:
    table = CATALOG.tables[model.tiers[CATALOG.layer_auto_tier]]

    def distance(ratio: str) -> float:
        width, height = _split(table[ratio])
        return abs(math.log(width * source[1] / (height * source[0])))

    return min(table, key=distance)


def _split(size: str) -> tuple[int, int]:
    width, height = size.split("x")
    return int(width), int(height)
