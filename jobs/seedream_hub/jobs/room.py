"""How much space a picture will need at most, before it is made."""

from typing import Final

from seedream_hub.schemas.limits import ModelLimits
from seedream_hub.schemas.requests import ImageRequest

BYTES_PER_PIXEL: Final = {"jpeg": 1.5, "png": 4.0}
"""A JPEG of pure noise at quality 95 has about 1.4 bytes a pixel; a PNG with transparency at most 4."""

TIER_PIXELS: Final = {"1K": 1024 * 1024, "2K": 2048 * 2048, "3K": 3072 * 3072, "4K": 4096 * 4096}


def room_for(request: ImageRequest, model: ModelLimits) -> int:
    """Return the bytes one picture of a request may take."""
    output = model.fields.get("output_format")
    kind = request.output_format or (str(output.default) if output and output.default else "jpeg")
    return round(_pixels(request.size) * BYTES_PER_PIXEL.get(kind, 4.0))


def _pixels(size: str | None) -> int:
    if size and "x" in size:
        width, height = size.split("x")
        return int(width) * int(height)
    return TIER_PIXELS.get(size or "2K", TIER_PIXELS["4K"])
