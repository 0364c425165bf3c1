"""What is told of one picture: all that was asked, who made it, what it cost, and where it is."""

from typing import Any

from seedream_hub.jobs.origins import origins, told_arguments
from seedream_hub.jobs.records import Recorded
from seedream_hub.schemas.cost import cost_of
from seedream_hub.schemas.limits import Json, Limits
from seedream_hub.schemas.provenance import ReferenceOrigin
from seedream_hub.schemas.result import Cost, ImageRecord


class ImageInfo(ImageRecord):
    """A picture with its whole record. `index` is its place in the job."""

    preview: str
    """Address of a small JPEG."""
    job: str
    """Address of its job."""
    request: int
    """Which of the job's requests it belongs to."""
    tool: str
    prompt: str
    prompt_sent: str | None
    """With a set's number in it; null where an earlier version did not record it."""
    arguments: Json
    """As passed, but for the prompt and the references."""
    references: tuple[ReferenceOrigin, ...]
    model: str
    request_id: str | None
    """The provider's own id of the request."""
    cost: Cost
    sandbox: bool
    created: str
    """When it was asked for; this and the other times are ISO 8601."""
    linked: str | None
    """When the provider had made it."""
    stored: str
    """When it was on disk."""
    tags: tuple[str, ...]


def image_info(known: Recorded, limits: Limits) -> ImageInfo:
    """Return all of a picture's record."""
    asked, record = known.asked, known.record
    arguments: Json = asked.get("arguments", {})
    facts: Json = record.model_dump() | {"provider": known.provider}
    return ImageInfo(
        **facts,
        preview=f"{record.uri}/preview",
        job=f"seedream://jobs/{known.job_id}",
        request=known.number,
        tool=known.tool,
        prompt=asked.get("prompt", ""),
        prompt_sent=_prompt_sent(known),
        arguments=told_arguments(arguments),
        references=tuple(origins(arguments, asked.get("references", []), is_here=True)),
        model=known.model,
        request_id=known.request_id,
        cost=_cost(known, limits),
        sandbox=bool(known.sent.get("sandbox", known.facts.get("sandbox"))) or known.provider == "sandbox",
        created=known.created,
        linked=known.linked,
        stored=known.stored,
        tags=known.tags,
    )


def _prompt_sent(known: Recorded) -> str | None:
    """Return the prompt as it left. Earlier versions kept one for a job: of several sets it is not known."""
    if "prompt" in known.sent:
        return known.sent["prompt"] or known.asked["prompt"]
    if known.requests == 1:
        return known.facts.get("prompt_sent") or known.asked["prompt"]
    return known.asked["prompt"] if known.asked and known.tool != "batch_images" else None


def _cost(known: Recorded, limits: Limits) -> Cost:
    """Return what was written when it was stored, else what the table says."""
    if known.price is not None:
        return Cost(amount=known.price, currency=known.currency, estimated=True)
    rules = limits.providers.get(known.provider)
    arguments: dict[str, Any] = known.asked.get("arguments", {})
    references, is_layer = len(known.asked.get("references", [])), bool(arguments.get("layer_decomposition"))
    return cost_of(known.record, rules.find(known.model) if rules else None, references, is_layer=is_layer)
