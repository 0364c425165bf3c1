"""One request to an upstream, in our words; each dialect turns it into its own body."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class ImageRequest(BaseModel):
    """Ask for pictures. None means: not sent, because it was not asked for or the model does not take it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    """The id the upstream knows the model by."""
    prompt: str
    size: str | None = None
    """A tier (`2K`) or `WIDTHxHEIGHT` in pixels."""
    aspect_ratio: str | None = None
    """Only where the upstream takes a ratio beside a tier (EvoLink)."""
    count: int = 1
    is_set: bool = False
    """One coherent set of `count` pictures instead of independent ones."""
    references: tuple[str, ...] = ()
    """https links and data URIs, in the order the prompt names them."""
    stream: bool = False
    watermark: bool | None = None
    response_format: Literal["url", "b64_json"] | None = None
    output_format: str | None = None
    optimize_prompt: str | None = None
    background: str | None = None
    layer_decomposition: bool | None = None
    web_search: bool | None = None
    seed: int | None = None
    guidance_scale: float | None = None
    callback_url: str | None = None
