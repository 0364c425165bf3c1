"""An OpenAI-style relay of Ark, such as new-api (doubao-seedream-4-0-250828, read 2026-11-20).

It documents `image` as an array; its answers may lack `model`, `data[].size` and `usage.generated_images`.
"""

from dataclasses import replace
from typing import Final

from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.requests import ImageRequest

from . import ark


def body(request: ImageRequest) -> Json:
    """Return Ark's body with the references as an array, be it of one."""
    whole = ark.body(request)
    return {**whole, "image": list(request.references)} if request.references else whole


DIALECT: Final = replace(ark.DIALECT, body=body)
