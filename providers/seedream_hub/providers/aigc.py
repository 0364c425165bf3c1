"""aigc.it: Ark's shape with `n`, `prompt_priority` and `callback_url` (docs.aigc.it, read 2026-11-20)."""

from dataclasses import replace
from typing import Final

from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.requests import ImageRequest

from . import ark

FUSED: Final = 2


def body(request: ImageRequest) -> Json:
    """Return the JSON to post. A fusion says `disabled`, as its documented example does; `n` counts variants."""
    fuses = len(request.references) >= FUSED and request.count == 1
    return {
        "model": request.model,
        "prompt": request.prompt,
        **ark.images(request),
        **({"size": request.size} if request.size else {}),
        **({"n": request.count} if request.count > 1 and not request.is_set else {}),
        **({"sequential_image_generation": "disabled"} if fuses else ark.sequence(request)),
        **({"stream": True} if request.stream else {}),
        **({"watermark": request.watermark} if request.watermark is not None else {}),
        **({"prompt_priority": request.optimize_prompt} if request.optimize_prompt else {}),
        **({"callback_url": request.callback_url} if request.callback_url else {}),
    }


DIALECT: Final = replace(ark.DIALECT, body=body)
