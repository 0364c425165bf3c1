"""Keep a picture's shape when it is redrawn: the size to ask for where the call names none."""

from collections.abc import Sequence
from math import sqrt
from typing import Final, TypeAlias

from .arguments import ImageArguments
from .limits import ModelLimits
from .size import PIXELS, default_tier, nearest_legal

Shape: TypeAlias = tuple[int, int]
"""Width and height in pixels."""

ALIKE: Final = 0.01
"""Shapes that differ less are one: tables round to whole pixels."""


def keeps_shape(arguments: ImageArguments) -> bool:
    """Say whether a call leaves the shape to the picture it redraws."""
    is_named = arguments.aspect_ratio is not None or PIXELS.fullmatch(arguments.size or "") is not None
    return not is_named and not arguments.layer_decomposition


def in_shape(arguments: ImageArguments, shape: Shape | None, model: ModelLimits) -> ImageArguments:
    """Return the arguments with a size in the picture's shape, at the tier they name or the model's default one.

    A documented ratio that is as good as the same is taken, else pixels of the tier's area. Where the shape is not
    known, as of a link, or the model takes neither, the tier alone leaves it to the model.
    """
    tier = arguments.size or default_tier(model)
    if not keeps_shape(arguments) or tier not in model.size.tiers or model.size.default == "adaptive":
        return arguments
    if shape and (named := _named(shape, tier, model)):
        return arguments.model_copy(update={"size": tier, "aspect_ratio": named})
    if shape and model.size.takes_pixels and (square := model.size.recommended.get(tier, {}).get("1:1")):
        return arguments.model_copy(update={"size": _pixels(shape, square, model)})
    return arguments.model_copy(update={"size": tier})


def lost_ratio(arguments: ImageArguments, shapes: Sequence[Shape | None], model: ModelLimits) -> str | None:
    """Return the documented ratio that several references share, where the call does not keep it."""
    tier, default = arguments.size or default_tier(model), model.size.default or ""
    if len(shapes) < 2 or not keeps_shape(arguments) or default == "adaptive":  # noqa: PLR2004 - one shares nothing
        return None
    ratios = {_named(shape, tier, model) if shape else None for shape in shapes}
    made = PIXELS.fullmatch(default)
    is_kept = arguments.size is None and made and _named((int(made[1]), int(made[2])), tier, model) in ratios
    return ratios.pop() if len(ratios) == 1 and not is_kept else None


def _named(shape: Shape, tier: str, model: ModelLimits) -> str | None:
    ratio = shape[0] / shape[1]
    names = [name for name in (*model.size.ratios, *model.size.recommended.get(tier, {})) if ":" in name]
    off = {name: abs(int(wide) / int(high) / ratio - 1) for name in names for wide, _, high in [name.partition(":")]}
    nearest = min(off, key=lambda name: off[name], default=None)
    return nearest if nearest and off[nearest] <= ALIKE else None


def _pixels(shape: Shape, square: str, model: ModelLimits) -> str:
    side, ratio = int(square.partition("x")[0]), shape[0] / shape[1]
    width, height = nearest_legal(round(side * sqrt(ratio)), round(side / sqrt(ratio)), model)
    return f"{width}x{height}"
