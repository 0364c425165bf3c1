"""One request to an upstream, in our words; each dialect turns it into its own body."""

from pydantic import BaseModel, ConfigDict


class ImageRequest(BaseModel):
    """Ask for one picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    """The id the upstream knows the model by."""
    prompt: str
    size: str
    """A tier (`2K`) or `WIDTHxHEIGHT` in pixels."""
    watermark: bool = True
